"""Every parser for half a second; `make fuzz` goes on for ten minutes and more."""

import random

import pytest

from tests.fuzz.rounds import Target, play
from tests.fuzz.targets import ALL

SECONDS = 0.5


@pytest.mark.parametrize("target", ALL, ids=lambda target: target.name.replace(" ", "_"))
def test_nothing_that_is_thrown_at_a_parser_breaks_it(target: Target) -> None:
    assert play(target, SECONDS, random.randrange(2**32)) > 0


def test_every_target_has_a_name_of_its_own() -> None:
    assert len(ALL) == len({target.name for target in ALL})
