"""A reader sees one state of the log, finds what it is asked for, and cannot write."""

import pytest

from linkage.clock import FakeClock
from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader, LogStore
from linkage.store.contract import Kind
from linkage.tlog.tree import leaf_hash, node_hash
from tests.small_log import append_one, draft, intent, outcome, placed
from tests.store.contract.places import Place


def test_entries_come_in_log_order_from_where_they_are_asked_for_and_no_more(log: LogStore, place: Place) -> None:
    ids = [each.eid for size in (3, 1, 4) for each in map(placed, log.append([draft() for _ in range(size)]))]
    with place.reader() as reader:
        assert [entry.eid for entry in reader.entries(0, 100)] == ids
        assert [entry.index for entry in reader.entries(2, 3)] == [2, 3, 4]
        assert list(reader.entries(8, 10)) == []
        assert [*reader.entries(7, 0)] == []


def test_more_entries_than_one_fetch_brings_come_all_the_same(log: LogStore, place: Place) -> None:
    for _ in range(9):
        log.append([draft() for _ in range(250)])
    with place.reader() as reader:
        assert [entry.index for entry in reader.entries(7, 2100)] == list(range(7, 2107))
        assert len(list(reader.entries(0, 10_000))) == 2250


def test_entries_are_read_by_their_indexes_and_what_is_not_there_is_left_out(log: LogStore, place: Place) -> None:
    ids = [each.eid for each in map(placed, log.append([draft() for _ in range(6)]))]
    with place.reader() as reader:
        assert [(entry.index, entry.eid) for entry in reader.at({4, 1, 9, -1})] == [(1, ids[1]), (4, ids[4])]
        assert [*reader.at([])] == []


def test_the_entries_of_a_request_are_found_by_its_id(log: LogStore, place: Place) -> None:
    asked, ended, beside = intent(), intent(), draft(Kind.BUNDLE)
    log.append([asked, ended, beside])
    closing, recovered = outcome(asked), draft(Kind.RECOVERED, ended.eid)
    log.append([recovered, closing])
    with place.reader() as reader:
        assert [entry.eid for entry in reader.of_request(asked.eid)] == [asked.eid, closing.eid]
        assert [entry.kind for entry in reader.of_request(ended.eid)] == ["intent", "recovered"]
        assert [entry.eid for entry in reader.of_request(beside.eid)] == [beside.eid]
        assert reader.of_request(bytes(16)) == ()


def test_nodes_are_the_hashes_of_their_children_and_one_that_is_missing_is_named(log: LogStore, place: Place) -> None:
    leaves = [leaf_hash(placed(result).leaf) for result in log.append([draft() for _ in range(7)])]
    with place.reader() as reader:
        assert [reader.node(0, index) for index in range(7)] == leaves
        assert reader.nodes(1, 1, 10) == [(1, node_hash(leaves[2], leaves[3])), (2, node_hash(leaves[4], leaves[5]))]
        assert reader.nodes(1, 0, 1) == [(0, node_hash(leaves[0], leaves[1]))]
        assert reader.node(2, 0) == node_hash(reader.node(1, 0), reader.node(1, 1))
        for level, index in ((0, 7), (1, 3), (5, 0)):
            with pytest.raises(LogCorrupt, match=f"node {level}/{index}: missing"):
                reader.node(level, index)


def test_checkpoints_come_by_size(log: LogStore, place: Place) -> None:
    for size in (2, 3, 1):
        log.append([draft() for _ in range(size)])
    with place.reader() as reader:
        assert [size for size, *_ in reader.checkpoints(0, 2**31)] == [0, 2, 5, 6]
        assert [size for size, *_ in reader.checkpoints(3, 1)] == [5]
        (size, root, note, ms) = reader.checkpoints(6, 1)[0]
        assert (size, root, note, ms) == (log.head.size, log.head.root, log.head.note, log.head.last_ms)
        assert reader.head() == log.head


@pytest.mark.parametrize(
    ("beyond", "change"),
    [
        ("", "UPDATE head SET note = note"),
        ("leaf 5", "INSERT INTO leaf SELECT 5, hash, data, zeroblob(16), kind, NULL, ms FROM leaf WHERE idx = 0"),
        ("checkpoint 9", "INSERT INTO checkpoint SELECT 9, root, note, ms FROM checkpoint WHERE size = 5"),
        ("node 1/2", "INSERT INTO node VALUES (1, 2, zeroblob(32))"),
        ("node 3/0", "INSERT INTO node VALUES (3, 0, zeroblob(32))"),
        ("node 62/0", "INSERT INTO node VALUES (62, 0, zeroblob(32))"),
        ("node 64/7", "INSERT INTO node VALUES (64, 7, zeroblob(32))"),
    ],
)
def test_what_stands_beyond_the_log_is_named(beyond: str, change: str, log: LogStore, place: Place) -> None:
    log.append([draft() for _ in range(5)])
    place.tamper(change)
    with place.reader() as reader:
        assert reader.stray(5) == beyond


def test_open_intents_are_those_old_enough_that_nothing_has_closed(log: LogStore, clock: FakeClock) -> None:
    one, two, three = intent(), intent(), intent()
    log.append([one, two])
    before = clock.now_ms()
    clock.advance(1)
    log.append([outcome(one), three])
    found = log.open_intents(before, 10)
    assert [(each.eid, each.index, each.ms) for each in found] == [(two.eid, 1, before)]
    assert [each.eid for each in log.open_intents(clock.now_ms(), 10)] == [two.eid, three.eid]
    assert [each.eid for each in log.open_intents(clock.now_ms(), 1)] == [two.eid]


def test_a_question_sees_one_state_of_a_log_that_grows_meanwhile(log: LogStore, place: Place) -> None:
    append_one(log, draft())

    def question(reader: LogReader) -> tuple[int, int, int, str]:
        before = reader.head().size
        append_one(log, draft())
        return before, reader.head().size, len(list(reader.entries(0, 10))), reader.stray(before)

    with place.reader() as reader:
        assert reader.consistent(question) == (1, 1, 1, "")
        assert reader.consistent(lambda again: again.head().size) == 2


def test_a_question_that_fails_is_over_and_the_next_sees_the_log_as_it_is_then(log: LogStore, place: Place) -> None:
    with place.reader() as reader:
        for size in (1, 2):
            with pytest.raises(LogCorrupt):
                reader.consistent(lambda one: one.node(3, 3))
            append_one(log, draft())
            assert reader.consistent(lambda one: one.head().size) == size


def test_a_database_without_a_head_is_no_log(place: Place) -> None:
    place.tamper("DELETE FROM head")
    with place.reader() as reader, pytest.raises(LogCorrupt, match="head: got none"):
        reader.consistent(lambda one: one.head())
