"""Refusals on their way out: counted, recorded where no entry records them yet, and put into words of ours where nobody foresaw them.

Whoever answers a caller with a refusal, as a status or as a message of a stream, comes through here first.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from linkage.audit.journal import IntentClosed, Journal
from linkage.audit.tally import Tally
from linkage.errors import AuditUnavailable, Reason, Refusal
from linkage.ids import id_text
from linkage.rpc.status import refusal_of
from linkage.telemetry import Metrics

_log = structlog.get_logger()

COUNTED = frozenset(
    {
        Reason.MALFORMED_REQUEST,
        Reason.OVERLOADED,
        Reason.CERTIFICATE_NOT_NAMED,
        Reason.COUNTER_UNKNOWN,
        Reason.REQUEST_IN_PROGRESS,
        Reason.ENTRY_UNKNOWN,
    }
)
"""Refusals that decide nothing about anybody's records: counted, and recorded at most once a minute for each caller."""

DAMPED = frozenset(
    {
        Reason.CERTIFICATE_REVOKED,
        Reason.COUNTER_SUSPENDED,
        Reason.OFFICER_TOKEN_MISSING,
        Reason.OFFICER_TOKEN_INVALID,
        Reason.OFFICER_TOKEN_EXPIRED,
        Reason.OFFICER_TOKEN_WRONG_AUDIENCE,
        Reason.OFFICER_TOKEN_NOT_BOUND,
        Reason.OFFICER_ISSUER_NOT_ALLOWED,
        Reason.OFFICER_SUSPENDED,
        Reason.OFFICER_KEYS_UNAVAILABLE,
    }
)
"""Refusals of callers who are not let in, and may knock without end: each minute's first has an entry, the rest are counted."""

_UNRECORDABLE = frozenset({Reason.AUDIT_UNAVAILABLE, Reason.LOG_CORRUPT})


class Refusals:
    """What becomes of every refusal."""

    def __init__(self, journal: Journal, tally: Tally, metrics: Metrics) -> None:
        self._journal = journal
        self._tally = tally
        self._metrics = metrics

    async def settle(self, failure: BaseException, request_id: bytes, facts: Mapping[str, Any]) -> Refusal:
        """Record and count what a request failed with.

        Args:
            failure: whatever was raised.
            request_id: of the request that failed.
            facts: what the log may say of it.

        Returns:
            What the caller is told: the refusal, or that it could not be recorded.
        """
        refusal = refusal_of(failure)
        if refusal.reason is Reason.INTERNAL:
            _log.error("defect", method=facts.get("method"), request_id=id_text(request_id), **_defect(failure.__cause__ or failure))
        self._metrics.refusals.labels(refusal.reason.value).inc()  # before anything is awaited: the caller may hang up meanwhile
        if refusal.receipt is None and refusal.reason in COUNTED:
            self._tally.note(facts, refusal.reason)
            return refusal
        told = refusal
        try:
            await self._record(refusal, request_id, facts)
        except AuditUnavailable:
            told = Refusal(Reason.AUDIT_UNAVAILABLE)
        except Refusal as overload:  # the journal takes no more just now
            self._tally.note(facts, overload.reason)
            told = overload
        if told is not refusal:
            self._metrics.refusals.labels(told.reason.value).inc()
        return told

    async def _record(self, refusal: Refusal, request_id: bytes, facts: Mapping[str, Any]) -> None:
        if refusal.receipt is not None or refusal.reason in _UNRECORDABLE:
            return
        unnamed = refusal.reason is Reason.UNKNOWN_SERVICE and "officer" not in facts  # a reader's slip, which decides nothing
        if unnamed or (refusal.reason in DAMPED and not self._tally.first(facts, refusal.reason)):
            self._tally.note(facts, refusal.reason)
            return
        try:
            refusal.receipt = await self._journal.deny(request_id, facts, refusal)
        except IntentClosed:
            return  # something failed after the request had left entries of its own: the log knows it, under this very id


def _defect(failure: BaseException) -> Mapping[str, str]:
    """What a log line may say of a defect: type, file and line, without its text, which may hold a value."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
    return {"exception": type(failure).__name__, "where": where}
