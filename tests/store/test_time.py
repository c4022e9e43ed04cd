"""The wall clock may do what it likes: the log's time never goes back, and a step stands in the log."""

import json
from pathlib import Path

import pytest

from linkage.clock import FakeClock
from linkage.store.contract import Kind, StoreUnavailable
from linkage.store.sqlite_log import SqliteLog
from tests.small_log import append_one, draft, entries, fresh_log, opened, verified


def steps(path: Path) -> list[int]:
    return [json.loads(entry.leaf)["facts"]["step_ms"] for entry in entries(path) if entry.kind == Kind.CLOCK]


def test_time_goes_on_as_the_clock_does(log: SqliteLog, clock: FakeClock, path: Path) -> None:
    first = append_one(log, draft())
    clock.advance(7200)
    second = append_one(log, draft())
    assert second.ms - first.ms == 7_200_000
    assert steps(path) == []


def test_a_clock_a_little_behind_is_taken_to_be_the_logs_time(log: SqliteLog, clock: FakeClock, path: Path) -> None:
    first = append_one(log, draft())
    clock.step_wall(-1.9)
    assert append_one(log, draft()).ms == first.ms
    assert steps(path) == []


def test_a_step_back_is_recorded_once_and_time_stands_still_meanwhile(log: SqliteLog, clock: FakeClock, path: Path) -> None:
    first = append_one(log, draft())
    clock.step_wall(-200)
    assert append_one(log, draft()).ms == first.ms
    clock.advance(10)
    assert append_one(log, draft()).ms == first.ms
    assert steps(path) == [-200_000]
    clock.advance(300)
    assert append_one(log, draft()).ms > first.ms
    assert steps(path) == [-200_000]
    clock.step_wall(-250)
    append_one(log, draft())
    assert steps(path) == [-200_000, -250_000]
    assert verified(path).clean


def test_a_step_forward_is_recorded(log: SqliteLog, clock: FakeClock, path: Path) -> None:
    append_one(log, draft())
    clock.step_wall(86_400)
    append_one(log, draft())
    append_one(log, draft())
    assert steps(path) == [86_400_000]


@pytest.mark.parametrize("seconds", [-301, -3600, -1_767_225_600])
def test_a_clock_far_behind_is_refused_until_it_is_right_again(seconds: float, log: SqliteLog, clock: FakeClock, path: Path) -> None:
    append_one(log, draft())
    clock.step_wall(seconds)
    with pytest.raises(StoreUnavailable, match="behind the log"):
        log.append([draft()])
    clock.step_wall(-seconds)
    assert append_one(log, draft()).index == 1
    assert steps(path) == []


def test_a_restart_does_not_forget_the_logs_time(path: Path) -> None:
    log = fresh_log(path, FakeClock())
    first = append_one(log, draft())
    log.close()
    behind = opened(path, FakeClock(FakeClock().now_ms() - 100_000))
    assert append_one(behind, draft()).ms == first.ms
    behind.close()
    assert steps(path) == [-100_000]
    too_late = opened(path, FakeClock(FakeClock().now_ms() - 400_000))
    with pytest.raises(StoreUnavailable):
        too_late.append([draft()])
    too_late.close()


def test_a_step_that_could_not_be_recorded_is_recorded_with_the_next_batch(log: SqliteLog, clock: FakeClock, path: Path) -> None:
    append_one(log, draft())
    clock.step_wall(-100)
    log._connection.execute("PRAGMA max_page_count=1")
    with pytest.raises(StoreUnavailable):
        log.append([draft(facts={"detail": "x" * 60_000}) for _ in range(4)])
    log._connection.execute("PRAGMA max_page_count=1000000")
    append_one(log, draft())
    assert steps(path) == [-100_000]
