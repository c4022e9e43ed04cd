"""Buddhist Era dates become Common Era here, and nowhere else.

B.E. is C.E. + 543, except that until B.E. 2483 the year began on 1 April: January to March of B.E. 2482 and earlier
belong to the following Common Era year (C.E. = B.E. - 542), and January to March of B.E. 2483 never were.
"""

from datetime import date

from linkage.terms import PartialDate

_FIRST_JANUARY_YEAR = 2484
"""The first B.E. year that began in January (1 January 1941)."""


def from_buddhist(text: str | int) -> PartialDate:
    """Read ``YYYYMMDD`` of the Buddhist Era, ``00`` for an unknown month or day.

    With an unknown month before B.E. 2484 the year is B.E. - 543, where nine of its twelve months lay.

    Raises:
        ValueError: not eight digits, no such date, or not a B.E. year (2300 to 2700); the message never repeats the text.
    """
    digits = str(text)
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        raise ValueError("not YYYYMMDD")
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if not 2300 <= year <= 2700:
        raise ValueError("not a Buddhist Era year")
    return checked(PartialDate(_common_year(year, month), month, day))


def _common_year(year: int, month: int) -> int:
    in_first_quarter = 1 <= month <= 3
    if in_first_quarter and year == _FIRST_JANUARY_YEAR - 1:
        raise ValueError("January to March of B.E. 2483 never were")
    return year - 542 if in_first_quarter and year < _FIRST_JANUARY_YEAR else year - 543


def to_buddhist(when: PartialDate) -> str:
    """Write a Common Era date as B.E. ``YYYYMMDD``: the inverse of `from_buddhist`."""
    year = when.year + 543
    if 1 <= when.month <= 3 and year <= _FIRST_JANUARY_YEAR - 1:
        year -= 1
    return f"{year:04d}{when.month:02d}{when.day:02d}"


def checked(when: PartialDate) -> PartialDate:
    """Give the date back if it can be one: month 0 only with day 0, a real day otherwise.

    Raises:
        ValueError: no such date; the message never repeats it.
    """
    if when.month == 0 and when.day != 0:
        raise ValueError("a day without a month")
    try:
        date(when.year, when.month or 1, when.day or 1)
    except ValueError:
        raise ValueError("no such date") from None  # the original message names the day
    return when


_MONTHS = ("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.")


def thai_month(year: int, month: int) -> str:
    """A month of a Common Era year after 1940 as Thais write it, e.g. ``พ.ย. 2569``."""
    return f"{_MONTHS[month - 1]} {year + 543}"


def thai_date(day: date) -> str:
    """A day after 1940 as Thais write it, e.g. ``21 พ.ย. 2569``."""
    return f"{day.day} {thai_month(day.year, day.month)}"
