"""Numbers that name people: one normal form, and never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.terms import CardLaser, CitizenNumber, DataKey, JuristicNumber, PartialDate, PersonName, Secret, check_digit

NUMBER = "1100000000016"


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        "1-1000-00000-01-6",
        "1 1000 00000 01 6",
        f"  {NUMBER}\n",
        "๑๑๐๐๐๐๐๐๐๐๐๑๖",
        "１１０００００００００１６",
        "1-๑000-００000-01-6",
    ],
)
def test_every_spelling_people_type_is_one_number(typed: str) -> None:
    assert CitizenNumber(NUMBER) == CitizenNumber.parse(typed)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "1100000000017",
        "110000000001",
        "11000000000166",
        "1100000000016\x00",
        "\u200f1100000000016",
        "11000000000l6",
        "1100000000016" * 800,
        "१1000000000１6",
        "1_100_000_000_016",
    ],
)
def test_anything_else_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the message is asserted below)
        CitizenNumber.parse(wrong)

    assert not wrong or wrong not in str(refused.value)


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_one_wrong_digit_is_always_noticed(twelve: str) -> None:
    right = twelve + str(check_digit(twelve))
    other_check_digit = twelve + str((check_digit(twelve) + 1) % 10)

    assert right == CitizenNumber(right).reveal()
    with pytest.raises(ValueError, match="check digit"):
        CitizenNumber(other_check_digit)


def test_a_citizen_and_a_juristic_person_are_never_equal() -> None:
    assert CitizenNumber("0000000000001") != JuristicNumber("0000000000001")


def test_nothing_personal_or_secret_is_shown_by_repr() -> None:
    shown = repr(
        (
            CitizenNumber(NUMBER),
            Secret("secret"),
            PartialDate(1987, 1, 15),
            PersonName("สมมติ", "ทดสอบ"),
            DataKey(b"id", b"key bytes"),
            CardLaser(CitizenNumber(NUMBER), PersonName("สมมติ", "ทดสอบ"), PartialDate(1987, 1, 15), Secret("ZZ9900000001")),
        )
    )

    assert not [part for part in (NUMBER, "secret", "1987", "สมมติ", "key bytes", "ZZ99") if part in shown]
