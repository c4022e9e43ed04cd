"""From a value on GDX's wire to a value of ours.

DBD's service writes everything as text; Linkage writes numbers, and others write them as text. A blank text and null are None, and so is zero
where it stands for none. What is none of these is `Malformed`, by the field's wire key, never with the value.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from linkage.buddhist import from_buddhist
from linkage.sources.adapter import Malformed
from linkage.terms import FieldName, JuristicNumber, PartialDate, Value

Record = Mapping[str, object]
"""One JSON object."""

_AMOUNT = re.compile(r"(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wire:
    """Where a field of ours stands on the wire, and how it is read. A reply without the key does not speak of it."""

    key: str
    read: Callable[[str, object], Value | None]

    def of(self, record: Record) -> Value | None:
        """Read it; None where the record says that there is none. Only where the record has the key.

        Raises:
            Malformed: not what the documents say.
        """
        value = record[self.key]
        return None if value is None else self.read(self.key, value)


Fields = Mapping[FieldName, Wire]


def fields(**wires: Wire) -> Fields:
    """Give the fields of a record type by our names."""
    return {FieldName(name): wire for name, wire in wires.items()}


def told(known: Fields, wanted: Sequence[FieldName], record: Record) -> dict[FieldName, Value | None]:
    """Of the fields asked for, those that the record speaks of."""
    return {name: known[name].of(record) for name in wanted if known[name].key in record}


def unasked(known: Fields, wanted: Sequence[FieldName], record: Record) -> tuple[FieldName, ...]:
    """Fields that came with something in them and were not asked for."""
    return tuple(name for name, wire in known.items() if name not in wanted and record.get(wire.key) not in (None, "", [], {}))


def text(key: str, value: object) -> str | None:
    """A text, trimmed; a whole number as its digits (codes come as either)."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f"expected a text in {key}")


def amount(key: str, value: object) -> Decimal | None:
    """A number that is not negative: below 10**15, at most four decimals, with or without commas between the thousands."""
    written = repr(value) if isinstance(value, float) else text(key, value)
    if written is None:
        return None
    if _AMOUNT.fullmatch(written) is None:
        raise Malformed(f"expected an amount in {key}")
    return Decimal(written.replace(",", ""))


def date(key: str, value: object) -> PartialDate | None:
    """A Buddhist Era ``YYYYMMDD``; zero is unknown."""
    digits = text(key, value)
    if digits is None or digits.strip("0") == "":
        return None
    try:
        return from_buddhist(digits)
    except ValueError:
        raise Malformed(f"expected a Buddhist Era date in {key}") from None


def juristic_number(key: str, value: object) -> JuristicNumber | None:
    """A juristic number with a right check digit; None where there is none."""
    digits = None if value is None else text(key, value)
    if digits is None:
        return None
    try:
        return JuristicNumber(digits)
    except ValueError:
        raise Malformed(f"expected a juristic number in {key}") from None


def rows(**members: Wire) -> Callable[[str, object], tuple[Value, ...]]:
    """An array of objects, in the order of the wire; only the members named here are taken, and of these the ones a row speaks of."""

    def read(key: str, value: object) -> tuple[Value, ...]:
        if not isinstance(value, list):
            raise Malformed(f"expected an array in {key}")
        return tuple(_row(key, row) for row in value)

    def _row(key: str, row: object) -> Mapping[str, Value | None]:
        record = as_record(key, row)
        return {name: wire.of(record) for name, wire in members.items() if wire.key in record}

    return read


def as_record(key: str, value: object) -> Record:
    """An object, or `Malformed`."""
    if not isinstance(value, dict):
        raise Malformed(f"expected an object in {key}")
    return value
