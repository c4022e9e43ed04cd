"""One batch, one transaction, one signature; and what the next batch believes of it."""

import pytest

from linkage.clock import FakeClock
from linkage.errors import AuditUnavailable
from linkage.store.backend import LogStore
from linkage.store.contract import Conflicting, Kind, OpenIntent, StorePoisoned
from linkage.tlog.checkpoint import open_checkpoint, sign_checkpoint
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from linkage.tlog.proof import verify_proof
from linkage.tlog.tree import EMPTY_ROOT
from tests.second_verifier import check_receipt
from tests.small_log import SIGNER, append_one, draft, intent, outcome, placed
from tests.store.contract.places import Place, assert_holds, entries, verified


def test_an_empty_log_has_a_signed_checkpoint_of_size_zero(log: LogStore, place: Place) -> None:
    checkpoint = open_checkpoint(log.head.note.encode(), SIGNER.verifier)
    assert (checkpoint.size, checkpoint.root) == (0, EMPTY_ROOT)
    assert verified(place).clean


def test_every_entry_of_every_batch_has_a_proof_that_both_verifiers_accept(log: LogStore, place: Place) -> None:
    acknowledged = []
    for size in (1, 2, 3, 7, 32, 1, 64, 5):
        for each in map(placed, log.append([draft() for _ in range(size)])):
            proof = each.batch.proof(each.index).encode()
            assert verify_proof(proof, each.leaf, SIGNER.verifier).size == each.batch.size
            assert check_receipt(proof, each.leaf, SIGNER.verifier.text) == each.index
            acknowledged.append((each.eid, each.index))
    assert [index for _, index in acknowledged] == list(range(115))
    assert_holds(place, acknowledged)
    assert verified(place).checkpoints == 9


def test_an_entry_written_before_is_placed_where_it_stands_and_not_again(log: LogStore, place: Place) -> None:
    first = draft()
    index = append_one(log, first).index
    append_one(log, draft())
    again, other = map(placed, log.append([first, draft()]))
    assert (again.index, other.index) == (index, 2)
    verify_proof(again.batch.proof(again.index).encode(), again.leaf, SIGNER.verifier)
    alone = append_one(log, first)
    verify_proof(alone.batch.proof(alone.index).encode(), alone.leaf, SIGNER.verifier)
    assert len(entries(place)) == 3


def test_another_entry_under_a_used_id_is_not_written(log: LogStore, place: Place) -> None:
    first = draft()
    append_one(log, first)
    assert log.append([draft(eid=first.eid, facts={"reason": "OTHER"})]) == [Conflicting(first.eid)]
    twice = draft()
    results = log.append([twice, draft(eid=twice.eid, facts={})])
    assert [type(result).__name__ for result in results] == ["Placed", "Conflicting"]
    assert len(entries(place)) == 2


def test_an_intent_is_closed_once(log: LogStore, place: Place) -> None:
    begun = intent()
    append_one(log, begun)
    recovered, late = draft(Kind.RECOVERED, begun.eid), outcome(begun)
    append_one(log, recovered)
    assert log.append([late]) == [Conflicting(late.eid)]
    assert verified(place).recovered == [1]


def test_of_two_outcomes_in_one_batch_the_first_counts(log: LogStore, place: Place) -> None:
    begun = intent()
    append_one(log, begun)
    one, two, bystander = outcome(begun), outcome(begun), draft()
    results = log.append([one, two, bystander])
    assert [type(result).__name__ for result in results] == ["Placed", "Conflicting", "Placed"]
    assert verified(place).clean


def test_an_outcome_of_an_intent_that_never_was_is_not_written(log: LogStore, place: Place) -> None:
    stray = outcome(intent())
    assert log.append([stray]) == [Conflicting(stray.eid)]
    assert entries(place) == []


@pytest.mark.parametrize("held", ["nothing", "an entry that is no intent", "an intent that was closed"])
def test_what_is_held_open_and_is_no_open_intent_of_the_log_is_closed_by_no_entry(held: str, log: LogStore, place: Place) -> None:
    begun, other = intent(), draft()
    log.append([other, begun])
    append_one(log, outcome(begun))
    of = {"nothing": bytes(16), "an entry that is no intent": other.eid, "an intent that was closed": begun.eid}[held]
    place.tamper("INSERT INTO open_intent VALUES (?, 1, 5)", of)
    with place.reader() as reader:
        assert [OpenIntent(of, 1, 5)] == [reader.unfounded()]
    closing, bystander = draft(Kind.RECOVERED, of), draft()
    results = log.append([closing, bystander])
    assert results[0] == Conflicting(closing.eid)
    assert placed(results[1]).index == 3
    place.tamper("DELETE FROM open_intent")
    assert verified(place).clean


