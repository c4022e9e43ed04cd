"""From a value on DBD's wire to a value of ours.

A blank text and null are None. What is neither that nor what the page is known to send is `Malformed`, by the wire's key, never with
the value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from linkage.buddhist import checked, from_buddhist
from linkage.sources.adapter import Malformed
from linkage.terms import FieldName, JuristicNumber, PartialDate, Value

Record = Mapping[str, object]
"""One JSON object of the page."""

COMMON_YEARS = range(1900, 2101)
LAST_YEAR_OF_NEITHER = 2400
"""Both eras come in one format. B.E. 2400 was C.E. 1857, before anybody kept such a register: no year can be meant in both, and
what lies between the two is neither."""

_AMOUNT = re.compile(r"(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wire:
    """Where a field of ours stands on the wire, key below key, and how it is read."""

    path: tuple[str, ...]
    read: Callable[[str, object], Value | None]

    def is_told(self, record: Record) -> bool:
        """Whether the record speaks of it, be it to say that there is none."""
        return self._find(record)[0]

    def of(self, record: Record) -> Value | None:
        """Read it; None where the record says that there is none. Only for what `is_told`.

        Raises:
            Malformed: not what the page is known to send.
        """
        value = self._find(record)[1]
        return None if value is None else self.read(self.path[-1], value)

    def _find(self, record: Record) -> tuple[bool, object]:
        """Whether it is told, and what. A null on the way down says that nothing is below it."""
        at: object = record
        for key in self.path:
            if at is None:
                return True, None
            if not isinstance(at, dict):
                raise Malformed(f"expected an object around {key}")
            if key not in at:
                return False, None
            at = at[key]
        return True, at


def text(key: str, value: object) -> str | None:
    """A text, trimmed; a whole number as its digits, since codes come as either."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f"expected a text in {key}")


def amount(key: str, value: object) -> Decimal | None:
    """Baht: below 10**15, at most four decimals, as a number or a text, with or without commas between the thousands."""
    written = repr(value) if isinstance(value, float) else text(key, value)
    if written is None:
        return None
    if _AMOUNT.fullmatch(written) is None:
        raise Malformed(f"expected an amount in {key}")
    return Decimal(written.replace(",", ""))


def date(key: str, value: object) -> PartialDate | None:
    """``YYYYMMDD`` of either era, told apart by the year; zeros are unknown."""
    digits = text(key, value)
    if digits is None or digits.strip("0") == "":
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) == 8):
        raise Malformed(f"expected YYYYMMDD in {key}")
    year = int(digits[:4])
    try:
        if year > LAST_YEAR_OF_NEITHER:
            return from_buddhist(digits)
        common = checked(PartialDate(year, int(digits[4:6]), int(digits[6:])))
    except ValueError:
        raise Malformed(f"expected a date in {key}") from None
    if year not in COMMON_YEARS:
        raise Malformed(f"expected a year of either era in {key}")
    return common


def juristic_number(key: str, value: object) -> JuristicNumber | None:
    """A juristic number with a right check digit; None where it is blank."""
    digits = None if value is None else text(key, value)
    if digits is None:
        return None
    try:
        return JuristicNumber(digits)
    except ValueError:
        raise Malformed(f"expected a juristic number in {key}") from None


def group(members: Mapping[str, Wire]) -> Callable[[str, object], Mapping[str, Value | None]]:
    """An object; only the members named here are taken, and of these the ones it speaks of."""

    def read(key: str, value: object) -> Mapping[str, Value | None]:
        record = as_record(key, value)
        return {name: wire.of(record) for name, wire in members.items() if wire.is_told(record)}

    return read


def as_record(key: str, value: object) -> Record:
    """An object, or `Malformed`."""
    if not isinstance(value, dict):
        raise Malformed(f"expected an object in {key}")
    return value


Fields = Mapping[FieldName, Wire]
