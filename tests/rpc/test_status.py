"""Statuses: everything a counter needs, small enough to arrive, and nothing of what went wrong inside."""

import base64

import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from linkage.audit.receipt import Receipt
from linkage.errors import AuditUnavailable, LogCorrupt, Reason, Refusal, Violation
from linkage.rpc.status import WireStatus, refusal_of, status_of
from linkage.v1 import receipt_pb2

NAMES = {"dopa": ("กรมการปกครอง", "Department of Provincial Administration")}
REQUEST = "0190f2a0-0000-7000-8000-000000000000"


def _details(status: WireStatus) -> dict[str, Message]:
    packed = status_pb2.Status.FromString(dict(status.trailers)["grpc-status-details-bin"])
    found: dict[str, Message] = {}
    for detail in packed.details:
        for kind in (error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo, error_details_pb2.BadRequest, receipt_pb2.Receipt):
            message = kind()
            if detail.Unpack(message):
                found[kind.__name__] = message
    assert packed.code == status.code.value[0]
    return found


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (Refusal(Reason.VISIT_ENDED), Reason.VISIT_ENDED),
        (AuditUnavailable("/srv/log.db"), Reason.AUDIT_UNAVAILABLE),
        (LogCorrupt("leaf 7"), Reason.LOG_CORRUPT),
        (ValueError("1100000000016"), Reason.INTERNAL),
        (KeyError("สมมติ"), Reason.INTERNAL),
    ],
)
def test_every_exception_is_one_reason_without_its_text(failure: Exception, reason: Reason) -> None:
    status = status_of(refusal_of(failure), REQUEST, NAMES)

    info = _details(status)["ErrorInfo"]
    assert isinstance(info, error_details_pb2.ErrorInfo)
    assert (reason.value, "linkage", REQUEST) == (info.reason, info.domain, info.metadata["request_id"])
    everything = status.message.encode() + b"".join(v if isinstance(v, bytes) else v.encode() for _, v in status.trailers)
    assert not [text for text in ("1100000000016", "สมมติ", "/srv/log.db", "leaf 7") if text.encode() in everything]


def test_an_agency_is_named_in_both_languages_and_an_unknown_one_by_what_it_is() -> None:
    known = status_of(Refusal(Reason.AGENCY_UNAVAILABLE, source="dopa"), REQUEST, NAMES)
    unknown = status_of(Refusal(Reason.AGENCY_UNAVAILABLE, source="x"), REQUEST, NAMES)

    assert NAMES["dopa"][1] in known.message
    assert "The agency" in unknown.message
    assert "กรมการปกครอง".encode() in bytes(dict(known.trailers)["grpc-status-details-bin"])  # type: ignore[arg-type]


@pytest.mark.parametrize(("wait", "pushback"), [(0.5, "500"), (2.0, "2000"), (2.1, "-1"), (900.0, "-1"), (None, "-1")])
def test_only_a_short_wait_is_slept_out_inside_the_call(wait: float | None, pushback: str) -> None:
    status = status_of(Refusal(Reason.ATTEMPTS_EXHAUSTED, retry_after=wait), REQUEST, NAMES)

    assert pushback == dict(status.trailers)["grpc-retry-pushback-ms"]
    retry = _details(status).get("RetryInfo")
    told = retry.retry_delay.ToTimedelta().total_seconds() if isinstance(retry, error_details_pb2.RetryInfo) else None
    assert wait == told


def test_the_first_wrong_field_is_named_in_the_text_itself() -> None:
    wrong = (Violation("citizen_number", "13 digits with a right check digit are required"), Violation("service", "is required"))

    status = status_of(Refusal(Reason.MALFORMED_REQUEST, violations=wrong), REQUEST, NAMES)

    assert status.message.endswith("send it again. citizen_number: 13 digits with a right check digit are required")


def test_a_status_always_fits_into_the_trailers_a_client_takes() -> None:
    wrong = tuple(Violation(f"fields[{n}]", "a name of 1 to 64 of a-z 0-9 _ . - is required") for n in range(200))
    refusal = Refusal(Reason.UNKNOWN_FIELD, violations=wrong)
    refusal.receipt = Receipt(REQUEST, 7, b"{" + b"x" * 40_000 + b"}", "c2sp.org/tlog-proof@v1\n" + "a" * 2_000)

    status = status_of(refusal, REQUEST, NAMES)

    size = sum(len(key) + len(base64.b64encode(v) if isinstance(v, bytes) else v) for key, v in status.trailers)
    assert size + len(status.message) < 8_000
    details = _details(status)
    assert "Receipt" not in details  # it can be fetched by the request id
    assert isinstance(details["BadRequest"], error_details_pb2.BadRequest)
    assert "fields[0]" == details["BadRequest"].field_violations[0].field


def test_a_receipt_of_usual_size_comes_with_the_status() -> None:
    refusal = Refusal(Reason.FIELD_NOT_AGREED)
    refusal.receipt = Receipt(REQUEST, 7, b"{" + b"x" * 1_200 + b"}", "c2sp.org/tlog-proof@v1\n" + "a" * 1_800)

    assert "Receipt" in _details(status_of(refusal, REQUEST, NAMES))


@pytest.mark.parametrize(
    ("reason", "seconds"), [(Reason.OVERLOADED, 1.0), (Reason.AUDIT_UNAVAILABLE, 1.0), (Reason.REQUEST_IN_PROGRESS, 0.5)]
)
def test_those_refused_together_are_not_told_to_come_back_together(reason: Reason, seconds: float) -> None:
    pushbacks = {int(dict(status_of(Refusal(reason), REQUEST, NAMES).trailers)["grpc-retry-pushback-ms"]) for _ in range(100)}

    assert len(pushbacks) > 20
    assert 750 * seconds <= min(pushbacks) <= max(pushbacks) <= 1250 * seconds


def test_every_refusal_names_its_own_request_however_many_are_refused_alike() -> None:
    requests = [f"0190f2a0-0000-7000-8000-{n:012d}" for n in range(3)]

    infos = [_details(status_of(Refusal(Reason.OVERLOADED), request, NAMES))["ErrorInfo"] for request in requests]

    assert requests == [info.metadata["request_id"] for info in infos if isinstance(info, error_details_pb2.ErrorInfo)]


def test_the_first_wrong_field_of_one_request_is_not_told_to_the_next() -> None:
    wrong = Refusal(Reason.MALFORMED_REQUEST, violations=(Violation("service", "is required"),))

    first, second = status_of(wrong, REQUEST, NAMES), status_of(Refusal(Reason.MALFORMED_REQUEST), REQUEST, NAMES)

    assert first.message.endswith("service: is required")
    assert second.message.endswith("send it again.")
    packed = [status_pb2.Status.FromString(dict(status.trailers)["grpc-status-details-bin"]) for status in (first, second)]
    assert [first.message, second.message] == [status.message for status in packed]
