"""From a value on Linkage Center's wire to a value of ours.

Numbers come as JSON numbers from one service and as strings from the next; a blank text, null and (where it stands for "none")
zero are None. What is none of these is `Malformed`, by the field's wire name, never with the value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from linkage.buddhist import from_buddhist
from linkage.sources.adapter import Malformed
from linkage.terms import CitizenNumber, FieldName, PartialDate, Value

Record = Mapping[str, object]
"""One JSON object of a ``responseData``."""

NO_END = 99_999_999
"""The expiry date of a life-long card (RECALLED)."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Where a field of ours stands on the wire, and how it is read.

    ``optional``: DOPA's documents name the key for some replies only, so that a reply without it says that there is no value. Without
    any other key, a reply does not speak of the field, and nobody may take it for absent.
    """

    key: str
    read: Callable[[str, object], Value | None]
    optional: bool = False

    def is_told(self, record: Record) -> bool:
        """Whether the record speaks of it, be it to say that there is none."""
        return self.optional or self.key in record

    def of(self, record: Record) -> Value | None:
        """Read it; None where the record says that there is none. Only for what `is_told`.

        Raises:
            Malformed: not what the service's documents say.
        """
        value = record.get(self.key)
        return None if value is None else self.read(self.key, value)


def text(key: str, value: object) -> str | None:
    """A text, trimmed; a number as its digits (codes come as either)."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f"expected a text in {key}")


def number(key: str, value: object) -> Decimal | None:
    """A whole number that is not negative, below 10**15."""
    digits = text(key, value)
    if digits is None:
        return None
    if not _is_digits(digits) or len(digits) > 15:
        raise Malformed(f"expected a whole number in {key}")
    return Decimal(digits)


def date(key: str, value: object) -> PartialDate | None:
    """A Buddhist Era ``YYYYMMDD``; zero is unknown."""
    digits = text(key, value)
    if digits is None or digits.strip("0") == "":
        return None
    try:
        return from_buddhist(digits)
    except ValueError:
        raise Malformed(f"expected a Buddhist Era date in {key}") from None


def expiry(key: str, value: object) -> PartialDate | None:
    """A date; None, too, where there is no end."""
    return None if text(key, value) == str(NO_END) else date(key, value)


def is_life_long(key: str, value: object) -> bool | None:
    """Whether an expiry date says that there is no end; None where it says nothing."""
    if text(key, value) == str(NO_END):
        return True
    return None if date(key, value) is None else False


def digits_of(length: int) -> Callable[[str, object], str | None]:
    """A number that names something, ``length`` digits with its leading zeros; zero is none."""

    def read(key: str, value: object) -> str | None:
        digits = text(key, value)
        if digits is None or digits.strip("0") == "":
            return None
        if not _is_digits(digits) or len(digits) > length:
            raise Malformed(f"expected {length} digits in {key}")
        return digits.zfill(length)

    return read


person_number = digits_of(13)


def citizen_number(key: str, value: object) -> CitizenNumber | None:
    """A citizen number with a right check digit, as a reply echoes it; None where it is absent or zero."""
    digits = None if value is None else person_number(key, value)
    if digits is None:
        return None
    try:
        return CitizenNumber(digits)
    except ValueError:
        raise Malformed(f"expected a citizen number in {key}") from None


def group(members: Mapping[str, Wire]) -> Callable[[str, object], Mapping[str, Value | None]]:
    """An object; only the members named here are taken, and of these the ones it speaks of."""

    def read(key: str, value: object) -> Mapping[str, Value | None]:
        record = as_record(key, value)
        return {name: wire.of(record) for name, wire in members.items() if wire.is_told(record)}

    return read


def rows(members: Mapping[str, Wire]) -> Callable[[str, object], tuple[Value, ...]]:
    """An array of objects, in the order of the wire."""
    read_one = group(members)

    def read(key: str, value: object) -> tuple[Value, ...]:
        if not isinstance(value, list):
            raise Malformed(f"expected an array in {key}")
        return tuple(read_one(key, item) for item in value)

    return read


def as_record(key: str, value: object) -> Record:
    """An object, or `Malformed`."""
    if not isinstance(value, dict):
        raise Malformed(f"expected an object in {key}")
    return value


Fields = Mapping[FieldName, Wire]


def fields(**wires: Wire) -> Fields:
    """Give the fields of a record type by our names."""
    return {FieldName(name): wire for name, wire in wires.items()}


def _is_digits(digits: str) -> bool:
    return digits.isascii() and digits.isdigit()
