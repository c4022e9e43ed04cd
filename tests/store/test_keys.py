"""The file of data keys: what SQLite and its file owe them. What both backends promise is in contract/test_keys.py."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from linkage.store.backend import KeyRow
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from linkage.store.sqlite_open import copy_back
from tests.store.failing_disk import Act, FailingDisk, Fault


def row(pseudonym: bytes | None = b"p" * 32) -> KeyRow:
    return KeyRow(os.urandom(16), os.urandom(60), "k1", pseudonym, "e1" if pseudonym else None, 1_767_225_600_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys.db")
    return tmp_path / "keys.db"


@pytest.fixture
def keys(file: Path) -> Iterator[SqliteKeys]:
    keys = SqliteKeys(file)
    yield keys
    keys.close()


def test_what_is_forgotten_is_nowhere_in_the_files(keys: SqliteKeys, file: Path) -> None:
    kept, gone = row(), row()
    keys.put([kept, gone])
    keys.forget([gone.id])
    assert keys.get(gone.id) is None
    assert keys.get(kept.id) == kept
    for each in file.parent.iterdir():
        assert gone.wrapped not in each.read_bytes()


def test_deleted_content_is_overwritten(keys: SqliteKeys) -> None:
    assert keys._connection.pragma("secure_delete") == 1
    assert keys._connection.pragma("journal_mode") == "wal"
    assert keys._connection.pragma("synchronous") == 2


def test_a_sync_that_fails_poisons_the_file_of_keys(file: Path) -> None:
    disk = FailingDisk()
    keys = SqliteKeys(file, vfs=disk.name)
    disk.arm(Fault("sync", 0, persisted=False))
    with pytest.raises(StorePoisoned, match="commit"):
        keys.put([row()])
    disk.arm(None)
    with pytest.raises(StorePoisoned):
        keys.put([row()])
    disk.unregister()


@pytest.mark.parametrize("persisted", [False, True], ids=["not persisted", "persisted but reported as failed"])
@pytest.mark.parametrize("act", ["write", "sync"])
def test_each_write_and_sync_of_a_key_may_fail_and_no_stored_key_is_lost(act: Act, persisted: bool, file: Path) -> None:
    disk, nth, stored = FailingDisk(), 0, [row()]
    before = SqliteKeys(file)
    before.put(stored)
    before.close()
    while True:
        keys, fresh = SqliteKeys(file, vfs=disk.name), row()
        disk.arm(Fault(act, nth, persisted))
        with contextlib.suppress(StorePoisoned):
            keys.put([fresh])
        fired = disk.fired
        assert bool(keys.lost()) == bool(fired), "whether it is durable is unknown, and said so"
        disk.arm(None)
        keys.close()
        again = SqliteKeys(file)
        if not fired:
            stored.append(fresh)
        assert [again.get(each.id) for each in stored] == stored
        again.put([fresh])  # whatever became of it, it can be stored now
        stored += [] if not fired else [fresh]
        again.close()
        if not fired:
            break
        nth += 1
    disk.unregister()
    assert nth >= {"write": 4, "sync": 1}[act]


def test_a_key_is_stored_while_another_process_copies_a_long_wal_back(
    keys: SqliteKeys, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, other = FailingDisk(), row()
    neighbour = SqliteKeys(file, vfs=disk.name)
    keys.put([row()])
    disk.gate.clear()
    copying = threading.Thread(target=copy_back, args=(neighbour._connection,))
    copying.start()
    while not disk.waiting:
        time.sleep(0.01)
    with pytest.raises(apsw.BusyError):
        keys._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    monkeypatch.setattr("linkage.store.sqlite_open._LONG_WAL", 1)
    keys.put([other])
    assert copying.is_alive()
    disk.gate.set()
    copying.join()
    assert neighbour.get(other.id) == other
    neighbour.close()
    disk.unregister()


@pytest.mark.parametrize("part", ["keys.db", "keys.db-wal"])
def test_a_file_moved_away_or_deleted_is_refused_from_the_next_key_on(keys: SqliteKeys, file: Path, part: str) -> None:
    keys.put([row()])
    assert keys.lost() == ""
    file.with_name(part).unlink()
    assert "moved or removed" in keys.lost()
    for _ in range(2):
        with pytest.raises(StorePoisoned, match="moved or removed"):
            keys.put([row()])


def test_a_file_of_keys_is_never_made_twice_nor_opened_when_missing(file: Path) -> None:
    with pytest.raises(StoreUnavailable, match="exists already"):
        create_keys(file)
    with pytest.raises(StoreUnavailable):
        SqliteKeys(file.with_name("missing.db"))


def test_no_key_material_shows_in_a_row() -> None:
    shown = repr(KeyRow(bytes(16), b"WRAPPED", "k1", b"PSEUDONYM", "e1", 0))
    assert "WRAPPED" not in shown
    assert "PSEUDONYM" not in shown
