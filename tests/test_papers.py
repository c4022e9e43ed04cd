"""Which papers are still needed, from how each record ended."""

from typing import Any

import pytest

from linkage.catalogue.services import Document, Need, Sureness, Text
from linkage.errors import Reason
from linkage.papers import Came, PaperNeed, Standing, Why, papers
from linkage.terms import FieldName, RecordType, SubjectKind

PERSON, LICENCE = RecordType("dopa.person"), RecordType("dlt.driving_licence")
NAME, NUMBER = FieldName("first_name"), FieldName("licence_number")
CONNECTED = {PERSON, LICENCE}
HERE = Text("เหตุผล", "reason")


def document(*needs: Need, **changes: Any) -> Document:
    written: dict[str, Any] = {
        "id": "paper",
        "name": Text("เอกสาร", "paper"),
        "issued_by": Text("หน่วยงาน", "agency"),
        "originals": 0,
        "copies": 1,
        "sure": Sureness.CONFIRMED,
        "condition": None,
        "optional": False,
        "needs": needs,
        "not_found_settles": False,
        "paper": None if needs else HERE,
    }
    return Document(**(written | changes))


def standing(came: Came, *fields: FieldName, reason: Reason | None = None) -> Standing:
    asked = fields or (NAME,)
    return Standing(came, SubjectKind.PERSON, asked, frozenset(asked if came is Came.FOUND else ()), reason)


PERSON_NEED, LICENCE_NEED = Need(PERSON, (NAME,)), Need(LICENCE, (NUMBER,))


def test_a_paper_is_needless_only_where_every_record_for_it_was_found() -> None:
    both = document(PERSON_NEED, LICENCE_NEED)
    found = {PERSON: standing(Came.FOUND), LICENCE: standing(Came.FOUND, NUMBER)}

    assert [(p.need, p.why) for p in papers([both], found, CONNECTED)] == [(PaperNeed.NO_COPY, Why.ANSWERED)]
    for missing in (PERSON, LICENCE):
        (one,) = papers([both], {**found, missing: standing(Came.NOT_FOUND, *found[missing].asked)}, CONNECTED)
        assert (one.need, one.why, one.source) == (PaperNeed.ASK, Why.NOT_FOUND, missing.partition(".")[0])


@pytest.mark.parametrize(
    ("came", "reason", "why"),
    [
        (Came.NOT_FOUND, None, Why.NOT_FOUND),
        (Came.REFUSED, Reason.NO_AGREEMENT, Why.REFUSED),
        (Came.UNAVAILABLE, Reason.AGENCY_UNAVAILABLE, Why.UNAVAILABLE),
    ],
)
def test_whatever_is_not_found_keeps_the_paper_and_says_why(came: Came, reason: Reason | None, why: Why) -> None:
    (one,) = papers([document(PERSON_NEED)], {PERSON: standing(came, reason=reason)}, CONNECTED)

    assert (one.need, one.why, one.reason, one.source) == (PaperNeed.ASK, why, reason, "dopa")


def test_no_such_record_settles_a_paper_only_where_the_catalogue_says_so() -> None:
    asked = {PERSON: standing(Came.NOT_FOUND)}

    (one,) = papers([document(PERSON_NEED, not_found_settles=True)], asked, CONNECTED)

    assert (one.need, one.why) == (PaperNeed.NO_COPY, Why.SETTLED)


@pytest.mark.parametrize("came", [Came.REFUSED, Came.UNAVAILABLE])
def test_what_nobody_can_tell_never_settles_a_paper(came: Came) -> None:
    asked = {PERSON: standing(came, reason=Reason.AGENCY_UNAVAILABLE)}

    (one,) = papers([document(PERSON_NEED, not_found_settles=True)], asked, CONNECTED)

    assert one.need is PaperNeed.ASK


def test_a_record_that_was_not_asked_for_keeps_the_paper() -> None:
    (one,) = papers([document(PERSON_NEED)], {}, CONNECTED)

    assert (one.need, one.why) == (PaperNeed.ASK, Why.NOT_ASKED)


