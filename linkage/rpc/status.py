"""Turns errors into statuses: the only place that does, through one table (`linkage.rpc.reasons`).

A status carries google.rpc.ErrorInfo (reason, who can mend it, the request id that the log knows, whose quota is used up), BadRequest with the wrong
fields, RetryInfo where waiting helps and `grpc-retry-pushback-ms` (-1 where it takes long or does not help), LocalizedMessage in
Thai and English, and the log's Receipt.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from linkage.audit.receipt import Receipt
from linkage.errors import AuditUnavailable, LogCorrupt, Reason, Refusal
from linkage.rpc.reasons import TABLE
from linkage.rpc.sentences import NAMELESS
from linkage.v1 import receipt_pb2

DOMAIN = "linkage"


_RETRY_WHERE_SILENT = {
    Reason.AUDIT_UNAVAILABLE: 1.0,
    Reason.AGENCY_UNAVAILABLE: 5.0,
    Reason.OVERLOADED: 1.0,
    Reason.REQUEST_IN_PROGRESS: 0.5,
}
"""Seconds to wait, more or less, where the refusal itself does not know: those refused together must not come back together."""

_LONGEST_PUSHBACK = 2.0
"""Seconds. gRPC sleeps a pushback out inside the call, and past its deadline reports DEADLINE_EXCEEDED in the place of our reason: a
longer wait is told by RetryInfo alone, and the pushback says not to try again by itself."""


_MOST_VIOLATIONS = 20
"""Wrong fields told in one status."""

_LARGEST = 5_600
"""Bytes of the details: clients drop trailers of more than 8 KiB now and then, of more than 16 always, and base64 takes a third more."""


@dataclass(frozen=True, slots=True)
class WireStatus:
    """What a gRPC call is ended with."""

    code: grpc.StatusCode
    message: str
    trailers: tuple[tuple[str, str | bytes], ...]


def refusal_of(error: BaseException) -> Refusal:
    """The refusal that an exception means; what was not foreseen is INTERNAL, without its text."""
    match error:
        case Refusal():
            return error
        case AuditUnavailable():
            return Refusal(Reason.AUDIT_UNAVAILABLE)
        case LogCorrupt():
            return Refusal(Reason.LOG_CORRUPT)
        case _:
            return Refusal(Reason.INTERNAL)


def status_of(refusal: Refusal, request_id: str, names: Mapping[str, tuple[str, str]]) -> WireStatus:
    """Build the status. ``names``: for each source its Thai and English name, for the sentences."""
    quota = refusal.detail if refusal.reason is Reason.AGENCY_QUOTA_EXHAUSTED else ""
    told = _told(refusal.reason, refusal.source or "", names.get(refusal.source or "", NAMELESS), quota)
    cause = error_details_pb2.ErrorInfo(reason=refusal.reason.value, domain=DOMAIN, metadata={**told.metadata, "request_id": request_id})
    parts, message = [told.details, status_pb2.Status(details=[_packed(cause)]).SerializeToString()], told.message
    if refusal.violations:
        shown = refusal.violations[:_MOST_VIOLATIONS]
        wrong = [error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description) for v in shown]
        message += f" {shown[0].field}: {shown[0].description}"
        bad = _packed(error_details_pb2.BadRequest(field_violations=wrong))
        parts.append(status_pb2.Status(message=message, details=[bad]).SerializeToString())
    wait = wait_of(refusal)
    if wait is not None:
        parts.append(_waiting(round(wait * 1000)))
    if isinstance(refusal.receipt, Receipt):
        proof = status_pb2.Status(details=[_packed(encode_receipt(refusal.receipt))]).SerializeToString()
        if sum(map(len, parts)) + len(proof) <= _LARGEST:  # a larger one can be fetched, by the request id
            parts.append(proof)
    pushback = "-1" if wait is None or wait > _LONGEST_PUSHBACK else str(round(wait * 1000))
    # Messages written one behind the other are one message: lists go on, and the last text counts.
    return WireStatus(told.code, message, (("grpc-retry-pushback-ms", pushback), ("grpc-status-details-bin", b"".join(parts))))


def wait_of(refusal: Refusal) -> float | None:
    """Seconds after which asking again may help; None where waiting does not help. At random around what is meant, where the refusal does not say."""
    if refusal.retry_after is not None or refusal.reason not in _RETRY_WHERE_SILENT:
        return refusal.retry_after
    return _RETRY_WHERE_SILENT[refusal.reason] * random.uniform(0.75, 1.25)  # noqa: S311 (nothing depends on its being hard to guess)


@dataclass(frozen=True, slots=True)
class _Told:
    """What every refusal for one reason says alike. ``details``: a google.rpc.Status with the sentences; ``metadata``: of ErrorInfo."""

    code: grpc.StatusCode
    message: str
    details: bytes
    metadata: Mapping[str, str]


@lru_cache(maxsize=1024)
def _told(reason: Reason, source: str, named: tuple[str, str], quota: str) -> _Told:
    """Made once: the more are refused, the less each refusal may cost."""
    row = TABLE[reason]
    th_name, en_name = named
    en, th = row.en.replace("{source}", en_name), row.th.replace("{source}", th_name)
    metadata = {"who": row.who}
    if source:
        metadata["source"] = source
    if quota:
        metadata["quota"] = quota
    details = (
        error_details_pb2.LocalizedMessage(locale="th", message=th),
        error_details_pb2.LocalizedMessage(locale="en", message=en),
    )
    message = f"{reason.value}: {en}"
    status = status_pb2.Status(code=row.code.value[0], message=message, details=[_packed(detail) for detail in details])
    return _Told(row.code, message, status.SerializeToString(), metadata)


@lru_cache(maxsize=4096)
def _waiting(milliseconds: int) -> bytes:
    """What a google.rpc.Status says of how long to wait."""
    retry = error_details_pb2.RetryInfo(retry_delay=duration(milliseconds / 1000))
    waiting: bytes = status_pb2.Status(details=[_packed(retry)]).SerializeToString()
    return waiting


def encode_receipt(receipt: Receipt) -> receipt_pb2.Receipt:
    """The log's receipt as the contract words it."""
    return receipt_pb2.Receipt(**receipt_members(receipt))


def receipt_members(receipt: Receipt) -> Any:
    """The same as members, for the message that is made around it: a message would be copied."""
    return {"entry_id": receipt.entry_id, "index": receipt.index, "leaf": receipt.leaf, "tlog_proof": receipt.tlog_proof}


def duration(seconds: float) -> duration_pb2.Duration:
    """Seconds, to the millisecond."""
    milliseconds = round(seconds * 1000)
    return duration_pb2.Duration(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
