"""What is thrown at one parser, for how long, and what has to hold."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

_AT_ONCE = 100
"""Examples that one round makes; between rounds the time is looked at."""


@dataclass(frozen=True)
class Target:
    """One parser: what is thrown at it, and a check that raises where something does not hold."""

    name: str
    examples: SearchStrategy[Any]
    check: Callable[[Any], None]


def play(target: Target, seconds: float, beginning: int) -> int:
    """Throw examples at a target until the time is over; gives their number. What fails is shown in its smallest form."""
    until = time.monotonic() + seconds
    thrown, broken = 0, False

    def throw(example: Any) -> None:
        nonlocal thrown, broken
        if thrown and time.monotonic() > until and not broken:  # but what broke something is made small, however long that takes
            return
        broken, before = True, broken
        target.check(example)
        thrown, broken = thrown + 1, before

    number = beginning
    while not thrown or time.monotonic() < until:
        one_round = settings(
            max_examples=_AT_ONCE,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )(given(target.examples)(throw))
        seed(number)(one_round)()
        number += 1
    return thrown
