from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.buddhist import to_buddhist
from linkage.sources.rest.dates import DateFormat, Era
from linkage.terms import PartialDate

MONTHS = ("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.")
FULL = ("มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม")
FORMATS = ("YYYY-MM-DD", "YYYYMMDD", "DD/MM/YYYY", "D/M/YYYY", "D MMM YYYY", "D MMMM YYYY", "YYYY-MM-DDT*")
days = st.dates(date(1858, 1, 1), date(2150, 12, 31))


def spelled(form: str, year: str, month: int, day: int) -> str:
    """A date in a format, written by hand rather than by the code under test."""
    parts = {
        "YYYY-MM-DD": f"{year}-{month:02d}-{day:02d}",
        "YYYYMMDD": f"{year}{month:02d}{day:02d}",
        "DD/MM/YYYY": f"{day:02d}/{month:02d}/{year}",
        "D/M/YYYY": f"{day}/{month}/{year}",
        "D MMM YYYY": f"{day} {MONTHS[month - 1]} {year}",
        "D MMMM YYYY": f"{day} {FULL[month - 1]} {year}",
        "YYYY-MM-DDT*": f"{year}-{month:02d}-{day:02d}T23:59:59.999+07:00",
    }
    return parts[form]


@settings(deadline=None)
@given(days, st.sampled_from(FORMATS))
def test_every_day_of_the_common_era_is_read_back(day: date, form: str) -> None:
    text = spelled(form, f"{day.year:04d}", day.month, day.day)
    for era in (Era.CE, Era.BY_YEAR):
        assert DateFormat.of(form, era).read(text) == PartialDate(day.year, day.month, day.day)


@settings(deadline=None)
@given(days, st.sampled_from(FORMATS))
def test_every_day_of_the_buddhist_era_is_read_back(day: date, form: str) -> None:
    """The old new year of April included: `to_buddhist` knows it."""
    when = PartialDate(day.year, day.month, day.day)
    buddhist = to_buddhist(when)
    text = spelled(form, buddhist[:4], day.month, day.day)
    assert DateFormat.of(form, Era.BE).read(text) == when
    if int(buddhist[:4]) > 2400:
        assert DateFormat.of(form, Era.BY_YEAR).read(text) == when


@settings(deadline=None)
@given(st.integers(1800, 2200), st.integers(0, 12))
def test_unknown_days_and_months_are_read_only_where_the_manifest_says_so(year: int, month: int) -> None:
    text = f"{year:04d}-{month:02d}-00"
    assert DateFormat.of("YYYY-MM-DD", Era.CE, partial=True).read(text) == PartialDate(year, month)
    with pytest.raises(ValueError, match="unknown day or month"):
        DateFormat.of("YYYY-MM-DD", Era.CE).read(text)


@settings(deadline=None)
@given(st.text("0123456789/-.:Tกม๐๑", min_size=1, max_size=30), st.sampled_from(FORMATS), st.sampled_from(list(Era)))
def test_any_text_is_a_date_or_refused_without_being_repeated(text: str, form: str, era: Era) -> None:
    said = ""
    try:
        DateFormat.of(form, era, partial=True).read(text)
    except ValueError as refused:
        said = str(refused)
    assert text not in said


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("YYYY-MM-DD", "2025-02-30"),
        ("YYYY-MM-DD", "2025-13-01"),
        ("YYYY-MM-DD", "2025-2-1"),
        ("YYYY-MM-DD", "2025-02-01 "),
        ("YYYY-MM-DD", "๒๐๒๕-๐๒-๐๑"),
        ("YYYY-MM-DD", "2568-02-01"),
        ("YYYY-MM-DD", "0000-00-00"),
        ("YYYY-MM-DDT*", "2025-02-01T23:30:00Z"),
        ("YYYY-MM-DDT*", "2025-02-01T23:30:00+00:00"),
        ("D MMM YYYY", "1 มค. 2025"),
    ],
)
def test_what_is_no_such_date_is_refused(form: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        DateFormat.of(form, Era.CE, partial=True).read(text)


def test_a_common_era_year_is_not_taken_for_a_buddhist_one() -> None:
    with pytest.raises(ValueError, match="Buddhist Era"):
        DateFormat.of("YYYY-MM-DD", Era.BE).read("2025-02-01")


@pytest.mark.parametrize(
    "form", ["", "DD/MM", "YY-MM-DD", "YYYY-DD", "YYYY-MM-DD YYYY", "YYYY-MM-MMM", "YYYY-mm-dd", "YYYY-MM-DDTHH:MM", "YYYY-MM-DD-DD"]
)
def test_a_format_that_says_no_date_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match="format"):
        DateFormat.of(form, Era.CE)


def test_a_year_alone_is_a_date() -> None:
    assert DateFormat.of("YYYY", Era.BE).read("2568") == PartialDate(2025)
    assert DateFormat.of("MM/YYYY", Era.BE).read("02/2568") == PartialDate(2025, 2)
