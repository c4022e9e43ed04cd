"""Accesses: every intent with what closed it, in the order of the log, whatever is written meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from linkage.audit.access import accesses, first_at, size_of
from linkage.audit.record import Kind
from linkage.errors import LogCorrupt
from tests.audit.logbook import MONDAY, Logbook, at
from tests.audit.world import OTHER_NUMBER


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Logbook]:
    book = Logbook(tmp_path)
    yield book
    book.close()


def test_an_intent_is_read_with_what_closed_it_and_the_rest_stands_alone(book: Logbook) -> None:
    visit = book.verify(ms=40)
    book.deny()
    book.look_up(visit, "not_found", ms=70)

    with book.reader() as reader:
        verified, denied, looked_up = accesses(reader, 0, size_of(reader))

    assert [0, 2, 3] == [one.index for one in (verified, denied, looked_up)]
    assert ("match", 30, 1, 40) == (
        verified.text("result"),
        verified.number("agency_ms"),
        verified.closing_index,
        verified.closing_ms - verified.ms,
    )
    assert ("denied", "", -1, "FIELD_NOT_AGREED") == (denied.kind, denied.closed_by, denied.closing_index, denied.text("reason"))
    assert ("not_found", "outcome", 4) == (looked_up.text("result"), looked_up.closed_by, looked_up.closing_index)
    assert visit.key.id == verified.key_id == looked_up.key_id
    assert denied.key_id is None


def test_intents_that_overlap_are_given_in_the_order_in_which_they_began(book: Logbook) -> None:
    first, second, third = (book.write(Kind.INTENT, {"method": "Lookup", "office": number}) for number in range(3))
    book.write(Kind.OUTCOME, {"result": "not_found"}, third.eid)
    book.write(Kind.RECOVERED, {"why": "process ended"}, first.eid)

    with book.reader() as reader:
        read = list(accesses(reader, 0, size_of(reader)))

    assert [0, 1, 2] == [one.number("office") for one in read]
    assert ["recovered", "", "outcome"] == [one.closed_by for one in read]
    assert second.eid == read[1].eid


def test_what_closed_an_intent_is_found_beyond_the_range_and_beyond_what_is_held_back(book: Logbook) -> None:
    slow = book.write(Kind.INTENT, {"method": "Lookup"})
    for _ in range(4):
        book.deny()
    book.write(Kind.OUTCOME, {"result": "found"}, slow.eid)

    with book.reader() as reader:
        whole = list(accesses(reader, 0, 6, waiting=2))
        cut_off = list(accesses(reader, 0, 1))
        behind = list(accesses(reader, 1, 6))

    assert ["outcome", "", "", "", ""] == [one.closed_by for one in whole]
    assert ["outcome"] == [one.closed_by for one in cut_off]
    assert ["denied"] * 4 == [one.kind for one in behind], "its intent is not of this range"


def test_a_moment_is_found_by_the_times_of_the_entries(book: Logbook) -> None:
    for clock in ("09:00", "09:00", "10:00", "11:00"):
        book.set(f"{MONDAY} {clock}")
        book.deny()

    with book.reader() as reader:
        found = [first_at(reader, at(f"{MONDAY} {clock}")) for clock in ("08:00", "09:00", "09:01", "10:00", "11:00", "11:01")]

    assert [0, 0, 2, 2, 3, 4] == found


def test_an_empty_log_has_no_accesses_and_every_moment_is_its_end(book: Logbook) -> None:
    with book.reader() as reader:
        assert (0, []) == (first_at(reader, 0), list(accesses(reader, 0, size_of(reader))))


def test_entries_that_come_while_a_log_is_read_are_left_to_the_next_reading(book: Logbook) -> None:
    book.verify()
    with book.reader() as reader:
        reading = accesses(reader, 0, size_of(reader))
        first = next(reading)
        book.verify(number=OTHER_NUMBER)

        assert [first.index, *(one.index for one in reading)] == [0]


def test_a_leaf_that_is_missing_is_named(book: Logbook) -> None:
    for _ in range(3):
        book.deny()
    book.log.close()
    with apsw.Connection(str(book.path)) as database:
        database.execute("DROP TRIGGER leaf_no_DELETE; DELETE FROM leaf WHERE idx = 1")

    with book.reader() as reader, pytest.raises(LogCorrupt, match="leaf 1: missing"):
        list(accesses(reader, 0, 3))


def test_a_leaf_that_is_no_entry_is_named(book: Logbook) -> None:
    book.deny()
    book.log.close()
    with apsw.Connection(str(book.path)) as database:
        database.execute("DROP TRIGGER leaf_no_UPDATE; UPDATE leaf SET data = CAST('[1]' AS BLOB)")

    with book.reader() as reader, pytest.raises(LogCorrupt, match="leaf 0: not an entry"):
        list(accesses(reader, 0, 1))


def test_no_more_is_held_back_than_was_said_while_an_intent_is_open(book: Logbook) -> None:
    book.write(Kind.INTENT, {"method": "Lookup"})
    for _ in range(5):
        book.deny()
    book.log.close()
    with apsw.Connection(str(book.path)) as database:
        database.execute("DROP TRIGGER leaf_no_DELETE; DELETE FROM leaf WHERE idx = 4")

    with book.reader() as reader:
        assert 0 == next(accesses(reader, 0, 6, waiting=2)).index, "given before the walk comes to what is missing"
        with pytest.raises(LogCorrupt):
            next(accesses(reader, 0, 6, waiting=9))
