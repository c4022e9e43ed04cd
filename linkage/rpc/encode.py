"""Writes replies: values of the house become messages of the contract."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from linkage.lookup_terms import RenewedLogin
from linkage.terms import FieldName, Image, PartialDate, PersonCheck, RecordType, SourceName, Value
from linkage.v1 import agency_session_pb2, lookup_pb2, record_pb2

CHECKS: Mapping[PersonCheck | None, lookup_pb2.PersonCheck.ValueType] = {
    None: lookup_pb2.PERSON_CHECK_UNSPECIFIED,
    **{check: lookup_pb2.PersonCheck.Value(f"PERSON_CHECK_{check.name}") for check in PersonCheck},
}
"""How the contract words how a record's person was made sure of; None where there is no record."""


def encode_record(
    record_type: RecordType, source: SourceName, fields: Sequence[tuple[FieldName, Value | None]], received_ms: int
) -> record_pb2.Record:
    """One record; fields in the order asked."""
    return record_pb2.Record(**record_members(record_type, source, fields, received_ms))


def record_members(record_type: RecordType, source: SourceName, fields: Sequence[tuple[FieldName, Value | None]], received_ms: int) -> Any:
    """The same as members, for the message that is made around it."""
    # Groups, not messages, down to the leaves: the library copies each message into the one around it, again at every level.
    return {
        "record_type": record_type,
        "source": source,
        "received_at": _moment(received_ms),
        "fields": [_field(name, value) for name, value in fields],
    }


def _field(name: str, value: Value | None) -> Any:
    """The members of one field; None is a field without value."""
    return {"name": name} if value is None else {"name": name, "value": _value(value)}


def _value(value: Value) -> Any:  # noqa: PLR0911 (one return a kind of value)
    """The members of one typed value."""
    match value:
        case str():
            return {"text": value}
        case bool():
            return {"flag": value}
        case Decimal():
            return {"number": {"value": format(value, "f")}}
        case PartialDate(year, month, day):
            return {"date": {"year": year, "month": month, "day": day}}
        case Image(media_type, content):
            return {"image": {"media_type": media_type, "content": content}}
        case tuple():
            return {"list": {"values": [_value(inner) for inner in value]}}
        case Mapping():
            return {"group": {"fields": [_field(n, inner) for n, inner in value.items()]}}
        case _:
            raise TypeError(f"no value of a record: {type(value).__name__}")


def _moment(ms: int) -> Any:
    return {"seconds": ms // 1000, "nanos": ms % 1000 * 1_000_000}


def timestamp(ms: int) -> Timestamp:
    """Milliseconds since 1970 as a timestamp."""
    return Timestamp(**_moment(ms))


def encode_session(renewed: RenewedLogin, source: SourceName) -> agency_session_pb2.AgencySession:
    """An officer's login that was renewed on the way."""
    return agency_session_pb2.AgencySession(
        token=renewed.token, expires_at=timestamp(renewed.expires_at * 1000), source=source, recipient=renewed.recipient
    )
