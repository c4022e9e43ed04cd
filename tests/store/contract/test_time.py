"""The wall clock may do what it likes: the log's time never goes back, and a step stands in the log."""

import json

import pytest

from linkage.clock import FakeClock
from linkage.store.backend import LogStore
from linkage.store.contract import Kind, LeafFrame, StoreUnavailable
from tests.small_log import append_one, draft
from tests.store.contract.places import Place, entries, verified


def steps(place: Place) -> list[int]:
    return [json.loads(entry.leaf)["facts"]["step_ms"] for entry in entries(place) if entry.kind == Kind.CLOCK]


def test_time_goes_on_as_the_clock_does(log: LogStore, clock: FakeClock, place: Place) -> None:
    first = append_one(log, draft())
    clock.advance(7200)
    second = append_one(log, draft())
    assert second.ms - first.ms == 7_200_000
    assert steps(place) == []


def test_a_clock_a_little_behind_is_taken_to_be_the_logs_time(log: LogStore, clock: FakeClock, place: Place) -> None:
    first = append_one(log, draft())
    clock.step_wall(-1.9)
    assert append_one(log, draft()).ms == first.ms
    assert steps(place) == []


def test_a_step_back_is_recorded_once_and_time_stands_still_meanwhile(log: LogStore, clock: FakeClock, place: Place) -> None:
    first = append_one(log, draft())
    clock.step_wall(-200)
    assert append_one(log, draft()).ms == first.ms
    clock.advance(10)
    assert append_one(log, draft()).ms == first.ms
    assert steps(place) == [-200_000]
    clock.advance(300)
    assert append_one(log, draft()).ms > first.ms
    assert steps(place) == [-200_000]
    clock.step_wall(-250)
    append_one(log, draft())
    assert steps(place) == [-200_000, -250_000]
    assert verified(place).clean


def test_a_step_forward_is_recorded(log: LogStore, clock: FakeClock, place: Place) -> None:
    append_one(log, draft())
    clock.step_wall(1800)
    append_one(log, draft())
    append_one(log, draft())
    assert steps(place) == [1_800_000]


def test_a_clock_that_jumps_far_ahead_is_refused_until_it_is_right_again(log: LogStore, clock: FakeClock, place: Place) -> None:
    append_one(log, draft())
    clock.step_wall(86_400)
    with pytest.raises(StoreUnavailable, match="clock: stepped 86400 s ahead"):
        log.append([draft()])
    assert log.trouble().startswith("clock")
    assert not log.lost()
    clock.step_wall(-86_400)
    assert append_one(log, draft()).index == 1
    assert log.trouble() == ""
    assert steps(place) == []


@pytest.mark.parametrize("seconds", [-301, -3600, -1_767_225_600])
def test_a_clock_far_behind_is_refused_until_it_is_right_again(seconds: float, log: LogStore, clock: FakeClock, place: Place) -> None:
    append_one(log, draft())
    clock.step_wall(seconds)
    with pytest.raises(StoreUnavailable, match="clock: "):
        log.append([draft()])
    clock.step_wall(-seconds)
    assert append_one(log, draft()).index == 1
    assert steps(place) == []


def test_a_restart_does_not_forget_the_logs_time(place: Place) -> None:
    log = place.open(FakeClock())
    first = append_one(log, draft())
    log.close()
    behind = place.open(FakeClock(FakeClock().now_ms() - 100_000))
    assert append_one(behind, draft()).ms == first.ms
    behind.close()
    assert steps(place) == [-100_000]
    too_late = place.open(FakeClock(FakeClock().now_ms() - 400_000))
    with pytest.raises(StoreUnavailable):
        too_late.append([draft()])
    too_late.close()


def test_a_step_that_could_not_be_recorded_is_recorded_with_the_next_batch(log: LogStore, clock: FakeClock, place: Place) -> None:
    append_one(log, draft())
    clock.step_wall(-100)
    long = draft()
    with pytest.raises(StoreUnavailable, match="leaf"):
        log.append([long._replace(frame=LeafFrame(long.frame.before, b"x" * 70_000))])
    append_one(log, draft())
    assert steps(place) == [-100_000]
