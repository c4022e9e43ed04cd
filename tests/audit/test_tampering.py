"""One byte of anything stored is flipped, anywhere: it is found, and named by where it stands. So is damage that cannot even be read."""

import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.audit.report import Finding, Wrong
from linkage.clock import FakeClock
from linkage.errors import LogCorrupt
from linkage.store.anchor import Anchor, check_anchor
from linkage.store.contract import StoreUnavailable
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.tree import read_frontier
from tests.small_log import SIGNER, draft, entries, fresh_log, intent, outcome, verified

SIZE = 41

COLUMNS = {
    "leaf": ("hash", "data", "eid", "kind", "ref", "ms", "idx"),
    "node": ("hash", "idx", "level"),
    "checkpoint": ("root", "note", "ms", "size"),
    "head": ("origin", "size", "frontier", "root", "last_ms", "note"),
    "open_intent": ("eid", "idx", "ms"),
}
"""Everything that is stored and follows from the entries: not the log's random id, which nothing signs, and not what serves claims alone."""

KEYS = {"leaf": "idx", "node": "level, idx", "checkpoint": "size", "head": "id", "open_intent": "eid"}
FLIPS = [(table, column) for table, columns in COLUMNS.items() for column in columns]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 41 entries in six batches, without the triggers that would stop us."""
    path, clock = tmp_path_factory.mktemp("sound") / "log.db", FakeClock()
    log = fresh_log(path, clock)
    begun = [intent() for _ in range(6)]
    denials = [draft() for _ in range(32)]
    for batch in (
        begun[:3],
        [outcome(begun[0]), denials[0]],
        begun[3:],
        denials[1:17],
        [outcome(begun[3]), *denials[17:]],
        [outcome(begun[1])],
    ):
        log.append(batch)
        clock.advance(1)
    log.close()
    connection = apsw.Connection(str(path))
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.close()
    assert (verified(path).size, verified(path).clean) == (SIZE, True)
    return path


def flip(path: Path, table: str, column: str, row: int, bit: int) -> tuple[Any, ...] | None:
    """Flip one bit of a value and give the row's key; None where the table does not take the result (a key twice, a size below 0)."""
    key = KEYS[table]
    connection = apsw.Connection(str(path))
    rows = connection.execute(
        f"SELECT {key}, typeof({column}), {column} IS NULL, CAST({column} AS BLOB), "
        f"iif(typeof({column}) = 'integer', {column}, 0) FROM {table} WHERE {column} IS NOT NULL ORDER BY {key}"
    ).fetchall()
    chosen: tuple[Any, ...] = rows[row % len(rows)]
    *at, kind, _, raw, number = chosen
    where = " AND ".join(f"{name} = ?" for name in key.split(", "))
    if kind == "integer":
        what, value = "?", number ^ (1 << bit % 40)
    else:
        what, value = "CAST(? AS TEXT)" if kind == "text" else "?", bytearray(raw)
        value[bit // 8 % len(raw)] ^= 1 << bit % 8
    try:
        connection.execute(f"UPDATE {table} SET {column} = {what} WHERE {where}", (bytes(value) if kind != "integer" else value, *at))
    except apsw.ConstraintError:
        return None
    finally:
        connection.close()
    return tuple(at)


def changed(sound: Path, table: str, column: str, row: int, bit: int) -> tuple[tuple[Any, ...] | None, list[Finding]]:
    """A copy of the log with one bit flipped: the row's key, and what is found."""
    copy = sound.with_name("changed.db")
    shutil.copyfile(sound, copy)
    key = flip(copy, table, column, row, bit)
    try:
        return key, verified(copy).findings
    except (LogCorrupt, StoreUnavailable) as cause:
        return key, [Finding(Wrong.HEAD, 0, str(cause))]
    finally:
        for part in sound.parent.glob("changed.db*"):
            part.unlink()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FLIPS), st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_flipped_bit_is_found(sound: Path, where: tuple[str, str], row: int, bit: int) -> None:
    key, findings = changed(sound, *where, row, bit)
    assert key is None or findings


