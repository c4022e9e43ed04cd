"""Refusals as values: what is the same of two of them, and what is each one's own."""

from linkage.errors import Reason, Refusal, Violation


def test_the_same_refusal_of_another_request_is_not_recorded_yet() -> None:
    refusal = Refusal(Reason.AGENCY_UNAVAILABLE, source="dopa", violations=(Violation("a", "b"),), retry_after=2.0, detail="down")
    refusal.receipt = object()

    other = refusal.anew()

    assert other.receipt is None
    told = [(one.reason, one.source, one.violations, one.retry_after, one.detail) for one in (refusal, other)]
    assert told[0] == told[1]
