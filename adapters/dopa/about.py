"""Whom a record says it is about."""

from collections.abc import Sequence

from adapters.dopa.values import Record, date, text
from linkage.terms import CitizenNumber, PartialDate, PersonName


def name_of(record: Record) -> PersonName | None:
    """The Thai name of an object with ``firstName``, ``middleName`` and ``lastName``; None without a first name."""
    first, last, middle = _text_of(record, "firstName"), _text_of(record, "lastName"), _text_of(record, "middleName")
    return PersonName(first, last, middle) if first else None


def _text_of(record: Record, key: str) -> str:
    value = record.get(key)
    return "" if value is None else text(key, value) or ""


def birth_date_of(record: Record, key: str) -> PartialDate | None:
    """The birth date, where the record has one."""
    value = record.get(key)
    return None if value is None else date(key, value)


def odd_one(numbers: Sequence[CitizenNumber | None], asked: CitizenNumber) -> CitizenNumber | None:
    """Of the numbers that the parts of one reply echo: one that was not asked for if there is one, else the one that all of them echo.

    None where a part echoes none: it may be anybody's, whatever its neighbours say. A reply that mixes two persons is noticed by
    whoever compares the number.
    """
    other = next((one for one in numbers if one not in (None, asked)), None)
    if other is not None:
        return other
    return asked if numbers and None not in numbers else None
