"""The rules that need no persons: each at, below and above its threshold."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest

from linkage.audit.access import accesses, size_of
from linkage.audit.record import Kind
from linkage.audit.rules import Finding, Rule
from linkage.audit.rules.failed import FailedInARow
from linkage.audit.rules.far_above import FarAboveUsual
from linkage.audit.rules.finding import NAMED
from linkage.audit.rules.hours import OutsideHours
from linkage.audit.rules.presence import PresenceExceptions
from linkage.opening_hours import read_opening_hours
from tests.audit.logbook import ISSUER, MONDAY, Logbook, asker
from tests.audit.world import OTHER_NUMBER

HOURS = read_opening_hours(["mon-fri 08:30-16:30"])


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Logbook]:
    book = Logbook(tmp_path)
    yield book
    book.close()


def found(book: Logbook, rule: Rule) -> list[Finding]:
    """What a rule finds in the whole log."""

    def seen() -> Iterable[Finding]:
        with book.reader() as reader:
            for access in accesses(reader, 0, size_of(reader)):
                yield from rule.see(access)
        yield from rule.end()

    return list(seen())


def outside(least: int = 1, holidays: Iterable[date] = ()) -> OutsideHours:
    return OutsideHours(lambda _: HOURS, frozenset(holidays), margin=30, least=least)


@pytest.mark.parametrize(
    ("moment", "outside_them"),
    [
        (f"{MONDAY} 07:59", True),
        (f"{MONDAY} 08:00", False),
        (f"{MONDAY} 16:59", False),
        (f"{MONDAY} 17:00", True),
        ("2026-11-28 10:00", True),
        ("2026-11-25 10:00", True),
    ],
    ids=["before", "in the margin", "in the margin after", "after", "on a Saturday", "on a holiday"],
)
def test_a_question_outside_opening_hours_is_found_in_thai_time(tmp_path: Path, moment: str, outside_them: bool) -> None:
    book = Logbook(tmp_path)
    book.clock.step_wall(-86_400)
    book.set(moment)
    book.verify()
    book.close()

    said = found(book, outside(holidays=[date(2026, 11, 25)]))

    assert [outside_them] == [bool(said)]
    if outside_them:
        assert ((ISSUER, "o1"), ("cm-01",), 1) == (said[0].officer, said[0].centres, said[0].figure)
        assert [0] == [one.index for one in said[0].entries]


def test_questions_outside_hours_are_counted_by_officer_centre_and_day_from_the_threshold_on(book: Logbook) -> None:
    book.set(f"{MONDAY} 20:00")
    visit = book.verify("o1")
    book.look_up(visit)
    book.verify("o2")
    book.verify("o1", centre="lp-01")
    book.set("2026-11-24 20:00")
    book.verify("o1")

    (one,) = found(book, outside(least=2))

    assert ((ISSUER, "o1"), ("cm-01",), 2, 2) == (one.officer, one.centres, one.figure, one.threshold)
    assert "20:00" in one.why.en
    assert "23 พ.ย. 2569" in one.why.th
    assert [] == found(book, outside(least=3))


def test_what_asks_nobody_is_not_outside_hours(book: Logbook) -> None:
    book.set(f"{MONDAY} 20:00")
    book.deny()
    book.write(Kind.BOOT, {"version": "1"})

    assert [] == found(book, outside())


def rows(by_officer: int = 3) -> FailedInARow:
    return FailedInARow.by_officer(by_officer)


@pytest.mark.parametrize(("failures", "named"), [(2, 0), (3, 1), (4, 1)])
def test_failures_in_a_row_are_found_from_the_threshold_on(book: Logbook, failures: int, named: int) -> None:
    for number in range(failures):
        book.verify(result="no_match") if number % 2 else book.deny()

    said = found(book, rows())

    assert named == len(said)
    assert all(failures == one.figure and failures == len(one.entries) for one in said)


def test_a_success_ends_a_row_and_so_one_row_may_be_two(book: Logbook) -> None:
    for _ in range(2):
        book.verify(result="no_match")
    book.verify()
    book.verify(result="card_not_valid")

    assert [] == found(book, rows())


def test_refusals_of_every_working_day_neither_lengthen_a_row_nor_end_it(book: Logbook) -> None:
    book.deny()
    for reason in ("OVERLOADED", "OFFICER_TOKEN_EXPIRED", "VISIT_EXPIRED", "AGENCY_UNAVAILABLE"):
        book.deny(reason=reason)
    book.verify(result="unavailable")
    book.deny()

    assert [] == found(book, rows())
    book.deny()
    assert [3] == [one.figure for one in found(book, rows())]


def test_records_of_one_bundle_are_refused_once_together(book: Logbook) -> None:
    for _ in range(6):
        book.deny(bundle="0190b000-0000-7000-8000-000000000001")

    assert [] == found(book, rows(2))


def test_what_is_only_counted_lengthens_a_counters_row_as_often_as_it_was(book: Logbook) -> None:
    counter = "spiffe://linkage.example/centre/cm-01/counter/1"
    many = {"counter": counter, "centre": "cm-01", "reason": "OFFICER_TOKEN_INVALID", "count": 9, "since_ms": 1, "until_ms": 2}
    book.write(Kind.REFUSED_MANY, many)
    book.deny("o1")
    book.deny("o2")

    (one,) = found(book, FailedInARow.by_counter(11))

    assert (11, None, (counter,), 3) == (one.figure, one.officer, one.counters, len(one.entries))
    assert [] == found(book, FailedInARow.by_counter(12))
    assert [] == found(book, rows(2)), "two officers, one failure each"


def visits_on(book: Logbook, officer: str, day: int, count: int) -> None:
    book.set(f"2026-11-{day:02d} 09:00")
    for _ in range(count):
        book.verify(officer, OTHER_NUMBER)


def far_above(least: int = 5, days: int = 3) -> FarAboveUsual:
    return FarAboveUsual(spreads=6.0, least=least, days=days)


@pytest.mark.parametrize(("visits", "named"), [(8, 0), (9, 1)])
def test_an_officer_far_above_the_centres_usual_is_found(book: Logbook, visits: int, named: int) -> None:
    for day in (23, 24, 25):
        visits_on(book, "o2", day, 2)
    visits_on(book, "o1", 26, visits)

    said = found(book, far_above())

    assert named == len(said)
    for one in said:
        assert ((ISSUER, "o1"), visits, 8.0, 2) == (one.officer, one.figure, one.threshold, one.figures["median"])


def test_a_usual_that_varies_is_left_room(book: Logbook) -> None:
    for day, visits in ((23, 1), (24, 3), (25, 5)):
        visits_on(book, "o2", day, visits)
    visits_on(book, "o1", 26, 12)

    assert [] == found(book, far_above()), "3 + 6 * 1.4826 * 2 is above 12"


def test_below_the_least_number_or_without_enough_days_nothing_is_far_above(book: Logbook) -> None:
    for day in (23, 24, 25):
        visits_on(book, "o2", day, 1)
    visits_on(book, "o1", 26, 9)

    assert [] == found(book, far_above(least=10))
    assert [] == found(book, far_above(days=4))
    assert 1 == len(found(book, far_above(least=9)))


def test_an_officers_own_days_do_not_make_their_rush_usual(book: Logbook) -> None:
    for day in (23, 24, 25):
        visits_on(book, "o2", day, 1)
        visits_on(book, "o1", day, 9)

    assert [9, 9, 9] == [one.figure for one in found(book, far_above())]


def test_every_presence_exception_is_named_with_the_second_officer(book: Logbook) -> None:
    second = {"iss": ISSUER, "sub": "o2"}
    book.verify(assurance="EXCEPTION", exception="bedridden", second_officer=second)
    book.verify(assurance="EXCEPTION", exception="bedridden", second_officer=second, result="no_match")
    book.verify(assurance="THAID")

    (one,) = found(book, PresenceExceptions())

    assert ((ISSUER, "o1"), [0]) == (one.officer, [entry.index for entry in one.entries])
    assert all("bedridden" in text and "o2" in text for text in (one.why.th, one.why.en))


def test_a_finding_names_its_first_entries_and_counts_the_rest(book: Logbook) -> None:
    for _ in range(NAMED + 5):
        book.write(Kind.DENIED, asker("o1", "cm-01") | {"method": "Lookup", "reason": "FIELD_NOT_AGREED"})

    (one,) = found(book, rows())

    assert (NAMED, 5, NAMED + 5) == (len(one.entries), one.more_entries, one.figure)
