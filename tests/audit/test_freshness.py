"""When a log counts as witnessed."""

import pytest

from linkage.audit.freshness import Freshness, WitnessLimits
from linkage.clock import FakeClock

NAMES = ("a", "b", "c")


@pytest.mark.parametrize(("quorum", "fresh"), [(1, "a"), (1, "c"), (2, "ab"), (2, "bc"), (3, "abc")])
def test_as_many_as_the_quorum_must_have_cosigned_freshly(quorum: int, fresh: str) -> None:
    clock = FakeClock()
    freshness = Freshness(NAMES, WitnessLimits(quorum=quorum, warn_after=100), clock)
    for name in NAMES:
        freshness.cosigned(name, clock.now_ms())
    clock.advance(101)
    assert f"not cosigned by {quorum} of 3 witnesses for more than 100 s" == freshness.trouble()
    for name in fresh:
        assert freshness.trouble()
        freshness.cosigned(name, clock.now_ms())
    assert not freshness.trouble()


def test_a_clock_that_is_stepped_back_makes_nothing_stale() -> None:
    clock = FakeClock()
    freshness = Freshness(NAMES, WitnessLimits(), clock)
    freshness.cosigned("a", clock.now_ms())
    clock.step_wall(-100_000)
    assert (0, "") == (freshness.age("a"), freshness.trouble())


def test_a_cosignature_of_a_clock_that_was_ahead_ages_from_when_the_clock_was_put_right() -> None:
    clock = FakeClock()
    freshness = Freshness(("a",), WitnessLimits(warn_after=900), clock)
    clock.step_wall(3 * 86_400)
    freshness.cosigned("a", clock.now_ms())
    clock.step_wall(-3 * 86_400)
    assert (0, "") == (freshness.age("a"), freshness.trouble())
    clock.advance(901)
    assert 901 == freshness.age("a")
    assert "not cosigned" in freshness.trouble()
