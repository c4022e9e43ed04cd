"""What the clock alone decides; what stands in the log is in tests/store/contract."""

import pytest

from linkage.clock import FakeClock
from linkage.store.contract import StoreUnavailable
from linkage.store.log_time import LogTime


def batch(log_time: LogTime, last_ms: int) -> tuple[int, int]:
    at = log_time.at(last_ms)
    log_time.passed()
    return at


def test_a_start_takes_the_clock_as_it_is_and_days_without_an_entry_are_no_jump(clock: FakeClock) -> None:
    first = batch(LogTime(clock), 0)[0]
    clock.step_wall(86_400)
    anew = LogTime(clock)
    assert batch(anew, first) == (first + 86_400_000, 0)
    clock.advance(400_000)
    assert batch(anew, first) == (first + 486_400_000, 0)


def test_how_far_a_clock_may_jump_is_given(clock: FakeClock) -> None:
    log_time = LogTime(clock, jump_s=10.0)
    first = batch(log_time, 0)[0]
    clock.step_wall(10)
    assert log_time.trouble(first) == ""
    clock.step_wall(1)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="at most 10 s are accepted"):
            log_time.at(first)
    assert "at most 10 s" in log_time.trouble(first)
    clock.step_wall(-1)
    assert batch(log_time, first) == (first + 10_000, 10_000)


def test_a_clock_far_from_the_database_servers_is_refused_with_both_times_until_one_of_them_is_right(clock: FakeClock) -> None:
    log_time = LogTime(clock)
    for step in (60.0, -60.0):
        log_time.heed(clock.now_ms() - round(step * 1000))
        assert log_time.trouble(0) == ""
        log_time.heed(clock.now_ms() - round(step * 1000) - (1 if step > 0 else -1))
        with pytest.raises(StoreUnavailable, match="at most 60 s apart are accepted"):
            log_time.at(0)
    log_time.heed(clock.now_ms() - 86_400_000)
    clock.advance(10)
    assert log_time.trouble(0).startswith("clock: 2026-01-01T00:00:10Z on this machine, 2025-12-31T00:00:10Z on the database server")
    log_time.heed(clock.now_ms())
    assert batch(log_time, 0) == (clock.now_ms(), 0)


def test_a_refused_batch_does_not_become_the_measure(clock: FakeClock) -> None:
    log_time = LogTime(clock)
    first = batch(log_time, 0)[0]
    clock.step_wall(4000)
    with pytest.raises(StoreUnavailable):
        log_time.at(first)
    clock.step_wall(3)
    with pytest.raises(StoreUnavailable, match="stepped 4003 s ahead"):
        log_time.at(first)


def test_a_machine_that_begins_in_1970_records_nothing_though_the_log_is_new() -> None:
    log_time = LogTime(FakeClock(1_000_000))
    with pytest.raises(StoreUnavailable, match="clock: before 2025"):
        log_time.at(0)
    assert log_time.trouble(0).startswith("clock: before 2025")
