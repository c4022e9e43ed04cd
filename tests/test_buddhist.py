"""Buddhist Era dates become Common Era in one place."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.buddhist import checked, from_buddhist, thai_date, thai_month, to_buddhist
from linkage.terms import PartialDate

YEAR_2483_LOST_ITS_FIRST_QUARTER = ["24830101", "24830228", "24830331", "24830100"]


@pytest.mark.parametrize(
    ("as_on_card", "common_era"),
    [
        ("25300115", PartialDate(1987, 1, 15)),
        ("25380000", PartialDate(1995)),
        ("25380600", PartialDate(1995, 6)),
        ("24840101", PartialDate(1941, 1, 1)),  # the first year that began in January
        ("24830401", PartialDate(1940, 4, 1)),
        ("24831231", PartialDate(1940, 12, 31)),  # the short year's last day
        ("24820331", PartialDate(1940, 3, 31)),  # the last first quarter of the old count
        ("24820401", PartialDate(1939, 4, 1)),
        ("24820115", PartialDate(1940, 1, 15)),
        ("24700229", PartialDate(1928, 2, 29)),  # a leap day of 1928, in the old year 2470
        ("24700000", PartialDate(1927)),  # where nine of the twelve months lay
    ],
)
def test_a_date_on_the_card_is_read_in_the_years_own_count(as_on_card: str, common_era: PartialDate) -> None:
    assert common_era == from_buddhist(as_on_card)


def test_a_number_is_read_like_its_digits() -> None:
    assert PartialDate(1993, 7, 19) == from_buddhist(25360719)


@pytest.mark.parametrize("never", YEAR_2483_LOST_ITS_FIRST_QUARTER)
def test_the_first_quarter_of_2483_never_was(never: str) -> None:
    with pytest.raises(ValueError, match="never were"):
        from_buddhist(never)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "2530011",
        "253001155",
        "2530-1-1",
        "๒๕๓๐๐๑๑๕",
        "25301301",
        "25300230",
        "25300015",
        "19870115",
        "99999999",
        "00000000",
        " 5300115",
    ],
)
def test_what_is_no_date_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the message is asserted below)
        from_buddhist(wrong)

    assert not wrong or wrong not in str(refused.value)


@given(st.dates(min_value=date(1757, 4, 1), max_value=date(2157, 1, 1)))
def test_every_day_survives_the_way_there_and_back(day: date) -> None:
    when = PartialDate(day.year, day.month, day.day)

    assert when == from_buddhist(to_buddhist(when))


def test_a_day_without_a_month_is_no_date() -> None:
    with pytest.raises(ValueError, match="without a month"):
        checked(PartialDate(1990, 0, 5))


def test_days_and_months_are_written_as_thais_write_them() -> None:
    assert ("21 พ.ย. 2569", "1 ม.ค. 2570") == (thai_date(date(2026, 11, 21)), thai_date(date(2027, 1, 1)))
    assert "ธ.ค. 2569" == thai_month(2026, 12)
