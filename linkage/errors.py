"""What can go wrong, without a word about gRPC.

    LinkageError
    +-- Refusal            somebody asked for what they may not have, or cannot have now: a `Reason`, always recorded or counted
    +-- AuditUnavailable   the log cannot record now: nothing may be asked, nothing released
    +-- LogCorrupt         the log does not verify: the worker stops
    +-- SettingsInvalid    a file of the operator's is wrong: every problem at once, with file, key, got, expected

Anything else that is raised is a defect: the caller sees INTERNAL and a request id, never its text.
`linkage.rpc.status` alone turns these into statuses, through one table with a row for every `Reason`.
"""

from dataclasses import dataclass
from enum import StrEnum, auto


class Reason(StrEnum):
    """Why a request was refused. Upper-case names travel in ErrorInfo.reason and stand in the log; the sentences and codes are one table, rpc/status.py."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:  # noqa: ARG004 (enum's own signature)
        return name

    # the request itself
    MALFORMED_REQUEST = auto()
    UNKNOWN_RECIPIENT = auto()
    UNKNOWN_SERVICE = auto()
    UNKNOWN_SOURCE = auto()
    UNKNOWN_RECORD_TYPE = auto()
    UNKNOWN_FIELD = auto()
    REQUEST_ID_REUSED = auto()
    REQUEST_IN_PROGRESS = auto()
    DEADLINE_TOO_SHORT = auto()
    SUBJECT_NOT_TAKEN = auto()
    NOTHING_TO_ASK = auto()
    # who asks
    CERTIFICATE_NOT_NAMED = auto()
    CERTIFICATE_REVOKED = auto()
    COUNTER_UNKNOWN = auto()
    COUNTER_SUSPENDED = auto()
    ROLE_NOT_ALLOWED = auto()
    OFFICER_TOKEN_MISSING = auto()
    OFFICER_TOKEN_INVALID = auto()
    OFFICER_TOKEN_EXPIRED = auto()
    OFFICER_TOKEN_WRONG_AUDIENCE = auto()
    OFFICER_TOKEN_NOT_BOUND = auto()
    OFFICER_ISSUER_NOT_ALLOWED = auto()
    OFFICER_SUSPENDED = auto()
    OFFICER_KEYS_UNAVAILABLE = auto()
    # what is agreed
    NOT_ACTING_FOR_RECIPIENT = auto()
    NO_AGREEMENT = auto()
    AGREEMENT_NOT_IN_FORCE = auto()
    SERVICE_NOT_AGREED = auto()
    RECORD_TYPE_NOT_AGREED = auto()
    FIELD_NOT_AGREED = auto()
    EVIDENCE_NOT_AGREED = auto()
    EXCEPTION_NOT_AGREED = auto()
    SECOND_OFFICER_NOT_ACCEPTED = auto()
    ASSURANCE_TOO_LOW = auto()
    GROUND_NOT_AGREED = auto()
    LOGIN_NOT_AGREED = auto()
    # presence
    ATTEMPTS_EXHAUSTED = auto()
    EVIDENCE_REFUSED = auto()
    VISIT_INVALID = auto()
    VISIT_EXPIRED = auto()
    VISIT_ENDED = auto()
    VISIT_NOT_YOURS = auto()
    VISIT_FOR_ANOTHER_SERVICE = auto()
    # the agency
    AGENCY_UNAVAILABLE = auto()
    AGENCY_REFUSED = auto()
    AGENCY_QUOTA_EXHAUSTED = auto()
    AGENCY_LOGIN_REQUIRED = auto()
    AGENCY_LOGIN_EXPIRED = auto()
    AGENCY_LOGIN_INVALID = auto()
    AGENCY_LOGIN_NOT_YOURS = auto()
    AGENCY_LOGIN_REFUSED = auto()
    RECORD_OF_ANOTHER_PERSON = auto()
    # the gateway
    OVERLOADED = auto()
    AUDIT_UNAVAILABLE = auto()
    LOG_CORRUPT = auto()
    ENTRY_UNKNOWN = auto()
    OUTSIDE_AGENCIES = auto()
    SEARCH_UNAVAILABLE = auto()
    INTERNAL = auto()


class LinkageError(Exception):
    """The root of all errors that are raised on purpose."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field of a request that is wrong. ``field`` is its path in the request; ``description`` never repeats its value."""

    field: str
    description: str


class Refusal(LinkageError):
    """A named refusal.

    Args:
        reason: why.
        source: the agency that is the cause, where one is.
        violations: which fields are wrong, where the request is.
        retry_after: seconds after which asking again may help; None where waiting does not help.
        detail: a short English note for the log's reader and the developer; never a value, a number or a name.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        source: str | None = None,
        violations: tuple[Violation, ...] = (),
        retry_after: float | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(reason.value, detail)
        self.reason = reason
        self.source = source
        self.violations = violations
        self.retry_after = retry_after
        self.detail = detail
        self.receipt: object | None = None
        """The log's receipt for the entry that records this refusal, once it is recorded (`linkage.audit.receipt.Receipt`)."""

    def anew(self) -> "Refusal":
        """The same refusal, of another request: not recorded yet."""
        return Refusal(self.reason, source=self.source, violations=self.violations, retry_after=self.retry_after, detail=self.detail)


class AuditUnavailable(LinkageError):
    """The log cannot record now (disk full, lock held, timed out, poisoned). Nothing was asked and nothing is released."""


class LogCorrupt(LinkageError):
    """The log does not verify. The message names what and where, never a value."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in an operator's file."""

    file: str
    key: str
    got: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: got {self.got}, expected {self.expected}"


class SettingsInvalid(LinkageError):
    """An operator's file (settings, register, agreements, catalogue) is wrong; holds every problem found, not just the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems
