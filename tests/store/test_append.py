"""One batch, one transaction, one signature; and what the next batch believes of it."""

from pathlib import Path

import apsw
import pytest

from linkage.clock import FakeClock
from linkage.errors import AuditUnavailable
from linkage.store.contract import Conflicting, Kind, StorePoisoned, StoreUnavailable
from linkage.store.sqlite_log import SqliteLog, create_log
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.note import Signer
from linkage.tlog.proof import verify_proof
from linkage.tlog.tree import EMPTY_ROOT
from tests.second_verifier import check_receipt
from tests.small_log import SIGNER, append_one, assert_holds, draft, entries, fresh_log, intent, opened, outcome, placed, verified


def tamper(path: Path, *statements: str) -> None:
    """Change a log behind its back, as somebody who owns the file can."""
    connection = apsw.Connection(str(path))
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_an_empty_log_has_a_signed_checkpoint_of_size_zero(log: SqliteLog, path: Path) -> None:
    checkpoint = open_checkpoint(log.head.note.encode(), SIGNER.verifier)
    assert (checkpoint.size, checkpoint.root) == (0, EMPTY_ROOT)
    assert verified(path).clean


def test_every_entry_of_every_batch_has_a_proof_that_both_verifiers_accept(log: SqliteLog, path: Path) -> None:
    acknowledged = []
    for size in (1, 2, 3, 7, 32, 1, 64, 5):
        for each in map(placed, log.append([draft() for _ in range(size)])):
            proof = each.batch.proof(each.index).encode()
            assert verify_proof(proof, each.leaf, SIGNER.verifier).size == each.batch.size
            assert check_receipt(proof, each.leaf, SIGNER.verifier.text) == each.index
            acknowledged.append((each.eid, each.index))
    assert [index for _, index in acknowledged] == list(range(115))
    assert_holds(path, acknowledged)
    assert verified(path).checkpoints == 9


def test_an_entry_written_before_is_placed_where_it_stands_and_not_again(log: SqliteLog, path: Path) -> None:
    first = draft()
    index = append_one(log, first).index
    append_one(log, draft())
    again, other = map(placed, log.append([first, draft()]))
    assert (again.index, other.index) == (index, 2)
    verify_proof(again.batch.proof(again.index).encode(), again.leaf, SIGNER.verifier)
    alone = append_one(log, first)
    verify_proof(alone.batch.proof(alone.index).encode(), alone.leaf, SIGNER.verifier)
    assert len(entries(path)) == 3


def test_another_entry_under_a_used_id_is_not_written(log: SqliteLog, path: Path) -> None:
    first = draft()
    append_one(log, first)
    assert log.append([draft(eid=first.eid, facts={"reason": "OTHER"})]) == [Conflicting(first.eid)]
    twice = draft()
    results = log.append([twice, draft(eid=twice.eid, facts={})])
    assert [type(result).__name__ for result in results] == ["Placed", "Conflicting"]
    assert len(entries(path)) == 2


def test_an_intent_is_closed_once(log: SqliteLog, path: Path) -> None:
    begun = intent()
    append_one(log, begun)
    recovered, late = draft(Kind.RECOVERED, begun.eid), outcome(begun)
    append_one(log, recovered)
    assert log.append([late]) == [Conflicting(late.eid)]
    assert verified(path).recovered == [1]


def test_of_two_outcomes_in_one_batch_the_first_counts(log: SqliteLog, path: Path) -> None:
    begun = intent()
    append_one(log, begun)
    one, two, bystander = outcome(begun), outcome(begun), draft()
    results = log.append([one, two, bystander])
    assert [type(result).__name__ for result in results] == ["Placed", "Conflicting", "Placed"]
    assert verified(path).clean


def test_an_outcome_of_an_intent_that_never_was_is_not_written(log: SqliteLog, path: Path) -> None:
    stray = outcome(intent())
    assert log.append([stray]) == [Conflicting(stray.eid)]
    assert entries(path) == []


def test_the_log_opens_again_where_it_was_left(path: Path, clock: FakeClock) -> None:
    first = fresh_log(path, clock)
    append_one(first, draft())
    first.close()
    second = opened(path, clock)
    assert append_one(second, draft()).index == 1
    second.close()
    assert verified(path).size == 2


def test_a_log_that_exists_is_never_made_anew_and_one_that_is_missing_never_opened(path: Path) -> None:
    create_log(path, SIGNER)
    with pytest.raises(StoreUnavailable, match="exists already"):
        create_log(path, SIGNER)
    with pytest.raises(StoreUnavailable):
        opened(path.with_name("missing.db"))
    assert not path.with_name("missing.db").exists()


