"""Every write and every sync of one append fails once, undone and done: nothing acknowledged is lost, nothing is written twice."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import apsw
import pytest

from linkage.errors import AuditUnavailable
from linkage.store.contract import Draft, Placed, StorePoisoned, StoreUnavailable
from linkage.store.sqlite_log import SqliteLog
from tests.small_log import append_one, assert_holds, draft, entries, fresh_log, intent, opened, outcome
from tests.store.failing_disk import Act, FailingDisk, Fault


@pytest.fixture
def disk() -> Iterator[FailingDisk]:
    disk = FailingDisk()
    yield disk
    disk.unregister()


def one_entry(log: SqliteLog) -> list[Draft]:
    append_one(log, draft())
    return [draft()]


def at_a_tree_edge(log: SqliteLog) -> list[Draft]:
    """The batch completes a subtree of 256 leaves, closes an intent and begins another."""
    begun = intent()
    log.append([begun, *(draft() for _ in range(253))])
    return [outcome(begun), intent(), draft()]


PREPARE = {"one entry": one_entry, "a tree edge": at_a_tree_edge}


def fail_once(path: Path, disk: FailingDisk, prepare: Callable[[SqliteLog], list[Draft]], fault: Fault) -> str:
    """Break one append, restart, append the same entries again; gives what the broken append said, or that it was not broken."""
    log = fresh_log(path, vfs=disk.name)
    drafts = prepare(log)
    acknowledged = [(entry.eid, entry.index) for entry in entries(path)]
    disk.arm(fault)
    try:
        results = log.append(drafts)
        said = "placed"
        acknowledged += [(each.eid, each.index) for each in results if isinstance(each, Placed)]
    except StorePoisoned:
        said = "unknown"
    except StoreUnavailable:
        said = "not written"
    fired, disk.fault = disk.fired, None
    if not fired:
        log.close()
        return "not reached"
    if said == "unknown":
        with pytest.raises(StorePoisoned):
            log.append(drafts)
    if said == "not written":
        assert {draft.eid for draft in drafts}.isdisjoint(entry.eid for entry in entries(path))
    log.close()

    restarted = opened(path)
    assert_holds(path, acknowledged)
    again = restarted.append(drafts)
    assert all(isinstance(result, Placed) for result in again)
    restarted.close()
    assert_holds(path, [*acknowledged, *((each.eid, each.index) for each in again if isinstance(each, Placed))])
    assert len([entry for entry in entries(path) if entry.eid in {draft.eid for draft in drafts}]) == len(drafts)
    return said


def each_in_turn(
    folder: Path, disk: FailingDisk, prepare: Callable[[SqliteLog], list[Draft]], fault: Callable[[int], Fault]
) -> Iterator[str]:
    """Fail the first act, then the second, until an append has no further; gives what each broken append said."""
    for nth in count():
        said = fail_once(folder / f"{nth}.db", disk, prepare, fault(nth))
        if said == "not reached":
            return
        yield said


@pytest.mark.parametrize("batch", list(PREPARE))
@pytest.mark.parametrize("persisted", [False, True], ids=["not persisted", "persisted but reported as failed"])
@pytest.mark.parametrize("act", ["write", "sync"])
def test_each_write_and_sync_of_an_append_may_fail(act: Act, persisted: bool, batch: str, tmp_path: Path, disk: FailingDisk) -> None:
    said = list(each_in_turn(tmp_path, disk, PREPARE[batch], lambda nth: Fault(act, nth, persisted)))
    assert set(said) == {"unknown"}, "all of them are in COMMIT: whether the batch is durable is unknown"
    assert len(said) >= {"write": 10, "sync": 1}[act]


@pytest.mark.parametrize("persisted", [False, True], ids=["not persisted", "persisted but reported as failed"])
def test_a_disk_that_is_full_at_any_write_refuses_and_the_next_batch_goes_on(persisted: bool, tmp_path: Path, disk: FailingDisk) -> None:
    said = list(each_in_turn(tmp_path, disk, one_entry, lambda nth: Fault("write", nth, persisted, apsw.FullError)))
    assert set(said) == {"not written"}
    assert len(said) >= 10


def test_after_a_full_disk_the_same_process_goes_on(path: Path, disk: FailingDisk) -> None:
    log = fresh_log(path, vfs=disk.name)
    kept = append_one(log, draft())
    refused = draft()
    disk.arm(Fault("write", 1, persisted=False, error=apsw.FullError))
    with pytest.raises(StoreUnavailable):
        log.append([refused])
    disk.arm(None)
    later = append_one(log, refused)
    log.close()
    assert_holds(path, [(kept.eid, 0), (later.eid, 1)])


@pytest.mark.parametrize("persisted", [False, True], ids=["not persisted", "persisted but reported as failed"])
@pytest.mark.parametrize(("act", "nth"), [("write", 0), ("write", 7), ("sync", 0), ("sync", 1)])
def test_a_checkpoint_that_fails_loses_nothing_and_ends_this_process_writing(
    act: Act, nth: int, persisted: bool, path: Path, disk: FailingDisk
) -> None:
    log = fresh_log(path, vfs=disk.name)
    acknowledged: list[tuple[bytes, int]] = []
    original = log._wal.checkpoint_if_long

    def failing(connection: apsw.Connection) -> None:
        if log._wal._pages >= 1000:
            disk.arm(Fault(act, nth, persisted))
        original(connection)

    log._wal.checkpoint_if_long = failing  # type: ignore[method-assign]

    def write_on() -> None:
        for _ in range(40):
            acknowledged.extend((each.eid, each.index) for each in log.append([draft() for _ in range(256)]) if isinstance(each, Placed))

    with pytest.raises(StorePoisoned, match="checkpoint"):
        write_on()
    disk.arm(None)
    assert log.trouble().startswith("checkpoint")
    opened(path).close()
    assert_holds(path, acknowledged)


def test_a_lock_held_by_another_refuses_the_batch_and_nothing_more(path: Path, disk: FailingDisk) -> None:
    log = fresh_log(path, vfs=disk.name)
    append_one(log, draft())
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="BusyError"):
        log.append([draft()])
    holder.execute("ROLLBACK")
    holder.close()
    assert append_one(log, draft()).index == 1
    log.close()


def test_an_unknown_commit_is_never_reported_as_a_success_or_as_nothing(path: Path, disk: FailingDisk) -> None:
    log = fresh_log(path, vfs=disk.name)
    append_one(log, draft())
    disk.arm(Fault("sync", 0, persisted=True))
    with pytest.raises(AuditUnavailable, match="unknown whether the batch is durable") as caught:
        log.append([draft()])
    assert isinstance(caught.value, StorePoisoned)
    assert "unknown whether" in log.trouble()
