"""Whose record it is: by number, by name and birth date, or nobody can tell; and never another person's."""

import pytest

from linkage.sources.adapter import About
from linkage.sources.same_person import Expected, same_juristic, same_person
from linkage.terms import CitizenNumber, JuristicNumber, PartialDate, PersonCheck, PersonName

OWN, OTHER = CitizenNumber("1100000000016"), CitizenNumber("1100000000024")
NAME, ANOTHER = PersonName("สมมติ", "ทดสอบระบบ"), PersonName("ใครอีกคน", "ทดสอบระบบ")
BORN = PartialDate(1987, 1, 15)
SHOWN = Expected(OWN, NAME, BORN)


def by_dates(one: PartialDate, other: PartialDate) -> PersonCheck | None:
    return same_person(About(name=NAME, birth_date=one), Expected(OWN, NAME, other))


def test_an_echoed_number_decides_where_no_name_speaks_against_it() -> None:
    for about in (About(OWN), About(OWN, NAME), About(OWN, NAME, BORN), About(OWN, PersonName("สมมติ", "ทดสอบระบบ", "กลาง"))):
        assert same_person(about, SHOWN) is PersonCheck.NUMBER
    assert same_person(About(OWN, ANOTHER), Expected(OWN, None, None)) is PersonCheck.NUMBER


def test_another_number_is_another_person_whatever_else_agrees() -> None:
    assert same_person(About(OTHER, NAME, BORN), SHOWN) is None


def test_another_name_is_another_person_even_under_the_right_number() -> None:
    for number in (OWN, None):
        assert same_person(About(number, ANOTHER, BORN), SHOWN) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (PersonName("Som Mut", "THOTSOPRABOP"), PersonName("sommut", "Thotsoprabop"), True),
        (PersonName("นำ", "ทดสอบ"), PersonName("นํา", "ทดสอบ"), True),
        (PersonName("สมมติ", "ทดสอบ", "กลาง"), PersonName("สมมติ", "ทดสอบ", " กลาง "), True),
        (PersonName("สมมติ", "ทดสอบ", "กลาง"), PersonName("สมมติ", "ทดสอบ", " "), True),
        (PersonName("สมมติ", "ทดสอบ", "กลาง"), PersonName("สมมติ", "ทดสอบ", "อื่น"), False),
        (PersonName("สมมติ", "ทดสอบ"), PersonName("สมมติ", "ทดสอบระบบ"), False),
    ],
    ids=["letters and spaces", "sara am", "spaces of a middle name", "no middle name", "another middle name", "another family name"],
)
def test_a_name_is_the_same_however_it_is_spelt(one: PersonName, other: PersonName, same: bool) -> None:
    for about, shown in [(one, other), (other, one)]:
        check = same_person(About(OWN, about), Expected(OWN, shown, None))
        assert check is (PersonCheck.NUMBER if same else None)


def test_without_a_number_name_and_birth_date_decide_together() -> None:
    assert same_person(About(None, NAME, BORN), SHOWN) is PersonCheck.NAME_AND_BIRTH_DATE
    assert same_person(About(None, NAME, PartialDate(1987, 1, 16)), SHOWN) is None
    for about in (About(), About(name=NAME), About(birth_date=BORN)):
        assert same_person(about, SHOWN) is PersonCheck.CANNOT_BE_TOLD


@pytest.mark.parametrize(
    ("year_only", "whole"),
    [
        (PartialDate(1937), PartialDate(1937, 4, 1)),
        (PartialDate(1937), PartialDate(1937, 2, 1)),
        (PartialDate(1937), PartialDate(1938, 1, 1)),
        (PartialDate(1937), PartialDate(1938, 3, 31)),
        (PartialDate(1937), PartialDate(1938, 2)),
        (PartialDate(1939), PartialDate(1940, 3, 31)),
        (PartialDate(1955), PartialDate(1955, 12, 31)),
    ],
)
def test_a_birth_year_alone_agrees_with_every_day_that_it_may_mean(year_only: PartialDate, whole: PartialDate) -> None:
    assert by_dates(year_only, whole) is by_dates(whole, year_only) is PersonCheck.NAME_AND_BIRTH_DATE


@pytest.mark.parametrize(
    ("year_only", "other"),
    [
        (PartialDate(1937), PartialDate(1938, 4, 1)),
        (PartialDate(1937), PartialDate(1939, 1, 1)),
        (PartialDate(1937), PartialDate(1936, 12, 31)),
        (PartialDate(1937), PartialDate(1938)),
        (PartialDate(1940), PartialDate(1941, 1, 1)),  # B.E. 2483 ended in December
        (PartialDate(1955), PartialDate(1956, 1, 1)),
        (PartialDate(1937, 12), PartialDate(1938, 1, 1)),
    ],
)
def test_a_birth_year_alone_does_not_agree_with_any_other_year(year_only: PartialDate, other: PartialDate) -> None:
    assert by_dates(year_only, other) is by_dates(other, year_only) is None


@pytest.mark.parametrize(
    ("said", "check"),
    [("0995500000014", PersonCheck.NUMBER), ("0995500000022", None), (None, PersonCheck.CANNOT_BE_TOLD)],
    ids=["same", "another", "unsaid"],
)
def test_a_juristic_person_is_told_by_its_number(said: str | None, check: PersonCheck | None) -> None:
    about = About(juristic=JuristicNumber(said) if said else None)

    assert same_juristic(about, JuristicNumber("0995500000014")) is check
