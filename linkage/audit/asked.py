"""What kind of question an access was, and what came of it: the few distinctions that whoever reads the log shares."""

from collections.abc import Callable
from enum import StrEnum, auto
from typing import Final

from linkage.audit.access import Access
from linkage.errors import Reason
from linkage.ids import id_text
from linkage.store.contract import Kind
from linkage.terms import Assurance, Verdict

Told = Callable[[int, int], None]
"""Told, on the way through the log, how many entries of how many were read."""


def silent(_done: int, _total: int) -> None:
    """Tells nobody."""


class Asked(StrEnum):
    """What was asked."""

    VERIFICATION = auto()
    """Whether a person is present."""
    RECORD = auto()
    """One record, alone or of a bundle."""
    LOGIN = auto()
    """An officer's own login at an agency."""
    OTHER = auto()


class Came(StrEnum):
    """What came of a question for a record, or of a login. Unknown is never no: whatever is not known is unavailable."""

    FOUND = auto()
    NOT_FOUND = auto()
    UNAVAILABLE = auto()
    REFUSED = auto()
    UNFINISHED = auto()
    """Cancelled, failed on our side, recovered, or under way."""


_METHODS: Final = {
    "VerifyIdentity": Asked.VERIFICATION,
    "Lookup": Asked.RECORD,
    "LookupBundle": Asked.RECORD,
    "BeginLogin": Asked.LOGIN,
    "ConfirmLogin": Asked.LOGIN,
    "EndLogin": Asked.LOGIN,
}

_CAME: Final = {"found": Came.FOUND, "not_found": Came.NOT_FOUND, "unavailable": Came.UNAVAILABLE, "refused": Came.REFUSED}
OF_OURS: Final = frozenset(
    reason.value
    for reason in (
        Reason.AUDIT_UNAVAILABLE,
        Reason.DEADLINE_TOO_SHORT,
        Reason.INTERNAL,
        Reason.LOG_CORRUPT,
        Reason.OFFICER_KEYS_UNAVAILABLE,
        Reason.OVERLOADED,
        Reason.REQUEST_IN_PROGRESS,
        Reason.SEARCH_UNAVAILABLE,
    )
)
"""Refusals that are the gateway's own state, or a slow call: they say nothing about who asked, or for what."""
UNANSWERED: Final = "unanswered"
"""What came of what such a refusal ended."""
RESULTS: Final = (
    *("found", "not_found", *(verdict.value for verdict in Verdict if verdict is not Verdict.NOT_FOUND)),
    *("refused", "cancelled", "failed", UNANSWERED, "abandoned", "login_begun", "login_confirmed", "login_ended"),
)
"""Everything that can have come of what was asked, as `result_word` tells it."""
_STATIC: Final = frozenset({Assurance.CARD_LASER.name, Assurance.CARD_CHIP.name})
_ABOUT_A_QUESTION: Final = frozenset({Kind.INTENT.value, Kind.DENIED.value})


def asked(access: Access) -> Asked:
    """What was asked; OTHER for entries that are no question."""
    return _METHODS.get(access.text("method"), Asked.OTHER) if access.kind in _ABOUT_A_QUESTION else Asked.OTHER


def is_question(access: Access) -> bool:
    """Whether an agency may have been asked about a person of a visit: an intent to verify or to look up."""
    return access.kind == Kind.INTENT and asked(access) in (Asked.VERIFICATION, Asked.RECORD)


def opened_visit(access: Access) -> bool:
    """Whether it is a verification that opened a visit."""
    return asked(access) is Asked.VERIFICATION and access.kind == Kind.INTENT and access.text("result") == Verdict.MATCH


def visit_of(access: Access) -> str:
    """The id of the visit that an access belongs to, as text: a verification's own id is its visit's. Empty where there is none."""
    if asked(access) is Asked.VERIFICATION:
        return id_text(access.eid)
    return access.text("visit")


def by_static_card(access: Access) -> bool:
    """Whether it is a verification by what a card shows, which can be copied."""
    return asked(access) is Asked.VERIFICATION and access.text("assurance") in _STATIC


def came(access: Access) -> Came:
    """What came of a question for a record."""
    return _CAME.get(result_of(access), Came.UNFINISHED)


def result_of(access: Access) -> str:
    """What came of it, in one word; empty while nothing has closed it."""
    if access.closed_by == Kind.RECOVERED:
        return "recovered"
    return result_word("refused" if access.kind == Kind.DENIED else access.text("result"), access.text("reason"))


def result_word(result: str, reason: str) -> str:
    """The result that an entry records, as it is told: unknown is never no, and what nobody decided was not refused.

    ``unavailable`` where the agency could not answer, `UNANSWERED` where the gateway could not ask.
    """
    if result != "refused":
        return result
    if reason == Reason.AGENCY_UNAVAILABLE:
        return "unavailable"
    return UNANSWERED if reason in OF_OURS else result