def test_a_leaf_beyond_the_head_that_keeps_every_batch_out_is_named(log: LogStore, place: Place) -> None:
    log.append([draft(), draft()])
    place.tamper("INSERT INTO leaf SELECT 2, hash, data, zeroblob(16), kind, NULL, ms FROM leaf WHERE idx = 0")
    with pytest.raises(StorePoisoned, match=r"^log: leaf 2: stands beyond the head's size, 2$"):
        log.append([draft()])


def test_the_log_opens_again_where_it_was_left(place: Place, clock: FakeClock) -> None:
    first = place.open(clock)
    append_one(first, draft())
    first.close()
    second = place.open(clock)
    assert append_one(second, draft()).index == 1
    second.close()
    assert verified(place).size == 2


def test_two_objects_append_to_one_log_in_turns(place: Place, clock: FakeClock) -> None:
    one, two = place.open(clock), place.open(clock)
    acknowledged = []
    for turn in range(20):
        for each in map(placed, (one, two)[turn % 2].append([draft() for _ in range(turn % 5 + 1)])):
            verify_proof(each.batch.proof(each.index).encode(), each.leaf, SIGNER.verifier)
            acknowledged.append((each.eid, each.index))
    one.close()
    two.close()
    assert_holds(place, acknowledged)


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
def test_a_head_changed_behind_our_back_stops_appends_at_once(what: str, change: str, place: Place, clock: FakeClock) -> None:
    log = place.open(clock)
    log.append([draft() for _ in range(3)])
    place.tamper(change)
    with pytest.raises(StorePoisoned):
        log.append([draft()])
    with pytest.raises(StorePoisoned):
        log.append([draft()])
    assert log.trouble()
    assert len(entries(place)) == 3


def test_a_log_rolled_back_to_an_older_state_is_not_continued(place: Place, clock: FakeClock) -> None:
    log = place.open(clock)
    log.append([draft()])
    head = log.head
    log.append([draft()])
    for change in ("DELETE FROM leaf WHERE idx = 1", "DELETE FROM node", "DELETE FROM checkpoint WHERE size = 2"):
        place.tamper(change)
    values = (b"".join(head.frontier), head.root, head.note, head.last_ms)
    place.tamper("UPDATE head SET size = 1, frontier = ?, root = ?, note = ?, last_ms = ?", *values)
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
def test_a_head_that_contradicts_itself_is_not_opened(change: str, place: Place, clock: FakeClock) -> None:
    log = place.open(clock)
    log.append([draft() for _ in range(3)])
    log.close()
    place.tamper(change)
    with pytest.raises(StorePoisoned, match=r"frontier|head note"):
        place.open(clock)


def test_a_head_signed_by_another_key_is_refused_at_the_start(place: Place, clock: FakeClock) -> None:
    another = LogSigner.of(Signer("linkage.example/audit", bytes(32)))
    place.tamper("UPDATE head SET note = ?", sign_checkpoint(another, 0, EMPTY_ROOT))
    with pytest.raises(StorePoisoned, match="head note"):
        place.open(clock)


def test_a_leaf_beyond_the_head_is_never_written_over(place: Place, clock: FakeClock) -> None:
    log = place.open(clock)
    log.append([draft()])
    place.tamper("INSERT INTO leaf SELECT 1, hash, data, zeroblob(16), kind, NULL, ms FROM leaf")
    with pytest.raises(StorePoisoned):
        log.append([draft()])


def test_a_signer_that_fails_leaves_nothing_behind(place: Place, clock: FakeClock) -> None:
    class Faulty:
        """A key whose hardware has failed."""

        def sign(self, message: bytes) -> bytes:
            return bytes(64)

    signer = Signer("linkage.example/audit", bytes(range(32)))
    log = place.open(clock, LogSigner.of(signer))
    append_one(log, draft())
    sound = signer._private
    signer._private = Faulty()  # type: ignore[assignment]
    with pytest.raises(Exception, match="own signature"):
        log.append([draft()])
    signer._private = sound
    assert append_one(log, draft()).index == 1
    log.close()
    assert verified(place).clean


def test_a_closed_log_refuses(log: LogStore) -> None:
    log.close()
    with pytest.raises(AuditUnavailable):
        log.append([draft()])
    assert log.trouble() == "closed"
