"""The whole log is computed again; whatever was changed behind its back is named, with its index."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from linkage.audit.report import MOST_NAMED, Progress, Wrong
from linkage.audit.verify import verify_all, verify_log
from linkage.clock import FakeClock
from linkage.errors import LogCorrupt
from linkage.store.contract import Kind, StoreUnavailable
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from linkage.tlog.tree import EMPTY_ROOT, NewNode, leaf_hash, push, root_of
from tests.small_log import SIGNER, draft, entries, fresh_log, intent, outcome, verified

SIZE = 23
OTHER = LogSigner.of(Signer("linkage.example/audit", bytes(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of 23 entries in batches of 1 to 6, ten seconds apart: two pairs, one recovered, one orphan (index 18), the rest denials."""
    path, clock = tmp_path / "log.db", FakeClock()
    log = fresh_log(path, clock)
    one, two, three, four = intent(), intent(), intent(), intent()
    denials = [draft() for _ in range(12)]
    for batch in (
        [one, two, draft()],
        [outcome(one), three],
        [draft(Kind.RECOVERED, three.eid)],
        denials[:6],
        denials[6:],
        [four],
        [outcome(two), *(draft() for _ in range(3))],
    ):
        log.append(batch)
        clock.advance(10)
    log.close()
    return path


def tamper(path: Path, statement: str, *bindings: Any) -> None:
    connection = apsw.Connection(str(path))
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement, bindings)
    assert connection.total_changes() >= 1
    connection.close()


def found(path: Path, **more: Any) -> set[tuple[Wrong, int]]:
    report = verified(path, **more)
    assert report.clean == (not report.findings)
    return {(finding.what, finding.index) for finding in report.findings}


def test_an_untouched_log_is_clean_and_its_orphans_and_recovered_are_named(path: Path) -> None:
    report = verified(path)
    assert report.clean
    assert (report.size, report.checkpoints, report.origin) == (SIZE, 8, "linkage.example/audit")
    assert (report.orphans, report.recovered) == ([18], [5])


def test_progress_goes_from_nothing_to_everything(path: Path) -> None:
    with SqliteReader(path) as reader:
        steps = list(verify_log(reader, SIGNER.verifier))
    assert steps[0] == Progress(0, SIZE)
    assert steps[-1] == Progress(SIZE, SIZE)


@pytest.mark.parametrize("size", [-4, 2**62 + 1, 2**63 - 1])
def test_a_head_whose_size_no_log_can_have_is_named(size: int, path: Path) -> None:
    tamper(path, f"PRAGMA ignore_check_constraints = 1; UPDATE head SET size = {size}")
    with pytest.raises(LogCorrupt, match=f"head: got a size of {size}"):
        verified(path)


@pytest.mark.parametrize("index", [0, 7, SIZE - 1])
def test_a_flipped_leaf_is_named(index: int, path: Path) -> None:
    leaf = bytearray(entries(path)[index].leaf)
    leaf[leaf.index(b"counter") + 1] ^= 1
    tamper(path, "UPDATE leaf SET data = ? WHERE idx = ?", bytes(leaf), index)
    assert (Wrong.LEAF, index) in found(path)


def test_a_leaf_changed_together_with_its_hash_is_found_by_the_node_above_it(path: Path) -> None:
    leaf = entries(path)[7].leaf.replace(b"counter:c1", b"counter:c2")
    tamper(path, "UPDATE leaf SET data = ?, hash = ? WHERE idx = 7", leaf, leaf_hash(leaf))
    assert found(path) == {(Wrong.NODE, 3)}
    assert "over entries 6 to 7" in verified(path).findings[0].why


def test_a_leaf_changed_with_everything_above_it_is_found_by_every_checkpoint_from_its_batch_on(path: Path) -> None:
    leaf = entries(path)[7].leaf.replace(b"counter:c1", b"counter:c2")
    tamper(path, "UPDATE leaf SET data = ?, hash = ? WHERE idx = 7", leaf, leaf_hash(leaf))
    rewrite_nodes(path)
    assert found(path) == {*((Wrong.CHECKPOINT, size) for size in (12, 18, 19, 23)), (Wrong.HEAD, SIZE)}


def test_a_log_signed_anew_with_another_key_is_found_at_every_checkpoint(path: Path) -> None:
    leaf = entries(path)[7].leaf.replace(b"counter:c1", b"counter:c2")
    tamper(path, "UPDATE leaf SET data = ?, hash = ? WHERE idx = 7", leaf, leaf_hash(leaf))
    rewrite_nodes(path, sign_with=OTHER)
    assert {(Wrong.CHECKPOINT, 0), (Wrong.CHECKPOINT, 5), (Wrong.CHECKPOINT, 12), (Wrong.HEAD, SIZE)} <= found(path)
    with SqliteReader(path) as reader:
        assert verify_all(reader, OTHER.verifier).clean, "nothing inside the log shows it: only the key, and what is kept elsewhere"


