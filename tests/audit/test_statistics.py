"""Statistics: what a centre shows of itself, counted from true entries."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.audit.asked import Came
from linkage.audit.record import Kind
from linkage.audit.statistics import Availability, Figures, Month, Statistics, count, percentile, together
from linkage.runtime.statistics_page import longest_text
from tests.audit.logbook import Logbook, asker, at
from tests.audit.world import OTHER_NUMBER

NOVEMBER, DECEMBER = Month(2026, 11), Month(2026, 12)
HERE = (NOVEMBER, "cm-01", "jobseeker_registration")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Logbook]:
    book = Logbook(tmp_path)
    yield book
    book.close()


def counted(book: Logbook, first: Month = NOVEMBER, last: Month = NOVEMBER) -> Statistics:
    with book.reader() as reader:
        return count(reader, lambda _: True, first, last)


def test_visits_verifications_and_records_are_counted_by_what_came_of_them(book: Logbook) -> None:
    visit = book.verify()
    for result in ("no_match", "card_not_valid", "unavailable"):
        book.verify(result=result)
    for result in ("found", "found", "not_found", "AGENCY_UNAVAILABLE", "AGENCY_REFUSED", "cancelled"):
        book.look_up(visit, result)
    book.deny(reason="FIELD_NOT_AGREED")
    book.deny(reason="OVERLOADED")
    book.deny(reason="EVIDENCE_NOT_AGREED", method="VerifyIdentity", types=[])
    book.write(Kind.BOOT, {"version": "1"})

    figures = counted(book).figures[HERE]

    assert 1 == figures.visits
    assert Counter({"match": 1, "no_match": 1, "card_not_valid": 1, "unavailable": 1, "refused": 1}) == figures.verifications
    expected = {Came.FOUND: 2, Came.NOT_FOUND: 1, Came.UNAVAILABLE: 1, Came.REFUSED: 2, Came.UNFINISHED: 2}
    assert Counter(expected) == figures.records


def test_a_visit_by_exception_is_a_visit_that_asked_nobody(book: Logbook) -> None:
    facts = asker("o1", "cm-01") | {"method": "VerifyIdentity", "assurance": "EXCEPTION", "source": "dopa"}
    book.question(facts, {"result": "match"}, book.sealing.new_key(OTHER_NUMBER), OTHER_NUMBER.reveal(), 10)

    statistics = counted(book)

    assert 1 == statistics.figures[HERE].visits
    assert {} == statistics.sources


def test_copies_come_from_the_ends_of_bundles(book: Logbook) -> None:
    for needless in (5, 3):
        facts = asker("o1", "cm-01") | {"method": "LookupBundle", "copies_not_needed": needless, "copies_in_all": 6}
        book.write(Kind.BUNDLE, facts)

    figures = counted(book).figures[HERE]

    assert (2, 8, 12) == (figures.bundles, figures.copies_not_needed, figures.copies_in_all)


def test_months_are_those_of_thailand_and_of_the_question(book: Logbook) -> None:
    book.set("2026-11-30 23:59")
    book.verify(ms=120_000)
    book.verify()

    both = counted(book, NOVEMBER, DECEMBER).figures
    december = counted(book, DECEMBER, DECEMBER).figures

    assert {NOVEMBER: 1, DECEMBER: 1} == {month: one.visits for (month, _, _), one in both.items()}
    assert {DECEMBER: 1} == {month: one.visits for (month, _, _), one in december.items()}


def test_what_is_not_shown_is_not_counted(book: Logbook) -> None:
    book.verify()
    book.verify(centre="lp-01")

    with book.reader() as reader:
        statistics = count(reader, lambda access: access.text("centre") == "lp-01", NOVEMBER, NOVEMBER)

    assert ["lp-01"] == [centre for _, centre, _ in statistics.figures]


def test_times_are_those_of_answers_of_the_agency_and_of_the_whole(book: Logbook) -> None:
    visit = book.verify(ms=30)
    for ms in (20, 50, 40):
        book.look_up(visit, ms=ms)
    book.look_up(visit, "AGENCY_UNAVAILABLE", ms=9_000)

    figures = counted(book).figures[HERE]

    assert Counter([20, 10, 40, 30]) == figures.answer_ms
    assert Counter([30, 20, 50, 40]) == figures.whole_ms


@pytest.mark.parametrize(
    ("times", "median", "most"),
    [([], None, None), ([7], 7, 7), (range(1, 101), 50, 95), ([1, 1, 1, 900], 1, 900), ([1, 2], 1, 2)],
    ids=["none", "one", "a hundred", "one slow", "two"],
)
def test_a_percentile_is_a_time_that_was_taken(times: list[int], median: int | None, most: int | None) -> None:
    counted = Counter(times)

    assert (median, most) == (percentile(counted, 0.5), percentile(counted, 0.95))


def test_a_source_that_was_down_shows_its_share_and_its_longest_stretch(book: Logbook) -> None:
    visit = book.verify()
    for result, minutes in (
        ("AGENCY_UNAVAILABLE", 1),
        ("found", 1),
        ("AGENCY_UNAVAILABLE", 10),
        ("AGENCY_UNAVAILABLE", 5),
        ("AGENCY_REFUSED", 0),
        ("AGENCY_UNAVAILABLE", 1),
        ("not_found", 1),
    ):
        book.look_up(visit, result, ms=0, types=["sso.employment"], source="sso")
        book.wait(minutes=minutes)

    sources = counted(book).sources

    assert Availability(asked=7, unavailable=4, longest_ms=10 * 60_000) == sources[NOVEMBER, "sso"]
    assert 4 / 7 == sources[NOVEMBER, "sso"].share
    assert Availability(asked=1) == sources[NOVEMBER, "dopa"]


def test_a_source_was_asked_also_where_it_refused_and_where_an_officer_logged_in(book: Logbook) -> None:
    visit = book.verify()
    book.look_up(visit, "AGENCY_REFUSED", types=["dep.disability_card"], source="dep")
    book.look_up(visit, "OVERLOADED", types=["sso.employment"], source="sso")
    book.look_up(visit, "cancelled", types=["sso.employment"], source="sso")
    book.login(source="dopa")

    sources = counted(book).sources

    assert {(NOVEMBER, "dopa"): Availability(asked=2), (NOVEMBER, "dep"): Availability(asked=1)} == sources


def test_a_stretch_over_the_end_of_a_month_is_the_months_in_which_it_began(book: Logbook) -> None:
    book.set("2026-11-30 23:50")
    book.verify(result="unavailable", ms=0)
    book.wait(minutes=20)
    book.verify(result="unavailable", ms=0)

    sources = counted(book, NOVEMBER, DECEMBER).sources

    assert [20 * 60_000, 0] == [sources[month, "dopa"].longest_ms for month in (NOVEMBER, DECEMBER)]


def test_one_question_without_an_answer_is_shown_as_one_and_not_as_no_time_at_all() -> None:
    stretches = (Availability(3), Availability(3, 1), Availability(3, 2, 61_000))

    assert ["–", "1×", "0:01:01"] == [longest_text(one) for one in stretches]


def test_figures_of_several_services_add_up(book: Logbook) -> None:
    book.look_up(book.verify())
    book.look_up(book.verify(service="labour_complaint"), "not_found")

    statistics = counted(book)
    whole = together(statistics.figures.values())

    assert 2 == len(statistics.figures)
    assert (2, 1, 1, 4) == (whole.visits, whole.records[Came.FOUND], whole.records[Came.NOT_FOUND], sum(whole.answer_ms.values()))
    assert Figures() == together([])


def test_a_month_follows_another_and_begins_at_midnight_in_thailand() -> None:
    assert (Month(2027, 1), "2026-12") == (DECEMBER.next, str(DECEMBER))
    assert at("2026-12-01 00:00") == DECEMBER.begins_ms
    assert (NOVEMBER, DECEMBER) == (Month.of(DECEMBER.begins_ms - 1), Month.of(DECEMBER.begins_ms))


def test_nobody_stands_in_the_figures(book: Logbook) -> None:
    book.verify("officer-0001", OTHER_NUMBER)

    said = repr(counted(book))

    assert OTHER_NUMBER.reveal() not in said
    assert "officer-0001" not in said
