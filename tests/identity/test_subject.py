"""What may be an officer's id."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.identity.subject import LONGEST, officer_subject
from linkage.terms import check_digit


@pytest.mark.parametrize(
    "text",
    [
        "1100000000016",
        "officer-1100000000016",
        "1100000000016@doe.example",
        "1-1000-00000-01-6",
        "1 1000 00000 01 6",
        "1.1000.00000.01.6",
        "๑๑๐๐๐๐๐๐๐๐๐๑๖",
        "１１０００００００００１６",
        "001100000000016",
    ],
)
def test_a_citizen_number_in_any_dress_is_no_officer_s_id(text: str) -> None:
    with pytest.raises(ValueError, match="citizen number") as refused:
        officer_subject(text)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "officer-0001",
        "เจ้าหน้าที่ 12",
        "550e8400-e29b-41d4-a716-446655440000",
        "1100000000015",  # thirteen digits whose check digit is wrong
        "x" * LONGEST,
    ],
)
def test_an_opaque_id_is_an_officer_s_id(text: str) -> None:
    assert officer_subject(text) == text


@pytest.mark.parametrize("text", [None, 7, "", "  ", "x" * (LONGEST + 1), "a\nb", "a\x1b[31m", "a\u2028b", "a\u200bb", "a\x00"])
def test_what_no_log_line_should_hold_is_no_officer_s_id(text: object) -> None:
    with pytest.raises(ValueError, match=r"text|characters"):
        officer_subject(text)


@given(st.uuids(version=4), st.integers(0, 10**9))
def test_uuids_and_short_numbers_are_never_taken_for_citizen_numbers(one: uuid.UUID, number: int) -> None:
    assert officer_subject(str(one))
    assert officer_subject(str(number))


@given(st.text("0123456789", min_size=12, max_size=12), st.text("abcxyz-@", max_size=20), st.text("abcxyz-@", max_size=20))
def test_every_citizen_number_is_found_wherever_it_stands(twelve: str, before: str, after: str) -> None:
    with pytest.raises(ValueError, match="citizen number"):
        officer_subject(f"{before}{twelve}{check_digit(twelve)}{after}")
