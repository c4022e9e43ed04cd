"""What a counter meets where it does not get an answer: one exception, read from google.rpc details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from linkage.errors import LinkageError, Violation
from linkage.v1 import receipt_pb2

M = TypeVar("M", bound=Message)

NOT_REACHED = "GATEWAY_NOT_REACHED"
"""No gateway answered: no network, not running, or TLS failed (a certificate that one of both sides does not accept)."""
NO_ANSWER_IN_TIME = "NO_ANSWER_IN_TIME"
"""The deadline passed. Whether the request was carried out is not known: ask again with the same client request id."""
NOT_OURS = "UNEXPECTED_STATUS"
"""A status that no gateway of ours gives, e.g. from a proxy between."""

_OWN: Mapping[grpc.StatusCode, tuple[str, str, str]] = {
    grpc.StatusCode.UNAVAILABLE: (
        NOT_REACHED,
        "ติดต่อระบบกลางไม่ได้ โปรดตรวจเครือข่ายและใบรับรองของเคาน์เตอร์ แล้วลองใหม่",
        "The gateway cannot be reached. Check the network and the counter's certificate, then try again.",
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: (
        NO_ANSWER_IN_TIME,
        "ไม่ได้รับคำตอบภายในเวลาที่กำหนด ไม่ได้หมายความว่าไม่พบข้อมูล โปรดลองใหม่",
        "No answer came in time. That does not mean that nothing was found. Try again.",
    ),
}
_ELSE = (NOT_OURS, "ได้รับคำตอบที่ไม่คาดคิด โปรดแจ้งผู้ดูแลระบบ", "An unexpected status came back. Tell your administrator.")


@dataclass(frozen=True, slots=True)
class Explained:
    """What a status says in its details; None where it is not a gateway's."""

    reason: str
    who: str
    request_id: str
    source: str | None
    sentence_th: str
    sentence_en: str
    retry_after: float | None
    violations: tuple[Violation, ...]
    receipt: receipt_pb2.Receipt | None


class Refused(LinkageError):
    """The gateway refused, or no gateway answered. Nothing in it is about a person.

    Attributes:
        reason: why, as `proto/linkage/v1/reason.proto` names it without its prefix; or NOT_REACHED, NO_ANSWER_IN_TIME, NOT_OURS.
        code: the gRPC status code's name.
        who: who can mend it: counter, officer, agency, operator or nobody.
        request_id: under which the log knows the request; empty where no gateway answered.
        source: the agency that is the cause, where one is.
        sentence_th, sentence_en: what to tell the officer.
        retry_after: seconds to wait before asking again; None where waiting does not help.
        violations: the request's fields that are wrong.
        receipt: proof that the refusal is in the log, where an entry records it.
    """

    def __init__(self, code: grpc.StatusCode, explained: Explained) -> None:
        super().__init__(f"{explained.reason}: {explained.sentence_en}")
        self.code = code.name
        self.reason = explained.reason
        self.who = explained.who
        self.request_id = explained.request_id
        self.source = explained.source
        self.sentence_th = explained.sentence_th
        self.sentence_en = explained.sentence_en
        self.retry_after = explained.retry_after
        self.violations = explained.violations
        self.receipt = explained.receipt


class FailedCall(Protocol):
    """What gRPC raises at the end of a call that failed."""

    def code(self) -> grpc.StatusCode: ...

    def trailing_metadata(self) -> Sequence[tuple[str, str | bytes]] | None: ...


def refused_of(error: FailedCall) -> Refused:
    """What a failed call means. gRPC's own text, which may hold addresses, is not repeated."""
    code, trailers = error.code(), error.trailing_metadata() or ()
    written = next((value for key, value in trailers if key == "grpc-status-details-bin"), b"")
    return Refused(code, _explained(written if isinstance(written, bytes) else b"") or _of_our_own(code))


def _explained(written: bytes) -> Explained | None:
    try:
        status = status_pb2.Status.FromString(written)
    except DecodeError:
        return None
    cause = _detail(status, error_details_pb2.ErrorInfo)
    if cause is None or cause.domain != "linkage":
        return None
    wait = _detail(status, error_details_pb2.RetryInfo)
    wrong = _detail(status, error_details_pb2.BadRequest)
    sentences = {said.locale: said.message for said in _details(status, error_details_pb2.LocalizedMessage)}
    return Explained(
        reason=cause.reason,
        who=cause.metadata.get("who", ""),
        request_id=cause.metadata.get("request_id", ""),
        source=cause.metadata.get("source"),
        sentence_th=sentences.get("th", ""),
        sentence_en=sentences.get("en", ""),
        retry_after=None if wait is None else wait.retry_delay.seconds + wait.retry_delay.nanos / 1e9,
        violations=tuple(Violation(v.field, v.description) for v in wrong.field_violations) if wrong else (),
        receipt=_detail(status, receipt_pb2.Receipt),
    )


def _of_our_own(code: grpc.StatusCode) -> Explained:
    reason, th, en = _OWN.get(code, _ELSE)
    return Explained(reason, "counter", "", None, th, en, None, (), None)


def _details(status: status_pb2.Status, kind: type[M]) -> list[M]:
    found = []
    for packed in status.details:
        detail = kind()
        if packed.Unpack(detail):
            found.append(detail)
    return found


def _detail(status: status_pb2.Status, kind: type[M]) -> M | None:
    return next(iter(_details(status, kind)), None)
