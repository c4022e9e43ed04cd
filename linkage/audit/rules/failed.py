"""Denied attempts and failed verifications in a row, by one officer or at one counter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from linkage.audit.access import Access
from linkage.audit.asked import OF_OURS, Asked, asked
from linkage.audit.rules.finding import Finding, Heap, Officer, RuleName, Seen, Why
from linkage.errors import Reason
from linkage.store.contract import Kind
from linkage.terms import Verdict

_NEUTRAL: Final = OF_OURS | {
    reason.value
    for reason in (
        Reason.AGENCY_LOGIN_EXPIRED,
        Reason.AGENCY_LOGIN_REQUIRED,
        Reason.AGENCY_QUOTA_EXHAUSTED,
        Reason.AGENCY_UNAVAILABLE,
        Reason.ENTRY_UNKNOWN,
        Reason.MALFORMED_REQUEST,
        Reason.OFFICER_TOKEN_EXPIRED,
        Reason.OFFICER_TOKEN_MISSING,
        Reason.VISIT_ENDED,
        Reason.VISIT_EXPIRED,
    )
}
"""Refusals of every working day, or of software that is being written: they neither lengthen a row nor end it. All others count."""

_FAILED: Final = frozenset({Verdict.NO_MATCH, Verdict.NOT_FOUND, Verdict.CARD_NOT_VALID, Verdict.DECEASED})
_ANSWERED: Final = frozenset({"found", "not_found", "login_begun", "login_confirmed", Verdict.MATCH.value})


class _Bearing(Enum):
    FAILED = auto()
    SUCCEEDED = auto()
    NEITHER = auto()


@dataclass(slots=True)
class _Row:
    heap: Heap = field(default_factory=Heap)
    failures: int = 0
    bundle: str = ""


class FailedInARow:
    """So many attempts in a row that were refused by what is agreed, or verifications that failed, with no success between them.

    Records of one bundle count once together; refusals that the log only counts (`refused_many`) count as many times as it says. The
    first success ends a row. Also explained by: counter software with wrong settings, which is refused the same way each time; a
    laser-code reader that misreads; a new agreement that is not in force yet; a card check that knows only one of two spellings.
    """

    def __init__(self, who: Callable[[Access], object], *, least: int, by_officer: bool) -> None:
        """Take what tells rows apart (None: the access is not looked at), and the least length."""
        self._who = who
        self._least = least
        self._by_officer = by_officer
        self._rows: dict[object, _Row] = {}

    @classmethod
    def by_officer(cls, least: int) -> "FailedInARow":
        """Rows of one officer, at whichever counter."""
        return cls(lambda access: access.officer, least=least, by_officer=True)

    @classmethod
    def by_counter(cls, least: int) -> "FailedInARow":
        """Rows at one counter, by whichever officer, or by nobody who could be recognised."""
        return cls(lambda access: access.text("counter") or None, least=least, by_officer=False)

    def see(self, access: Access) -> Iterator[Finding]:
        """See `Rule`."""
        who, bearing = self._who(access), _bearing(access)
        if who is None or bearing is _Bearing.NEITHER:
            return
        if bearing is _Bearing.SUCCEEDED:
            ended = self._rows.pop(who, None)
            if ended is not None:
                yield from self._found(who, ended)
            return
        row = self._rows.setdefault(who, _Row())
        bundle = access.text("bundle")
        if not bundle or bundle != row.bundle:
            row.failures += access.number("count") or 1
        row.bundle = bundle
        row.heap.add(Seen.of(access))

    def end(self) -> Iterator[Finding]:
        """See `Rule`."""
        for who, row in self._rows.items():
            yield from self._found(who, row)
        self._rows = {}

    def _found(self, who: object, row: _Row) -> Iterator[Finding]:
        if row.failures < self._least:
            return
        th, en = ("เจ้าหน้าที่คนเดียว", "by one officer") if self._by_officer else ("ช่องบริการเดียว", "at one counter")
        why = Why(
            f"คำขอถูกปฏิเสธหรือยืนยันตัวบุคคลไม่ผ่านติดต่อกัน {row.failures:,} ครั้ง ({th} เกณฑ์ {self._least} ครั้ง)",
            f"{row.failures:,} denied attempts or failed verifications in a row {en} (the threshold: {self._least})",
        )
        officer = _officer(who) if self._by_officer else None
        yield row.heap.found(RuleName.FAILED_IN_A_ROW, why, officer, figure=row.failures, threshold=self._least)


def _officer(who: object) -> Officer | None:
    return who if isinstance(who, tuple) and len(who) == 2 else None


def _bearing(access: Access) -> _Bearing:
    """What an access means for a row."""
    reason, result = access.text("reason"), access.text("result")
    if access.kind in (Kind.DENIED, Kind.REFUSED_MANY) or result == "refused":
        return _Bearing.NEITHER if reason in _NEUTRAL else _Bearing.FAILED
    if access.kind != Kind.INTENT:
        return _Bearing.NEITHER
    if asked(access) is Asked.VERIFICATION and result in _FAILED:
        return _Bearing.FAILED
    return _Bearing.SUCCEEDED if result in _ANSWERED else _Bearing.NEITHER