@pytest.mark.parametrize(("column", "value"), [("eid", bytes(16)), ("kind", "denied"), ("ref", bytes(16)), ("ms", 1_000_000_000_000_000)])
def test_a_column_that_contradicts_its_leaf_is_named(column: str, value: object, path: Path) -> None:
    tamper(path, f"UPDATE leaf SET {column} = ? WHERE idx = 3", value)
    assert (Wrong.LEAF, 3) in found(path)


@pytest.mark.parametrize(("level", "index"), [(1, 0), (1, 5), (2, 4), (4, 0)])
def test_a_flipped_or_missing_node_is_named(level: int, index: int, path: Path) -> None:
    tamper(path, "UPDATE node SET hash = zeroblob(32) WHERE level = ? AND idx = ?", level, index)
    assert found(path) == {(Wrong.NODE, index)}
    tamper(path, "DELETE FROM node WHERE level = ? AND idx = ?", level, index)
    assert (Wrong.NODE, index) in found(path)


def test_a_node_where_none_belongs_is_found(path: Path) -> None:
    tamper(path, "INSERT INTO node VALUES (1, 11, zeroblob(32))")
    assert found(path) == {(Wrong.NODE, SIZE)}


@pytest.mark.parametrize(
    "change",
    [
        "root = zeroblob(32)",
        "note = replace(note, 'audit', 'other')",
        "note = 'x'",
        "ms = ms + 1",
        "note = CAST(x'ff' AS TEXT)",
        "size = 4",
    ],
)
def test_a_changed_checkpoint_is_named(change: str, path: Path) -> None:
    tamper(path, f"UPDATE checkpoint SET {change} WHERE size = 5")
    assert found(path) == {(Wrong.CHECKPOINT, size) for size in ((4, 5) if change == "size = 4" else (5,))}


def test_a_checkpoint_signed_by_another_key_is_named(path: Path) -> None:
    forged = sign_checkpoint(OTHER, 5, bytes(32))
    tamper(path, "UPDATE checkpoint SET note = ? WHERE size = 5", forged)
    assert found(path) == {(Wrong.CHECKPOINT, 5)}


def test_a_missing_newest_checkpoint_and_one_beyond_the_entries_are_named(path: Path) -> None:
    tamper(path, "UPDATE checkpoint SET size = 40 WHERE size = ?", SIZE)
    assert found(path) == {(Wrong.CHECKPOINT, SIZE), (Wrong.CHECKPOINT, 40)}


@pytest.mark.parametrize(
    "change",
    [
        *("frontier = zeroblob(128)", "root = zeroblob(32)", "note = replace(note, '23', '24')", "last_ms = last_ms + 1"),
        *("origin = 'x'", "size = 22", "size = 24", "size = 1 << 60"),
    ],
)
def test_a_changed_head_is_found(change: str, path: Path) -> None:
    tamper(path, f"UPDATE head SET {change}")
    wrong = {what for what, _ in found(path)}
    assert wrong == {Wrong.HEAD} or (change.startswith("size") and Wrong.HEAD in wrong)


def test_a_log_without_a_head_is_no_log(path: Path) -> None:
    tamper(path, "DELETE FROM head")
    with pytest.raises(LogCorrupt):
        verified(path)


@pytest.mark.parametrize("index", [0, 9, SIZE - 1])
def test_a_deleted_leaf_is_named(index: int, path: Path) -> None:
    tamper(path, "DELETE FROM leaf WHERE idx = ?", index)
    wrong = found(path)
    assert (Wrong.ORDER, index) in wrong or (Wrong.HEAD, SIZE) in wrong
    assert wrong


def test_a_run_of_deleted_leaves_hides_nothing_behind_it(path: Path) -> None:
    leaf = entries(path)[20].leaf.replace(b"counter:c1", b"counter:c2")
    tamper(path, "DELETE FROM leaf WHERE idx BETWEEN 2 AND 9")
    tamper(path, "UPDATE leaf SET data = ? WHERE idx = 20", leaf)
    missing = {(Wrong.ORDER, 2), (Wrong.CHECKPOINT, 3), (Wrong.CHECKPOINT, 5), (Wrong.OPEN, 0)}
    assert found(path) == missing | {(Wrong.LEAF, 20)}


