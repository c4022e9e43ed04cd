"""Writes replies: values of the house become messages of the contract."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2

from linkage.lookup_terms import RenewedLogin
from linkage.terms import FieldName, Image, PartialDate, RecordType, SourceName, Value
from linkage.v1 import agency_session_pb2, record_pb2


def encode_record(
    record_type: RecordType, source: SourceName, fields: Sequence[tuple[FieldName, Value | None]], received_ms: int
) -> record_pb2.Record:
    """One record; fields in the order asked."""
    return record_pb2.Record(
        record_type=record_type,
        source=source,
        received_at=timestamp(received_ms),
        fields=[encode_field(name, value) for name, value in fields],
    )


def encode_field(name: str, value: Value | None) -> record_pb2.Field:
    """One field; None is a field without value."""
    return record_pb2.Field(name=name, value=None if value is None else encode_value(value))


def encode_value(value: Value) -> record_pb2.Value:  # noqa: PLR0911 (one return a kind of value)
    """One typed value."""
    match value:
        case bool():
            return record_pb2.Value(flag=value)
        case str():
            return record_pb2.Value(text=value)
        case Decimal():
            return record_pb2.Value(number=decimal_pb2.Decimal(value=format(value, "f")))
        case PartialDate(year, month, day):
            return record_pb2.Value(date=date_pb2.Date(year=year, month=month, day=day))
        case Image(media_type, content):
            return record_pb2.Value(image=record_pb2.Image(media_type=media_type, content=content))
        case tuple():
            return record_pb2.Value(list=record_pb2.List(values=[encode_value(inner) for inner in value]))
        case Mapping():
            return record_pb2.Value(group=record_pb2.Group(fields=[encode_field(n, inner) for n, inner in value.items()]))
        case _:
            raise TypeError(f"no value of a record: {type(value).__name__}")


def timestamp(ms: int) -> Timestamp:
    """Milliseconds since 1970 as a timestamp."""
    return Timestamp(seconds=ms // 1000, nanos=ms % 1000 * 1_000_000)


def encode_session(renewed: RenewedLogin, source: SourceName) -> agency_session_pb2.AgencySession:
    """An officer's login that was renewed on the way."""
    return agency_session_pb2.AgencySession(
        token=renewed.token, expires_at=timestamp(renewed.expires_at * 1000), source=source, recipient=renewed.recipient
    )
