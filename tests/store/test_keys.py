"""The data keys: durable before they are used, found by pseudonym, and gone when they are forgotten."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.store.backend import KeyRow
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from tests.store.failing_disk import FailingDisk, Fault


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


def test_rows_are_found_by_id_and_by_pseudonym_also_after_a_restart(file: Path) -> None:
    one, two, other = row(), row(), row(b"q" * 32)
    keys = SqliteKeys(file)
    keys.put([one, two, other])
    keys.close()
    again = SqliteKeys(file)
    assert again.get(one.id) == one
    assert {found.id for found in again.of_pseudonym(b"p" * 32)} == {one.id, two.id}
    assert again.get(os.urandom(16)) is None
    again.close()


def test_a_row_gains_its_pseudonym_once_and_changes_in_nothing_else(keys: SqliteKeys) -> None:
    unknown = row(None)
    keys.put([unknown])
    keys.put([KeyRow(unknown.id, b"another", "k2", b"p" * 32, "e1", 1)])
    keys.put([KeyRow(unknown.id, b"another", "k2", b"q" * 32, "e2", 1)])
    assert keys.get(unknown.id) == KeyRow(unknown.id, unknown.wrapped, "k1", b"p" * 32, "e1", unknown.made_ms)


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
