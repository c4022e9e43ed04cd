"""From a value in an agency's JSON to a value of ours: where it stands, what kind it is, how it is written.

Reusable on its own: whoever speaks JSON over another protocol maps its replies with `Field` and `read`.

Two silences are told apart. Null, an empty text and whatever word the agency uses for "none" are None: it holds no value. A key that is
not there is `ABSENT`: the reply does not speak of it, and the field is left out. What is neither a value nor a silence is `Malformed`,
by the field's name, never with the value.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum, auto

from linkage.sources.adapter import Malformed
from linkage.sources.checked import LARGEST_IMAGE
from linkage.sources.rest.dates import DateFormat
from linkage.sources.rest.expressions import ABSENT, Absent, Expression
from linkage.terms import FieldName, Image, PartialDate, Value

MOST_DIGITS = 40
"""Digits and places of a number: no amount of a register needs more."""

_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")


class Kind(StrEnum):
    """The kind of a field's value, as ``records.toml`` says."""

    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    DATE = auto()
    IMAGE = auto()
    LIST = auto()
    GROUP = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field stands in its record, and how it is read.

    ``none``: texts that mean "no value", compared trimmed. ``absent_means_none``: the agency leaves the key out where it holds no value.
    ``dates`` for a date; ``yes`` and ``no``: the words of a flag beside true and false; ``separator``: between a number's thousands;
    ``media_type`` for an image, Base64 on the wire; ``members`` of a group, or of each item of a list; ``item``: of a list of plain
    values, how each is read.
    """

    name: FieldName
    path: Expression
    kind: Kind = Kind.TEXT
    none: frozenset[str] = frozenset({""})
    absent_means_none: bool = False
    dates: DateFormat | None = None
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    separator: str = ""
    media_type: str = "image/jpeg"
    members: tuple["Field", ...] = ()
    item: "Field | None" = None


def read(field: Field, record: object) -> Value | Absent | None:
    """Read one field of a record.

    Raises:
        Malformed: its value is not of its kind.
    """
    value = field.path.of(record)
    if value is ABSENT:
        return None if field.absent_means_none else ABSENT
    return read_value(field, value)


def read_value(field: Field, value: object) -> Value | None:
    """Read a value by its field's kind, wherever it stood.

    Raises:
        Malformed: it is not of that kind.
    """
    if value is None or (isinstance(value, str) and value.strip() in field.none):
        return None
    return _READERS[field.kind](field, value)


def text_of(name: str, value: object) -> str:
    """A text, trimmed; a whole number as its digits, since codes come as either.

    Raises:
        Malformed: anything else.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f"expected a text in {name}")


def _text(field: Field, value: object) -> str:
    return text_of(field.name, value)


def _number(field: Field, value: object) -> Decimal:
    try:
        number = Decimal(str(value)) if isinstance(value, int | Decimal) and not isinstance(value, bool) else _typed_number(field, value)
    except (InvalidOperation, ValueError):
        raise Malformed(f"expected a number in {field.name}") from None
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS or len(number.as_tuple().digits) > 2 * MOST_DIGITS:
        raise Malformed(f"expected a number in {field.name}")
    return number


def _typed_number(field: Field, value: object) -> Decimal:
    if not isinstance(value, str):
        raise ValueError("not a number")  # noqa: TRY004 (its only caller tells every failure alike)
    text = value.strip()
    if field.separator and field.separator in text:
        parts = text.partition(".")[0].split(field.separator)
        if any(len(part) != 3 for part in parts[1:]):
            raise ValueError("thousands that are none")
        text = text.replace(field.separator, "")
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("not a number")
    return Decimal(text)


def _flag(field: Field, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = text_of(field.name, value)
    if (word in field.yes) is (word in field.no):
        raise Malformed(f"expected a word for yes or no in {field.name}")
    return word in field.yes


def _date(field: Field, value: object) -> PartialDate:
    if field.dates is None:
        raise Malformed(f"expected a format for {field.name}")
    try:
        return field.dates.read(text_of(field.name, value))
    except ValueError:
        raise Malformed(f"expected a date in {field.name}") from None


def _image(field: Field, value: object) -> Image:
    if not isinstance(value, str) or len(value) > LARGEST_IMAGE * 2:
        raise Malformed(f"expected an image in {field.name}")
    try:
        content = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"expected Base64 in {field.name}") from None
    if not 0 < len(content) <= LARGEST_IMAGE:
        raise Malformed(f"expected an image in {field.name}")
    return Image(field.media_type, content)


def _group(field: Field, value: object) -> Mapping[str, Value | None]:
    if not isinstance(value, dict):
        raise Malformed(f"expected an object in {field.name}")
    found = ((member.name, read(member, value)) for member in field.members)
    return {name: one for name, one in found if not isinstance(one, Absent)}


def _list(field: Field, value: object) -> tuple[Value, ...]:
    if not isinstance(value, list):
        raise Malformed(f"expected an array in {field.name}")
    return tuple(_item(field, one) for one in value)


def _item(field: Field, value: object) -> Value:
    item = _group(field, value) if field.item is None else read_value(field.item, value)
    if item is None:
        raise Malformed(f"expected a value in every item of {field.name}")
    return item


_READERS: Mapping[Kind, Callable[[Field, object], Value]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.DATE: _date,
    Kind.IMAGE: _image,
    Kind.LIST: _list,
    Kind.GROUP: _group,
}