@pytest.mark.parametrize(("table", "column"), FLIPS, ids=[".".join(each) for each in FLIPS])
def test_a_flipped_bit_is_named_by_where_it_stands(table: str, column: str, sound: Path) -> None:
    """The low bit of the first byte of a row in the middle."""
    key, findings = changed(sound, table, column, row=20, bit=6)
    if key is None:
        pytest.fail("the flip was not taken")
    named = {(found.what, found.index) for found in findings}
    match table, column:
        case "leaf", "idx":
            assert (Wrong.ORDER, key[0]) in named
        case "leaf", _:
            assert named == {(Wrong.LEAF, key[0])} or (column in ("kind", "ref", "ms", "eid") and (Wrong.LEAF, key[0]) in named)
        case "node", _:
            assert (Wrong.NODE, key[1]) in named
        case "checkpoint", _:
            assert (Wrong.CHECKPOINT, key[0]) in named
        case "head", _:
            assert Wrong.HEAD in {what for what, _ in named}
        case _:
            assert {what for what, _ in named} == {Wrong.OPEN}


def test_a_log_cut_back_by_hand_to_an_older_checkpoint_is_whole_in_itself_and_fails_against_anything_newer(
    sound: Path, tmp_path: Path
) -> None:
    """Nothing inside a log can show that its newest entries are gone; what left the process can: receipts, the anchor, witnesses."""
    copy = tmp_path / "log.db"
    shutil.copyfile(sound, copy)
    with SqliteReader(copy) as reader:
        kept = [open_checkpoint(row[2].encode(), SIGNER.verifier) for row in reader.checkpoints(0, 100)]
        frontier = read_frontier(24, reader.node)
    connection = apsw.Connection(str(copy))
    root, note, ms = connection.execute("SELECT root, note, ms FROM checkpoint WHERE size = 24").fetchall()[0]
    connection.execute("DELETE FROM leaf WHERE idx >= 24")
    connection.execute("DELETE FROM node WHERE (idx + 1) << level > 24")
    connection.execute("DELETE FROM checkpoint WHERE size > 24")
    connection.execute("INSERT INTO open_intent SELECT eid, idx, ms FROM leaf WHERE idx IN (1, 5)")
    connection.execute("UPDATE head SET size = 24, root = ?, note = ?, last_ms = ?, frontier = ?", (root, note, ms, b"".join(frontier)))
    connection.close()
    assert verified(copy).clean
    for newer in (each for each in kept if each.size > 24):
        findings = verified(copy, against=(newer,)).findings
        assert [(found.what, found.index) for found in findings] == [(Wrong.CHECKPOINT, newer.size)]
    anchor = tmp_path / "anchor"
    Anchor(anchor).offer(newest_note(sound))
    with SqliteReader(copy) as reader, pytest.raises(LogCorrupt, match="an older copy"):
        check_anchor(anchor, reader, SIGNER.verifier)


def newest_note(path: Path) -> str:
    """The newest checkpoint, as a note."""
    with SqliteReader(path) as reader:
        return reader.head().note


def test_a_damaged_page_is_named_by_the_entries_that_it_hid(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = fresh_log(path)
    log.append([draft(facts={"detail": "x" * 3000}) for _ in range(60)])
    log.close()
    content = path.read_bytes()
    at = entries(path)[30].leaf
    page = content.index(at[:200]) // 4096 * 4096
    path.write_bytes(content[:page] + bytes(64) + content[page + 64 :])
    for beside in ("log.db-wal", "log.db-shm"):
        path.with_name(beside).unlink(missing_ok=True)
    findings = verified(path).findings
    assert (Wrong.LEAF, 30, "cannot be read") in {(found.what, found.index, found.why) for found in findings}
    assert {found.index for found in findings if found.what is Wrong.LEAF} < set(range(25, 36))
