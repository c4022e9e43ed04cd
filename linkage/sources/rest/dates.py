"""Dates as agencies write them: a format, and the era of its year."""

import re
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Self

from linkage.buddhist import checked, from_buddhist
from linkage.terms import PartialDate

_MONTHS = (
    ("มกราคม", "ม.ค."),
    ("กุมภาพันธ์", "ก.พ."),
    ("มีนาคม", "มี.ค."),
    ("เมษายน", "เม.ย."),
    ("พฤษภาคม", "พ.ค."),
    ("มิถุนายน", "มิ.ย."),
    ("กรกฎาคม", "ก.ค."),
    ("สิงหาคม", "ส.ค."),
    ("กันยายน", "ก.ย."),
    ("ตุลาคม", "ต.ค."),
    ("พฤศจิกายน", "พ.ย."),
    ("ธันวาคม", "ธ.ค."),
)
_MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}

_TOKENS = {
    "YYYY": ("year", "[0-9]{4}"),
    "MMMM": ("name", "|".join(re.escape(full) for full, _ in _MONTHS)),
    "MMM": ("name", "|".join(re.escape(short) for _, short in _MONTHS)),
    "MM": ("month", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"),
    "DD": ("day", "[0-9]{2}"),
    "D": ("day", "[0-9]{1,2}"),
    "T*": ("time", r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:\+07:?00)?"),
}
"""A time of day is read over; one of another zone than Thailand's could mean another day, and is not taken."""

_TOKEN = re.compile("YYYY|YY|MMMM|MMM|MM|M|DD|D|T[*]|[^A-Za-z]|.", re.DOTALL)

FORMATS = "YYYY, MM or M (MMM and MMMM: Thai month names), DD or D, T* for a time of day, and what stands between them"


class Era(StrEnum):
    """How a year counts."""

    CE = auto()
    BE = auto()
    BY_YEAR = auto()
    """Of the Buddhist Era from 2400 on, else of the Common Era."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A format ready to read with. ``partial``: ``00`` for a day, or a day and a month, that is not known."""

    pattern: re.Pattern[str]
    era: Era
    partial: bool

    @classmethod
    def of(cls, written: str, era: Era, *, partial: bool = False) -> Self:
        """Make it from its written form.

        Raises:
            ValueError: not a format; the message says what one is.
        """
        names: list[str] = []
        pattern = ""
        for token in _TOKEN.findall(written):
            if token in _TOKENS:
                name, part = _TOKENS[token]
                names.append(name)
                pattern += f"(?P<{name}>{part})" if names.count(name) == 1 else ""
            elif token.isalpha():
                raise ValueError(f"a format of {FORMATS}")
            else:
                pattern += re.escape(token)
        has_month = names.count("month") + names.count("name")
        if names.count("year") != 1 or has_month > 1 or names.count("day") > has_month or len(set(names)) != len(names):
            raise ValueError("a format with the whole year once, and a day only with a month")
        return cls(re.compile(pattern), era, partial)

    def read(self, text: str) -> PartialDate:
        """Read a date.

        Raises:
            ValueError: not this format, no such date, or a year that its era cannot mean; the message never repeats the text.
        """
        found = self.pattern.fullmatch(text)
        if found is None:
            raise ValueError("not in the format")
        parts = found.groupdict()
        month = _MONTH_NUMBERS[parts["name"]] if parts.get("name") else int(parts.get("month") or 0)
        day = int(parts.get("day") or 0)
        unknown = ("month" in parts and month == 0) or ("day" in parts and day == 0)
        if unknown and not self.partial:
            raise ValueError("an unknown day or month")
        return _common(int(parts["year"]), month, day, self.era)


def _common(year: int, month: int, day: int, era: Era) -> PartialDate:
    if era is Era.BE or (era is Era.BY_YEAR and year > 2400):
        return from_buddhist(f"{year:04d}{month:02d}{day:02d}")
    if not 1800 <= year <= 2200:
        raise ValueError("not a Common Era year of a living register")
    return checked(PartialDate(year, month, day))