def test_two_swapped_leaves_are_found(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.close()
    tamper(path, "UPDATE leaf SET idx = 999 WHERE idx = 8")
    tamper(path, "UPDATE leaf SET idx = 8 WHERE idx = 9")
    tamper(path, "UPDATE leaf SET idx = 9 WHERE idx = 999")
    assert found(path) == {(Wrong.LEAF, 8), (Wrong.LEAF, 9)} or found(path) == {(Wrong.NODE, 4)}


def test_a_time_that_goes_back_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = fresh_log(path)
    log.append([draft()])
    log.append([draft()])
    log.close()
    later = entries(path)[1].ms + 50_000
    tamper(path, "UPDATE leaf SET ms = ? WHERE idx = 0", later)
    assert (Wrong.ORDER, 1) in found(path)


def test_a_closing_entry_without_its_intent_is_named(path: Path) -> None:
    tamper(path, "UPDATE leaf SET kind = 'denied' WHERE idx = 0")
    assert {(Wrong.LEAF, 0), (Wrong.PAIRING, 3)} <= found(path)


def test_open_intents_that_the_store_lost_or_made_up_are_named(path: Path) -> None:
    tamper(path, "UPDATE open_intent SET eid = zeroblob(16)")
    assert found(path) == {(Wrong.OPEN, 18)}
    tamper(path, "DELETE FROM open_intent")
    assert found(path) == {(Wrong.OPEN, 18)}
    tamper(path, "INSERT INTO open_intent SELECT eid, idx, ms FROM leaf WHERE idx IN (0, 18)")
    assert found(path) == {(Wrong.OPEN, 0)}


def test_a_log_replaced_as_a_whole_fails_against_any_older_checkpoint(path: Path, tmp_path: Path) -> None:
    with SqliteReader(path) as reader:
        kept = open_checkpoint(reader.head().note.encode(), SIGNER.verifier)
        older = [open_checkpoint(note.encode(), SIGNER.verifier) for _, _, note, _ in reader.checkpoints(0, 1000)]
    assert verified(path, against=(kept, *older)).clean
    forged = tmp_path / "forged.db"
    log = fresh_log(forged)
    log.append([draft() for _ in range(SIZE)])
    log.close()
    assert found(forged, against=(kept,)) == {(Wrong.CHECKPOINT, SIZE)}
    assert found(path, against=(Checkpoint(kept.origin, SIZE + 1, kept.root),)) == {(Wrong.CHECKPOINT, SIZE + 1)}


def test_two_kept_checkpoints_of_one_size_are_both_compared(path: Path) -> None:
    with SqliteReader(path) as reader:
        kept = open_checkpoint(reader.head().note.encode(), SIGNER.verifier)
    other = Checkpoint(kept.origin, SIZE, bytes(32))
    for against in ((kept, other), (other, kept)):
        assert found(path, against=against) == {(Wrong.CHECKPOINT, SIZE)}


def test_findings_beyond_a_thousand_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = fresh_log(path)
    for _ in range(5):
        log.append([draft() for _ in range(250)])
    log.close()
    tamper(path, "UPDATE leaf SET data = CAST('{}' AS BLOB)")
    report = verified(path)
    assert len(report.findings) == MOST_NAMED
    assert report.uncounted == 250


def test_a_file_that_is_no_database_any_more_is_named(path: Path) -> None:
    path.with_name("log.db-wal").unlink(missing_ok=True)
    path.write_bytes(b"\x00" * 8192)
    with pytest.raises((LogCorrupt, StoreUnavailable)):
        verified(path)


def rewrite_nodes(path: Path, sign_with: LogSigner | None = None) -> None:
    """What somebody can do who owns the file: make every node anew, and with a key of their own every checkpoint."""
    connection = apsw.Connection(str(path))
    frontier: list[bytes] = []
    made: list[NewNode] = []
    for size, digest in enumerate(each.leaf_hash for each in entries(path)):
        push(frontier, size, digest, made)
        root = root_of(frontier)
        if sign_with is not None:
            note = sign_checkpoint(sign_with, size + 1, root)
            connection.execute("UPDATE checkpoint SET root = ?, note = ? WHERE size = ?", (root, note, size + 1))
            connection.execute("UPDATE head SET frontier = ?, root = ?, note = ?", (b"".join(frontier), root, note))
    if sign_with is not None:
        connection.execute("UPDATE checkpoint SET note = ? WHERE size = 0", (sign_checkpoint(sign_with, 0, EMPTY_ROOT),))
    connection.executemany(
        "UPDATE node SET hash = ? WHERE level = ? AND idx = ?", [(digest, level, at) for level, at, digest in made if level]
    )
    connection.close()
