"""Reads what an auditor looks for. A criterion is a name; a citizen number in the place of one is refused by its field."""

from google.protobuf.timestamp_pb2 import Timestamp

from linkage.inspection import CRITERIA, Sought
from linkage.numbers import holds_citizen_number
from linkage.rpc.reading import Reading
from linkage.v1 import audit_pb2 as pb

_LONGEST = 300
_LAST_SECOND = 253_402_300_799  # the end of the year 9999


def read_filter(reading: Reading, wanted: pb.EntryFilter) -> Sought:
    """What a filter asks for; what is wrong is noted."""
    criteria = {name: read_criterion(reading, f"filter.{name}", value) for name in CRITERIA if (value := getattr(wanted, name))}
    if "officer_issuer" in criteria and "officer" not in criteria:
        reading.wrong("filter.officer", "is required with officer_issuer")
    since_ms, until_ms = read_span(reading, "filter.", *span_of(wanted))
    return Sought(
        criteria=criteria,
        number=reading.citizen_number("filter.citizen_number", wanted.citizen_number) if wanted.citizen_number else None,
        visit=reading.uuid("filter.visit", wanted.visit) if wanted.visit else None,
        since_ms=since_ms,
        until_ms=until_ms,
    )


def read_criterion(reading: Reading, field: str, text: str) -> str:
    """A name as entries hold them: one line, at most 300 characters, and nobody's number."""
    if len(text) > _LONGEST or not text.isprintable() or text != text.strip():
        reading.wrong(field, f"one line of at most {_LONGEST} characters, without spaces around it, is required")
    elif holds_citizen_number(text):
        reading.wrong(field, "a citizen number is looked for by citizen_number alone")
    return text


def span_of(wanted: pb.EntryFilter | pb.ListAccessesRequest) -> tuple[Timestamp | None, Timestamp | None]:
    """From when and until when, None where absent."""
    return wanted.since if wanted.HasField("since") else None, wanted.until if wanted.HasField("until") else None


def read_span(reading: Reading, prefix: str, since: Timestamp | None, until: Timestamp | None) -> tuple[int | None, int | None]:
    """The same in Unix time, ms; what is wrong is noted under ``prefix``."""
    since_ms = None if since is None else _ms(reading, f"{prefix}since", since)
    until_ms = None if until is None else _ms(reading, f"{prefix}until", until)
    if since_ms is not None and until_ms is not None and since_ms > until_ms:
        reading.wrong(f"{prefix}until", "a time not before since is required")
    return since_ms, until_ms


def _ms(reading: Reading, field: str, at: Timestamp) -> int:
    if not (0 <= at.seconds <= _LAST_SECOND and 0 <= at.nanos < 1_000_000_000):
        reading.wrong(field, "a time from 1970 to 9999 is required")
        return 0
    whole, rest = divmod(at.nanos, 1_000_000)
    return at.seconds * 1000 + whole + bool(rest)  # entries have whole milliseconds: none lies between