def test_a_record_asked_for_without_a_field_that_the_paper_shows_keeps_it() -> None:
    (one,) = papers([document(Need(PERSON, (NAME, NUMBER)))], {PERSON: standing(Came.FOUND, NAME)}, CONNECTED)

    assert (one.need, one.why) == (PaperNeed.ASK, Why.PARTLY_ASKED)


def test_a_record_about_somebody_else_answers_for_no_paper() -> None:
    company = Standing(Came.FOUND, SubjectKind.JURISTIC, (NAME,), frozenset({NAME}))
    none_of_the_company = Standing(Came.NOT_FOUND, SubjectKind.JURISTIC, (NAME,))

    for standing_of_the_company in (company, none_of_the_company):
        (one,) = papers([document(PERSON_NEED, not_found_settles=True)], {PERSON: standing_of_the_company}, CONNECTED)
        assert (one.need, one.why) == (PaperNeed.ASK, Why.NOT_ASKED)
    (own,) = papers([document(Need(PERSON, (NAME,), SubjectKind.JURISTIC))], {PERSON: company}, CONNECTED)
    assert own.need is PaperNeed.NO_COPY


def test_a_record_without_a_value_that_the_paper_shows_keeps_it_unless_the_catalogue_says_it_may_lack_it() -> None:
    without_name = Standing(Came.FOUND, SubjectKind.PERSON, (NAME, NUMBER), frozenset({NUMBER}))

    strict, lenient = papers(
        [document(Need(PERSON, (NAME, NUMBER))), document(Need(PERSON, (NAME, NUMBER), may_lack=frozenset({NAME})))],
        {PERSON: without_name},
        CONNECTED,
    )

    assert (strict.need, strict.why) == (PaperNeed.ASK, Why.EMPTY)
    assert lenient.need is PaperNeed.NO_COPY


def test_what_the_officer_must_see_in_a_record_is_left_to_the_officer() -> None:
    checked = document(PERSON_NEED, check=HERE)

    (found,) = papers([checked], {PERSON: standing(Came.FOUND)}, CONNECTED)
    (down,) = papers([checked], {PERSON: standing(Came.UNAVAILABLE, reason=Reason.AGENCY_UNAVAILABLE)}, CONNECTED)

    assert (found.need, down.need) == (PaperNeed.NO_COPY_IF, PaperNeed.ASK)


def test_what_is_demanded_of_some_only_is_counted_for_nobody_whatever_the_agencies_say() -> None:
    conditional = document(PERSON_NEED, condition=HERE, not_found_settles=True)

    for came in Came:
        (one,) = papers([conditional], {PERSON: standing(came)}, CONNECTED)
        assert not one.counts


def test_an_agency_that_is_not_connected_keeps_the_paper() -> None:
    (one,) = papers([document(LICENCE_NEED)], {}, {PERSON})

    assert (one.need, one.why, one.source) == (PaperNeed.ASK, Why.NOT_CONNECTED, "dlt")


def test_a_paper_that_no_record_stands_for_stays() -> None:
    (one,) = papers([document()], {}, CONNECTED)

    assert (one.need, one.why) == (PaperNeed.ASK, Why.STAYS)


@pytest.mark.parametrize("changes", [{"condition": HERE}, {"optional": True}])
def test_what_is_demanded_under_a_condition_only_is_asked_for_under_it(changes: dict[str, Any]) -> None:
    kept, needless = papers([document(**changes), document(PERSON_NEED, **changes)], {PERSON: standing(Came.FOUND)}, CONNECTED)

    assert (kept.need, needless.need) == (PaperNeed.ASK_IF, PaperNeed.NO_COPY)


def test_forms_photos_and_what_may_not_be_demanded_at_all_are_no_copies() -> None:
    form = document(copies=0, originals=1)
    conditional = document(condition=HERE)
    copy = document()
    certificate = document(PERSON_NEED, copies=0, originals=1)

    assert [p.counts for p in papers([form, conditional, copy, certificate], {}, CONNECTED)] == [False, False, True, True]
