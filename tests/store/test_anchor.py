"""The anchor: an older copy of the log, or another log, is noticed at the start."""

import shutil
from pathlib import Path

import pytest

from linkage.errors import LogCorrupt
from linkage.store.anchor import Anchor, anchor_beside, check_anchor
from linkage.store.sqlite_log import SqliteLog
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from tests.small_log import SIGNER, append_one, draft, fresh_log, opened


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    return anchor_beside(tmp_path / "keys.db")


def grow(log: SqliteLog, entries: int) -> None:
    for _ in range(entries):
        append_one(log, draft())


def check(log: Path, anchor: Path, signer: LogSigner = SIGNER) -> None:
    with SqliteReader(log) as reader:
        check_anchor(anchor, reader, signer.verifier)


@pytest.mark.parametrize("seen", [0, 1, 5, 8])
def test_a_log_that_grew_since_is_in_order(log: SqliteLog, path: Path, anchor: Path, seen: int) -> None:
    check(path, anchor)  # the first start: there is no anchor yet
    grow(log, seen)
    Anchor(anchor).offer(log.head.note)
    check(path, anchor)
    grow(log, 6)
    check(path, anchor)


def test_an_older_copy_of_the_log_is_refused(log: SqliteLog, path: Path, anchor: Path, tmp_path: Path) -> None:
    grow(log, 5)
    backup = tmp_path / "backup.db"
    log.close()
    shutil.copy(path, backup)
    later = opened(path)
    grow(later, 1)
    Anchor(anchor).offer(later.head.note)
    later.close()

    with pytest.raises(LogCorrupt, match="an older copy"):
        check(backup, anchor)


def test_another_history_under_the_same_name_is_refused(log: SqliteLog, anchor: Path, tmp_path: Path) -> None:
    grow(log, 5)
    Anchor(anchor).offer(log.head.note)
    other = fresh_log(tmp_path / "other.db")
    for entries in (5, 3):
        grow(other, entries)
        with pytest.raises(LogCorrupt, match="are not those"):
            check(tmp_path / "other.db", anchor)
    other.close()


def test_an_anchor_of_another_key_or_none_at_all_is_refused(log: SqliteLog, path: Path, anchor: Path) -> None:
    Anchor(anchor).offer(log.head.note)
    with pytest.raises(LogCorrupt, match="anchor"):
        check(path, anchor, LogSigner.of(Signer("linkage.example/audit", bytes(32))))
    anchor.write_bytes(b"")
    with pytest.raises(LogCorrupt, match="anchor"):
        check(path, anchor)


def test_what_comes_too_fast_is_kept_a_moment_later(log: SqliteLog, anchor: Path) -> None:
    kept = Anchor(anchor)
    grow(log, 1)
    kept.offer(log.head.note)
    kept._not_before += 3600
    grow(log, 1)
    kept.offer(log.head.note)
    assert anchor.read_text() != log.head.note
    assert 3500 < (kept.due_in() or 0) <= 3600 + 1
    kept.keep()
    assert anchor.read_text() == log.head.note
    assert kept.due_in() is None


def test_an_anchor_that_cannot_be_written_says_so_until_it_can(log: SqliteLog, tmp_path: Path) -> None:
    kept = Anchor(tmp_path / "folder" / "keys.db.anchor")
    kept.offer(log.head.note)
    assert "keys.db.anchor" in kept.trouble
    (tmp_path / "folder").mkdir()
    kept.keep()
    assert kept.trouble == ""
    assert kept.path.read_text() == log.head.note
