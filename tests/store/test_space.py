"""Too little room: refused before the disk is full, outcomes last of all, and well again as soon as there is room."""

from pathlib import Path

import pytest

from linkage.clock import FakeClock
from linkage.store.contract import Kind, NoRoom, SpaceLimits, StoreUnavailable
from tests.small_log import append_one, assert_holds, draft, fresh_log, intent, outcome, placed

FREE_ENOUGH = 10**9


class Disk:
    """A file system's free space."""

    def __init__(self) -> None:
        self.free = FREE_ENOUGH

    def __call__(self, folder: str) -> int:
        return self.free


def test_below_the_first_watermark_only_what_closes_an_intent_is_taken(path: Path, clock: FakeClock) -> None:
    log, disk = fresh_log(path, clock, SpaceLimits(1000, 100)), Disk()
    log._free = disk
    one, two = intent(), intent()
    log.append([one, two])
    disk.free = 999
    refused, denied = intent(), draft()
    assert log.trouble() == "little disk space"
    results = log.append([outcome(one), refused, draft(Kind.RECOVERED, two.eid), denied])
    assert [type(result).__name__ for result in results] == ["Placed", "NoRoom", "Placed", "NoRoom"]
    assert results[1] == NoRoom(refused.eid)
    disk.free = FREE_ENOUGH
    assert log.trouble() == ""
    append_one(log, refused)
    log.close()


def test_below_the_second_watermark_nothing_is_taken(path: Path, clock: FakeClock) -> None:
    log, disk = fresh_log(path, clock, SpaceLimits(1000, 100)), Disk()
    log._free = disk
    begun = intent()
    append_one(log, begun)
    disk.free = 99
    closing = outcome(begun)
    assert log.append([closing, intent()])[0] == NoRoom(closing.eid)
    disk.free = 100
    placed(log.append([closing])[0])
    log.close()


def test_the_free_space_is_that_of_the_logs_own_file_system(path: Path, clock: FakeClock) -> None:
    log = fresh_log(path, clock, SpaceLimits(2**62, 2**62))
    assert isinstance(log.append([intent()])[0], NoRoom)
    log.close()


def test_a_full_database_loses_nothing_that_was_acknowledged_and_goes_on_when_there_is_room(path: Path, clock: FakeClock) -> None:
    log = fresh_log(path, clock)
    acknowledged: list[tuple[bytes, int]] = []
    pages: int = log._connection.execute("PRAGMA page_count").get
    log._connection.execute(f"PRAGMA max_page_count={pages + 20}")

    def fill(batch: int) -> None:
        for _ in range(100):
            acknowledged.extend((each.eid, each.index) for each in map(placed, log.append([draft() for _ in range(batch)])))

    for batch in (8, 1):
        with pytest.raises(StoreUnavailable, match="FullError"):
            fill(batch)
    assert acknowledged
    log._connection.execute("PRAGMA max_page_count=100000")
    again = append_one(log, draft())
    log.close()
    assert_holds(path, [*acknowledged, (again.eid, again.index)])
