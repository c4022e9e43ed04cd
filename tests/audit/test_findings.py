"""Findings over a whole log: from when on, in which order, and of which agencies."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from linkage.audit.access import Access, accesses, size_of
from linkage.audit.findings import examine, lead_of
from linkage.audit.record import Kind
from linkage.audit.rules import Finding, RuleName, all_rules
from linkage.audit.view import View
from linkage.opening_hours import read_opening_hours
from linkage.thresholds import Findings
from tests.audit.logbook import Logbook, at
from tests.audit.world import OTHER_NUMBER

DOE = View({"doe"}, {"cm-01": "doe", "lp-01": "dlpw"})


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Logbook]:
    book = Logbook(tmp_path)
    yield book
    book.close()


def found(
    book: Logbook,
    since: str = "2026-11-01 00:00",
    shows: Callable[[Access], bool] = lambda _: True,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Finding, ...]:
    thresholds = Findings(same_person_visits=3)
    rules = all_rules(thresholds, book.persons(), lambda _: None)
    with book.reader() as reader:
        return examine(reader, rules, shows, since_ms=at(since), lead_ms=lead_of(thresholds), progress=progress)


def test_what_reaches_into_the_time_looked_at_from_before_is_seen(book: Logbook) -> None:
    for day in (23, 24, 25):
        book.set(f"2026-11-{day} 09:00")
        book.verify()

    (again,) = found(book, "2026-11-25 00:00")

    assert (RuleName.SAME_PERSON_AGAIN, [0, 2, 4]) == (again.rule, [entry.index for entry in again.entries])


def test_what_ended_before_the_time_looked_at_is_left_out(book: Logbook) -> None:
    book.set("2026-11-23 20:00")
    book.verify()

    assert 1 == len(found(book, "2026-11-23 20:00"))
    assert () == found(book, "2026-11-23 20:01")


def test_findings_stand_in_the_order_of_their_first_entries_however_often_one_looks(book: Logbook) -> None:
    book.set("2026-11-23 20:00")
    book.login("o1")
    for _ in range(8):
        book.verify("o2", OTHER_NUMBER, result="no_match")
    book.verify("o1")

    once, again = found(book), found(book)

    assert [RuleName.OUTSIDE_HOURS, RuleName.SAME_PERSON_AGAIN, RuleName.FAILED_IN_A_ROW] == [one.rule for one in once][:3]
    assert {RuleName.OWN_NUMBER} <= {one.rule for one in once}
    assert once == again
    assert [one.entries[0].index for one in once] == sorted(one.entries[0].index for one in once)


def test_an_auditor_finds_nothing_in_what_others_asked(book: Logbook) -> None:
    book.set("2026-11-23 20:00")
    book.verify("o1", recipient="dlpw", acting="dlpw", centre="lp-01")
    book.verify("o2", OTHER_NUMBER, recipient="dlpw", acting="doe")

    assert ["o2"] == [one.officer[1] for one in found(book, shows=DOE.shows) if one.officer]
    assert 2 == len(found(book))


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"recipient": "doe", "acting": "dlpw", "source": "dopa"}, True),
        ({"recipient": "dlpw", "acting": "doe", "source": "dopa"}, True),
        ({"recipient": "dlpw", "acting": "dlpw", "source": "doe"}, True),
        ({"recipient": "dlpw", "acting": "dlpw", "source": "dopa"}, False),
        ({"counter": "c", "centre": "cm-01"}, True),
        ({"counter": "c", "centre": "lp-01"}, False),
        ({"counter": "c", "centre": "closed-since"}, False),
        ({"auditor": "a", "agencies": ["doe", "pea"]}, True),
        ({"auditor": "a", "agencies": ["pea"]}, False),
        ({"auditor": "a"}, False),
        ({"version": "1"}, True),
    ],
    ids=str,
)
def test_an_auditor_sees_what_concerns_their_agencies(book: Logbook, facts: dict[str, object], shown: bool) -> None:
    book.write(Kind.DENIED, facts)

    with book.reader() as reader:
        (access,) = accesses(reader, 0, size_of(reader))

    assert shown is DOE.shows(access)


def test_a_centres_own_hours_come_before_the_settings(book: Logbook) -> None:
    book.set("2026-11-28 10:00")
    book.verify(centre="cm-01")
    book.verify("o1", OTHER_NUMBER, centre="lp-01")
    saturdays = read_opening_hours(["sat 09:00-12:00"])
    rules = all_rules(Findings(), book.persons(), lambda centre: saturdays if centre == "lp-01" else None)

    with book.reader() as reader:
        said = examine(reader, rules, lambda _: True, since_ms=0, lead_ms=0)

    assert [("cm-01",)] == [one.centres for one in said]


def test_how_far_the_reading_is_is_told_to_the_end(book: Logbook) -> None:
    book.verify()
    told: list[tuple[int, int]] = []

    found(book, progress=lambda done, total: told.append((done, total)))

    assert [(0, 2), (2, 2)] == told
