"""The contract's smaller print: how a record is made, and the word beside a verdict."""

import pytest

from linkage.sources import checked
from linkage.sources.adapter import Found, Unavailable, Verified
from linkage.terms import FieldName, PartialDate, RecordType, Verdict

BOAT, NAME, LENGTH = RecordType("harbour.boat"), FieldName("name"), FieldName("length")


def boat(found: Found) -> object:
    return checked.answers({BOAT: found}, {BOAT: (NAME,)})[BOAT]


@pytest.mark.parametrize(
    "found",
    [
        Found(None),  # type: ignore[arg-type]
        Found({NAME: "x"}, about=None),  # type: ignore[arg-type]
        Found({NAME: "x"}, also_sent=None),  # type: ignore[arg-type]
        Found({NAME: "x"}, also_sent=(1,)),  # type: ignore[arg-type]
        Found({NAME: "x"}, also_sent="length"),  # type: ignore[arg-type]
        Found({NAME: PartialDate(2563, 1, 1)}),  # a Buddhist Era year that nobody converted
        Found({NAME: (PartialDate(1020, 1, 1),)}),  # and one that was converted twice
    ],
)
def test_a_record_that_is_not_made_as_agreed_is_unavailable(found: Found) -> None:
    assert boat(found) == Unavailable("adapter failed")


@pytest.mark.parametrize("found", [Found({}), Found({LENGTH: "x"}, also_sent=(LENGTH,))])
def test_a_field_that_the_answer_does_not_speak_of_is_left_to_be_missed_and_named(found: Found) -> None:
    assert boat(found) == found


@pytest.mark.parametrize("verdict", Verdict)
def test_the_word_beside_any_verdict_names_nobody_and_the_verdict_stands(verdict: Verdict) -> None:
    for why in ("1101700230708", "สมมติ", None):
        said = checked.verified(Verified(verdict, why=why))  # type: ignore[arg-type]
        assert said == (Unavailable("unspecified") if verdict is Verdict.UNAVAILABLE else Verified(verdict, why="unspecified"))


@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.UNAVAILABLE])
def test_a_sound_word_stays_and_a_wait_that_is_none_is_left_out(verdict: Verdict) -> None:
    for why in ("", "code 99"):
        assert checked.verified(Verified(verdict, why=why, retry_after=3.0)) == Verified(verdict, why=why, retry_after=3.0)
        assert checked.verified(Verified(verdict, why=why, retry_after=-1.0)) == Verified(verdict, why=why)
