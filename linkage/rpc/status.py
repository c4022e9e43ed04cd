"""Turns errors into statuses: the only place that does, through one table (`linkage.rpc.reasons`).

A status carries google.rpc.ErrorInfo (reason, who can mend it, the request id that the log knows, whose quota is used up), BadRequest with the wrong
fields, RetryInfo where waiting helps and `grpc-retry-pushback-ms` (-1 where it takes long or does not help), LocalizedMessage in
Thai and English, and the log's Receipt.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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

_RETRY_WHERE_SILENT = {Reason.AUDIT_UNAVAILABLE: 1.0, Reason.AGENCY_UNAVAILABLE: 5.0, Reason.REQUEST_IN_PROGRESS: 0.5}
"""Seconds to wait where the refusal itself does not know."""

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
    row = TABLE[refusal.reason]
    th_name, en_name = names.get(refusal.source or "", NAMELESS)
    en, th = row.en.replace("{source}", en_name), row.th.replace("{source}", th_name)
    metadata = {"request_id": request_id, "who": row.who}
    if refusal.source:
        metadata["source"] = refusal.source
    if refusal.reason is Reason.AGENCY_QUOTA_EXHAUSTED and refusal.detail:
        metadata["quota"] = refusal.detail
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=refusal.reason.value, domain=DOMAIN, metadata=metadata),
        error_details_pb2.LocalizedMessage(locale="th", message=th),
        error_details_pb2.LocalizedMessage(locale="en", message=en),
    ]
    if refusal.violations:
        told = refusal.violations[:_MOST_VIOLATIONS]
        wrong = [error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description) for v in told]
        details.append(error_details_pb2.BadRequest(field_violations=wrong))
    wait = wait_of(refusal)
    soon = wait is not None and wait <= _LONGEST_PUSHBACK
    trailers: list[tuple[str, str | bytes]] = [("grpc-retry-pushback-ms", str(round((wait or 0) * 1000)) if soon else "-1")]
    if wait is not None:
        details.append(error_details_pb2.RetryInfo(retry_delay=duration(wait)))
    first = "".join(f" {v.field}: {v.description}" for v in refusal.violations[:1])
    message = f"{refusal.reason.value}: {en}{first}"
    status = status_pb2.Status(code=row.code.value[0], message=message, details=[_packed(d) for d in details])
    if isinstance(refusal.receipt, Receipt):
        proof = _packed(encode_receipt(refusal.receipt))
        if status.ByteSize() + proof.ByteSize() <= _LARGEST:  # a larger one can be fetched, by the request id
            status.details.append(proof)
    trailers.append(("grpc-status-details-bin", status.SerializeToString()))
    return WireStatus(row.code, status.message, tuple(trailers))


def wait_of(refusal: Refusal) -> float | None:
    """Seconds after which asking again may help; None where waiting does not help."""
    return refusal.retry_after if refusal.retry_after is not None else _RETRY_WHERE_SILENT.get(refusal.reason)


def encode_receipt(receipt: Receipt) -> receipt_pb2.Receipt:
    """The log's receipt as the contract words it."""
    return receipt_pb2.Receipt(entry_id=receipt.entry_id, index=receipt.index, leaf=receipt.leaf, tlog_proof=receipt.tlog_proof)


def duration(seconds: float) -> duration_pb2.Duration:
    """Seconds, to the millisecond."""
    milliseconds = round(seconds * 1000)
    return duration_pb2.Duration(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
