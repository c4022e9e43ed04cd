"""The cases of a reply: from LED's rows to fields of ours, and whom they are about.

A date is three texts, ``<stem>_dd``, ``<stem>_mm``, ``<stem>_yy``; all three blank is no date. The era is told by the year: above 2400 it
is the Buddhist Era. A year of two digits could be of either era and either century, so nobody can read it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from adapters.led.settings import LedSettings
from linkage.buddhist import checked, from_buddhist
from linkage.sources.adapter import About, Malformed
from linkage.terms import CitizenNumber, FieldName, JuristicNumber, JuristicPerson, PartialDate, PersonName, Subject, Value, VisitPerson

Row = Mapping[str, object]

N = TypeVar("N", CitizenNumber, JuristicNumber)

_BETWEEN = re.compile(r"[\s._/\-\u2010-\u2015\u200b-\u200d\u2060\ufeff]+")
"""What may stand between the digits of a number, seen or not."""


@dataclass(frozen=True, slots=True)
class Member:
    """One value of a case: the keys it stands under, and how their texts are read."""

    keys: tuple[str, ...]
    read: Callable[[Row, tuple[str, ...]], Value | None]

    def is_told(self, row: Row) -> bool:
        """Whether the row speaks of it, be it to say that there is none."""
        return any(key in row for key in self.keys)

    def of(self, row: Row) -> Value | None:
        """Read it; None where the row holds it blank.

        Raises:
            Malformed: a part of it is missing, or it cannot be read.
        """
        return self.read(row, self.keys)


def text(row: Row, key: str) -> str:
    """A text, trimmed, or a whole number as its digits; empty for null.

    Raises:
        Malformed: anything else, or no such key.
    """
    if key not in row:
        raise Malformed(f"expected {key}")
    value = row[key]
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f"expected a text in {key}")


def _as_text(row: Row, keys: tuple[str, ...]) -> str | None:
    return text(row, keys[0]) or None


def _as_date(row: Row, keys: tuple[str, ...]) -> PartialDate | None:
    day, month, year = (text(row, key) for key in keys)
    if not (day or month or year):
        return None
    if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in (day, month)) or not _is_year(year):
        raise Malformed(f"expected day, month and a year of four digits in {keys[0]} to {keys[2]}")
    try:
        if int(year) > 2400:
            return from_buddhist(year + month.zfill(2) + day.zfill(2))
        return checked(PartialDate(int(year), int(month), int(day)))
    except ValueError:
        raise Malformed(f"expected a date in {keys[0]} to {keys[2]}") from None


def _is_year(year: str) -> bool:
    """Four digits, of either era; what lies between the two is neither."""
    return year.isascii() and year.isdigit() and len(year) == 4 and (1900 <= int(year) <= 2100 or int(year) > 2400)


def dated(stem: str) -> Member:
    """A date of three parts."""
    return Member((f"{stem}_dd", f"{stem}_mm", f"{stem}_yy"), _as_date)


def written(key: str) -> Member:
    """A text as LED writes it."""
    return Member((key,), _as_text)


FIELDS: Mapping[FieldName, Mapping[str, Member]] = {
    FieldName("cases"): {
        "prosecuted_on": dated("req"),
        "absolute_receivership_on": dated("abs_prot"),
        "gazetted_on": dated("abs_gaz"),
        "claims_due_on": dated("abs_due"),
        "bankruptcy_ruled_on": dated("bkr_prot"),
        "last_updated": written("lastupdate"),
    },
    FieldName("defendants"): {
        "id": written("df_id"),
        "first_name": written("df_name"),
        "last_name": written("df_surname"),
    },
}
"""Field -> the members of each of its rows. Every field has one row per case, in LED's order."""


def has_value(rows: Sequence[Row], name: FieldName) -> bool:
    """Whether any case came with a value for this field."""
    keys = [key for member in FIELDS[name].values() for key in member.keys]
    return any(row.get(key) is not None and str(row[key]).strip() for row in rows for key in keys)


def fields_of(rows: Sequence[Row], wanted: Sequence[FieldName]) -> Mapping[FieldName, Value | None]:
    """The fields asked for, each with every case; one that some case does not speak of at all is left out.

    Raises:
        Malformed: a value cannot be read.
    """
    told = [name for name in wanted if all(any(member.is_told(row) for member in FIELDS[name].values()) for row in rows)]
    return {name: tuple(_group(row, FIELDS[name]) for row in rows) for name in told}


def _group(row: Row, members: Mapping[str, Member]) -> Mapping[str, Value | None]:
    return {name: member.of(row) for name, member in members.items() if member.is_told(row)}


def about(rows: Sequence[Row], subject: Subject, settings: LedSettings) -> About:
    """Whom the cases are about, as far as they say. The subject only tells what kind of number a ``df_id`` can be."""
    numbers = [text(row, "df_id") if settings.number_in_df_id and "df_id" in row else "" for row in rows]
    match subject:
        case VisitPerson(number):
            return About(number=_odd_one([_number(CitizenNumber, one) for one in numbers], number), name=_name(rows, settings))
        case JuristicPerson(number):
            return About(juristic=_odd_one([_number(JuristicNumber, one) for one in numbers], number))


def parties(rows: Sequence[Row]) -> int:
    """How many differently named defendants the cases have; blanks in a name do not count."""
    return len({tuple("".join(text(row, key).split()) for key in ("df_name", "df_surname") if key in row) for row in rows})


def _name(rows: Sequence[Row], settings: LedSettings) -> PersonName | None:
    row = rows[0]
    if not settings.name_in_df_name or "df_name" not in row or "df_surname" not in row:
        return None
    first, last = text(row, "df_name"), text(row, "df_surname")
    return PersonName(first, last) if first and last else None


def is_number_of(subject: Subject, text: str) -> bool:
    """Whether a text is the subject's number, however its digits are grouped."""
    match subject:
        case VisitPerson(number):
            return _number(CitizenNumber, text) == number
        case JuristicPerson(number):
            return _number(JuristicNumber, text) == number


def _number(kind: type[N], text: str) -> N | None:
    try:
        return kind.parse(_BETWEEN.sub("", text))
    except ValueError:
        return None


def _odd_one(numbers: Sequence[N | None], asked: N) -> N | None:
    """A number that was not asked for if any case names one; else the one that all of them name; None where a case names none."""
    other = next((one for one in numbers if one not in (None, asked)), None)
    return other if other is not None else numbers[0] if None not in numbers else None
