import pytest

from linkage.clock import FakeClock
from linkage.sources.breaker import Breaker, BreakerState, Pass


class Told:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.states: list[BreakerState] = []
        self.breaker = Breaker(3, 10.0, self.clock, self.states.append)

    def admitted(self) -> Pass:
        leave = self.breaker.admit()
        assert leave is not None
        return leave

    def now(self, state: BreakerState) -> bool:
        return self.breaker.state is state

    def fail(self, times: int) -> None:
        for _ in range(times):
            self.breaker.failed(self.admitted())


@pytest.fixture
def told() -> Told:
    return Told()


def test_failures_in_a_row_open_it(told: Told) -> None:
    told.fail(2)
    assert told.now(BreakerState.CLOSED)
    told.fail(1)
    assert told.now(BreakerState.OPEN)
    assert told.breaker.admit() is None
    assert told.breaker.opens_in() == 10.0


def test_an_answer_between_failures_starts_the_count_anew(told: Told) -> None:
    told.fail(2)
    told.breaker.worked(told.admitted())
    told.fail(2)
    assert told.now(BreakerState.CLOSED)


def test_what_decides_nothing_is_not_counted(told: Told) -> None:
    told.fail(2)
    told.breaker.undecided(told.admitted())
    told.fail(1)
    assert told.now(BreakerState.OPEN)


def test_after_its_time_one_probe_at_a_time_passes(told: Told) -> None:
    told.fail(3)
    told.clock.advance(9.9)
    assert told.breaker.admit() is None
    told.clock.advance(0.1)
    assert told.now(BreakerState.HALF_OPEN)
    assert told.admitted().probe
    assert told.breaker.admit() is None
    assert told.breaker.admit() is None


def test_a_probe_that_works_closes_it(told: Told) -> None:
    told.fail(3)
    told.clock.advance(10)
    told.breaker.worked(told.admitted())
    assert told.now(BreakerState.CLOSED)
    assert not told.admitted().probe
    told.fail(2)
    assert told.now(BreakerState.CLOSED)


def test_a_probe_that_fails_opens_it_for_the_whole_time_again(told: Told) -> None:
    told.fail(3)
    told.clock.advance(10)
    told.breaker.failed(told.admitted())
    assert told.breaker.opens_in() == 10.0
    told.clock.advance(10)
    assert told.admitted().probe


def test_a_probe_whose_caller_went_away_makes_room_for_another(told: Told) -> None:
    told.fail(3)
    told.clock.advance(10)
    told.breaker.undecided(told.admitted())
    assert told.now(BreakerState.HALF_OPEN)
    assert told.admitted().probe


@pytest.mark.parametrize("report", ["worked", "failed", "undecided"])
def test_what_began_before_it_opened_no_longer_counts(report: str, told: Told) -> None:
    old = told.admitted()
    told.fail(3)
    getattr(told.breaker, report)(old)
    assert told.now(BreakerState.OPEN)
    told.clock.advance(10)
    probe = told.admitted()
    getattr(told.breaker, report)(old)
    assert told.breaker.admit() is None
    told.breaker.worked(probe)
    assert told.now(BreakerState.CLOSED)


def recovered(told: Told) -> list[Pass]:
    """Three passes given out before the breaker opened, and closed again."""
    old = [told.admitted() for _ in range(3)]
    told.fail(3)
    told.clock.advance(10)
    told.breaker.worked(told.admitted())
    return old


def test_failures_from_before_it_opened_do_not_open_it_again(told: Told) -> None:
    for old in recovered(told):
        told.breaker.failed(old)
    assert told.now(BreakerState.CLOSED)


def test_nor_does_an_answer_from_before_it_opened_excuse_failures_since(told: Told) -> None:
    old = recovered(told)
    told.fail(2)
    told.breaker.worked(old[0])
    told.fail(1)
    assert told.now(BreakerState.OPEN)


def test_steps_of_the_wall_clock_do_not_move_it(told: Told) -> None:
    told.fail(3)
    told.clock.step_wall(86_400)
    assert told.breaker.admit() is None
    told.clock.step_wall(-200_000)
    told.clock.advance(10)
    assert told.admitted().probe


def test_who_asks_aside_is_let_in_unless_it_is_open_and_counts_for_nothing(told: Told) -> None:
    for _ in range(5):
        told.breaker.failed(aside(told))
    assert told.now(BreakerState.CLOSED)
    told.fail(2)
    told.breaker.worked(aside(told))
    told.fail(1)
    assert told.now(BreakerState.OPEN)
    assert told.breaker.aside() is None
    told.clock.advance(10)
    told.breaker.worked(aside(told))
    assert told.admitted().probe


def aside(told: Told) -> Pass:
    leave = told.breaker.aside()
    assert leave is not None
    return leave


def test_every_change_is_told(told: Told) -> None:
    told.fail(3)
    told.clock.advance(10)
    told.breaker.failed(told.admitted())
    told.clock.advance(10)
    told.breaker.worked(told.admitted())
    closed, opened, half = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
    assert told.states == [closed, opened, half, opened, half, closed]
