"""The journal: the only way to write the access log.

What it has given a receipt for is durable, and provable for ever. What it cannot record it refuses, at once and by name: it never
waits without end, and nothing that it could not record may be asked or released.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from linkage.audit.passage import Passage
from linkage.audit.receipt import Receipt
from linkage.audit.record import JSON, Entry, Kind, Origin
from linkage.audit.recorder import NOTHING, AlreadyAnswered, AlreadyAsked, IntentClosed, Recorder, Sealable
from linkage.audit.sealing import Sealing
from linkage.audit.writer import Health, Writer
from linkage.clock import Clock
from linkage.errors import Refusal
from linkage.ids import new_id
from linkage.store.anchor import Anchor
from linkage.store.backend import KeyStore, LogStore
from linkage.store.contract import Claim, Conclusion, StoreUnavailable, VisitEnd
from linkage.terms import DataKey

__all__ = ["AlreadyAnswered", "AlreadyAsked", "Health", "IntentClosed", "Journal", "JournalLimits"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much may wait, and how long."""

    queue: int = 1024
    """Entries; a third is kept for outcomes."""
    append_timeout: float = 5.0
    """Seconds after which an entry that is not durable counts as not recordable."""


class Journal:
    """Records entries through one writing thread. Make it, and use it, in one event loop."""

    def __init__(
        self,
        log: LogStore,
        keys: KeyStore | None,
        *,
        sealing: Sealing | None,
        origin: Origin,
        clock: Clock,
        limits: JournalLimits | None = None,
        anchor: Anchor | None = None,
    ) -> None:
        """Take over log and keys: from `start` on nobody else uses these two objects, and `close` closes them.

        Args:
            log: as `open_log` opened it.
            keys: the data keys; None where nothing is sealed under fresh ones.
            sealing: seals entries; None where nothing is sealed.
            origin: who writes.
            clock: wall time for ids, monotonic time for the health.
            limits: None for the defaults.
            anchor: keeps the newest checkpoint apart from the log; None where nobody does.
        """
        limits = limits or JournalLimits()
        self._clock = clock
        self._timeout = limits.append_timeout
        self._writer = Writer(log, keys, clock, capacity=limits.queue, timeout=limits.append_timeout, anchor=anchor)
        self._recorder = Recorder(self._writer, sealing, origin, clock, limits.append_timeout)

    def start(self) -> None:
        """Begin to write."""
        self._writer.start(self._recorder.abandon)

    async def record(
        self, entry: Entry, *, key: DataKey | None = None, sealed: Mapping[str, str] | None = None, visit_end: VisitEnd | None = None
    ) -> Receipt:
        """Record one entry that stands alone.

        Raises:
            Refusal: OVERLOADED.
            AuditUnavailable: it is not known to be durable.
        """
        return await self._recorder.single(entry, _sealable(key, sealed), visit_end=visit_end)

    async def deny(
        self,
        request_id: bytes,
        facts: Mapping[str, JSON],
        refusal: Refusal,
        *,
        key: DataKey | None = None,
        sealed: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Record that a request was refused before any intent, whether its caller waits for it or not.

        Raises:
            Refusal: OVERLOADED.
            AuditUnavailable: it is not known to be durable.
        """
        entry = Entry(Kind.DENIED, request_id, {**facts, **_of_refusal(refusal)})
        return await self._recorder.refusal(entry, _sealable(key, sealed))

    async def end_visit(self, request_id: bytes, facts: Mapping[str, JSON], end: VisitEnd) -> Receipt:
        """Record a visit's end. From its return on no intent of the visit is recorded by anybody.

        Raises:
            Refusal: OVERLOADED.
            AuditUnavailable: it is not known to be durable; the visit may or may not have ended.
        """
        return await self._recorder.single(Entry(Kind.VISIT_END, request_id, facts), visit_end=end)

    def passage(
        self,
        request_id: bytes,
        facts: Mapping[str, JSON],
        *,
        claims: tuple[Claim, ...] = (),
        key: DataKey | None = None,
        sealed: Mapping[str, str] | None = None,
    ) -> Passage:
        """What is between an intent and its outcome: ``async with journal.passage(...) as passage``.

        Args:
            request_id: the intent's id, a UUIDv7 of 16 bytes (`linkage.audit.record.new_id`).
            facts: clear and never personal (`linkage.audit.record.FACTS`).
            claims: what must hold in the transaction that writes the intent, in order of precedence.
            key: the data key for what is sealed, and for the answer's tag. A fresh one is stored before the intent.
            sealed: what is personal, by field; ``subject`` is the number the passage is about.

        Entering raises:
            Refusal: a claim does not hold (with a receipt), or OVERLOADED (without).
            AlreadyAsked, AlreadyAnswered: the same request was made before (claim `Once`).
            AuditUnavailable: the intent is not known to be durable.
        Leaving raises:
            AuditUnavailable: the outcome is not known to be durable; what was asked must not be released.
        """
        return Passage(self._recorder, self._clock, request_id, dict(facts), claims=claims, sealable=_sealable(key, sealed))

    async def recover(self, intent: bytes, why: str) -> bool:
        """Close an intent whose outcome will never be known; whether this was what closed it.

        Raises:
            AuditUnavailable: it is not known to be durable.
        """
        entry = Entry(Kind.RECOVERED, new_id(self._clock), {"why": why}, intent)
        try:
            # Nothing was released, so nothing was learned by trying: what the intent took is given back.
            await self._recorder.outcome(entry, Conclusion(give_back=True, unanswered=True, retryable=True))
        except IntentClosed:
            return False
        return True

    async def with_log(self, run: Callable[[LogStore], _T]) -> _T:
        """Run something with the log in the journal's thread, between two batches; keep it short.

        Raises:
            AuditUnavailable: the log cannot be used any more, or says so.
        """
        return await self._writer.chore(run)

    def health(self) -> Health:
        """Whether entries can be recorded now, and why not. Turns bad at once, and good again by itself unless the log is poisoned."""
        health = self._writer.health()
        withheld = self._recorder.withheld
        return replace(health, ok=False, reason=withheld) if withheld and health.ok else health

    def withhold_intents(self, why: str) -> None:
        """Begin nothing new from now on, and say so in the health; what is begun is still ended. ``why`` empty: begin again."""
        self._recorder.withheld = why

    def poison(self, why: str) -> None:
        """Record nothing more, and say so in the health: the log was found not to be as it was written."""
        self._writer.poison(why)

    async def close(self) -> None:
        """Begin nothing more, finish the outcomes under way, write what waits, close the files.

        Raises:
            AuditUnavailable: something was not done in time; it was never acknowledged.
        """
        drained = await self._recorder.drain(self._timeout)
        await self._writer.close(self._timeout)
        if not drained:
            raise StoreUnavailable("close: outcomes were still under way")


def _sealable(key: DataKey | None, sealed: Mapping[str, str] | None) -> Sealable:
    return NOTHING if key is None else Sealable(key, sealed)


def _of_refusal(refusal: Refusal) -> dict[str, JSON]:
    facts: dict[str, JSON] = {"reason": refusal.reason.value}
    if refusal.source:
        facts["source"] = refusal.source
    if refusal.detail:
        facts["detail"] = refusal.detail
    if refusal.violations:
        facts["violations"] = [violation.field for violation in refusal.violations]
    return facts
