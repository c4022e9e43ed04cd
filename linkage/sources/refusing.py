"""What an agency's silence or refusal means for the counter: the named refusal it becomes."""

from linkage.errors import Reason, Refusal
from linkage.sources.adapter import Refused, RefusedCause, Unavailable
from linkage.terms import SourceName

_REASONS = {
    RefusedCause.NOT_ENTITLED: Reason.AGENCY_REFUSED,
    RefusedCause.LOGIN_REQUIRED: Reason.AGENCY_LOGIN_REQUIRED,
    RefusedCause.LOGIN_EXPIRED: Reason.AGENCY_LOGIN_EXPIRED,
    RefusedCause.LOGIN_REFUSED: Reason.AGENCY_LOGIN_REFUSED,
    RefusedCause.QUOTA: Reason.AGENCY_QUOTA_EXHAUSTED,
    RefusedCause.EVIDENCE: Reason.EVIDENCE_REFUSED,
}


def refusal_for(source: SourceName, answer: Unavailable | Refused) -> Refusal:
    """The refusal for an answer that is none. ``detail`` keeps the agency's own word for the log."""
    if isinstance(answer, Unavailable):
        return Refusal(Reason.AGENCY_UNAVAILABLE, source=source, retry_after=answer.retry_after, detail=answer.why)
    return Refusal(_REASONS[answer.cause], source=source, retry_after=answer.retry_after, detail=answer.code)