def test_two_objects_append_to_one_file_in_turns(path: Path, clock: FakeClock) -> None:
    one, two = fresh_log(path, clock), opened(path, clock)
    acknowledged = []
    for turn in range(20):
        for each in map(placed, (one, two)[turn % 2].append([draft() for _ in range(turn % 5 + 1)])):
            verify_proof(each.batch.proof(each.index).encode(), each.leaf, SIGNER.verifier)
            acknowledged.append((each.eid, each.index))
    one.close()
    two.close()
    assert_holds(path, acknowledged)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("frontier", "UPDATE head SET frontier = zeroblob(64)"),
        ("root", "UPDATE head SET root = zeroblob(32)"),
        ("size", "UPDATE head SET size = 4"),
        ("time", "UPDATE head SET last_ms = 1"),
        ("later time", "UPDATE head SET last_ms = last_ms + 1000000000"),
        ("log", "UPDATE head SET log_uuid = zeroblob(16)"),
        ("older checkpoint", "UPDATE head SET note = (SELECT note FROM checkpoint WHERE size = 0)"),
        ("note", "UPDATE head SET note = replace(note, 'linkage', 'linkags')"),
        ("row", "DELETE FROM head"),
        ("schema", "UPDATE head SET schema = 99"),
    ],
)
def test_a_head_changed_behind_our_back_stops_appends_at_once(what: str, change: str, path: Path, clock: FakeClock) -> None:
    log = fresh_log(path, clock)
    log.append([draft() for _ in range(3)])
    tamper(path, change)
    with pytest.raises(StorePoisoned):
        log.append([draft()])
    with pytest.raises(StorePoisoned):
        log.append([draft()])
    assert log.trouble()
    assert len(entries(path)) == 3


def test_a_log_rolled_back_to_an_older_state_is_not_continued(path: Path, clock: FakeClock) -> None:
    log = fresh_log(path, clock)
    log.append([draft()])
    older = SqliteReader(path)
    head = older.head()
    older.close()
    log.append([draft()])
    tamper(path, "DELETE FROM leaf WHERE idx = 1", "DELETE FROM node", "DELETE FROM checkpoint WHERE size = 2")
    connection = apsw.Connection(str(path))
    connection.execute(
        "UPDATE head SET size = 1, frontier = ?, root = ?, note = ?, last_ms = ?",
        (b"".join(head.frontier), head.root, head.note, head.last_ms),
    )
    connection.close()
    with pytest.raises(StorePoisoned, match="rolled back"):
        log.append([draft()])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE head SET frontier = zeroblob(64)",
        "UPDATE head SET root = zeroblob(32)",
        "UPDATE head SET note = (SELECT note FROM checkpoint WHERE size = 0)",
        "UPDATE head SET origin = 'linkage.example/other'",
    ],
)
def test_a_head_that_contradicts_itself_is_not_opened(change: str, path: Path, clock: FakeClock) -> None:
    log = fresh_log(path, clock)
    log.append([draft() for _ in range(3)])
    log.close()
    tamper(path, change)
    with pytest.raises(StorePoisoned, match=r"frontier|head note"):
        opened(path, clock)


def test_a_head_signed_by_another_key_is_refused_at_the_start(path: Path, clock: FakeClock) -> None:
    create_log(path, Signer("linkage.example/audit", bytes(32)))
    with pytest.raises(StorePoisoned, match="head note"):
        opened(path, clock)


def test_a_leaf_beyond_the_head_is_never_written_over(path: Path, clock: FakeClock) -> None:
    log = fresh_log(path, clock)
    log.append([draft()])
    tamper(path, "INSERT INTO leaf SELECT 1, hash, data, randomblob(16), kind, NULL, ms FROM leaf")
    with pytest.raises(StorePoisoned):
        log.append([draft()])


@pytest.mark.parametrize("table", ["leaf", "node", "checkpoint"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET hash = zeroblob(32)", "DELETE FROM {}", "INSERT OR REPLACE INTO {} SELECT * FROM {}"])
def test_our_own_hand_cannot_change_what_is_written(table: str, verb: str, log: SqliteLog) -> None:
    log.append([draft() for _ in range(4)])
    statement = verb.format(table, table)
    if table == "checkpoint":
        statement = statement.replace("hash", "root")
    with pytest.raises(apsw.ConstraintError, match="only added to"):
        log._connection.execute(statement)


def test_our_own_hand_cannot_shrink_the_head(log: SqliteLog) -> None:
    log.append([draft() for _ in range(4)])
    for statement in ("UPDATE head SET size = 3", "UPDATE head SET size = 5, origin = 'other'", "DELETE FROM head"):
        with pytest.raises(apsw.ConstraintError):
            log._connection.execute(statement)


def test_a_signer_that_fails_leaves_nothing_behind(path: Path, clock: FakeClock) -> None:
    class Faulty:
        """A key whose hardware has failed."""

        def sign(self, message: bytes) -> bytes:
            return bytes(64)

    signer = Signer("linkage.example/audit", bytes(range(32)))
    log = fresh_log(path, clock)
    append_one(log, draft())
    sound = log._appender._signer
    signer._private = Faulty()  # type: ignore[assignment]
    log._appender._signer = signer
    with pytest.raises(Exception, match="own signature"):
        log.append([draft()])
    log._appender._signer = sound
    assert append_one(log, draft()).index == 1
    log.close()
    assert verified(path).clean


def test_a_closed_log_refuses(log: SqliteLog) -> None:
    log.close()
    with pytest.raises(AuditUnavailable):
        log.append([draft()])
    assert log.trouble() == "closed"
