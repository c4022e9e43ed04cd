"""A record's values as Python has them."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from linkage.errors import LinkageError
from linkage.terms import FieldName, Image, PartialDate, Value
from linkage.v1 import record_pb2


class ValueKindUnknown(LinkageError):
    """The gateway speaks a newer contract than this client."""


def record_values(record: record_pb2.Record) -> dict[FieldName, Value | None]:
    """The fields in the order asked; None where the source holds no value.

    Text is `str`, a number `Decimal`, a flag `bool`, a date `PartialDate` (Common Era, 0 for unknown parts), a list a tuple, a group
    a dict.

    Raises:
        ValueKindUnknown: the gateway is newer than this client.
    """
    return _fields(record.fields)


def _fields(fields: Iterable[record_pb2.Field]) -> dict[FieldName, Value | None]:
    return {FieldName(field.name): _value(field.value) if field.HasField("value") else None for field in fields}


def _value(value: record_pb2.Value) -> Value:
    kind = value.WhichOneof("kind")
    if kind is None:
        raise ValueKindUnknown("a kind of value that this client is too old to know")  # to read it as empty would make it a no
    return _READ[kind](value)


def _group(value: record_pb2.Value) -> Mapping[str, Value | None]:
    return {str(name): inner for name, inner in _fields(value.group.fields).items()}


_READ: Mapping[str, Callable[[record_pb2.Value], Value]] = {
    "text": lambda value: value.text,
    "number": lambda value: Decimal(value.number.value),
    "flag": lambda value: value.flag,
    "date": lambda value: PartialDate(value.date.year, value.date.month, value.date.day),
    "image": lambda value: Image(value.image.media_type, value.image.content),
    "list": lambda value: tuple(_value(inner) for inner in value.list.values),
    "group": _group,
}
