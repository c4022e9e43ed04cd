"""Turns what the corridors say into drafts, and what the log answers into receipts, refusals and named errors."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, NamedTuple

from linkage.audit.receipt import Receipt
from linkage.audit.record import JSON, Entry, Origin, frame
from linkage.audit.sealing import FreshKey, Sealing
from linkage.audit.writer import Writer
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, LinkageError, Reason, Refusal
from linkage.ids import new_id
from linkage.store.backend import KeyRow
from linkage.store.contract import (
    Answered,
    Claim,
    Conclusion,
    Conflicting,
    Denied,
    Draft,
    InProgress,
    Kind,
    LeafFrame,
    NoRoom,
    Placed,
    Result,
    StorePoisoned,
    StoreUnavailable,
    VisitEnd,
)
from linkage.terms import DataKey

_FIRST_PAUSE = 0.05
_LEFT_S, _LOOK_S = 2.0, 0.01
"""Seconds in which whoever began something must have begun to say what came of it, once all calls have been cancelled."""


class AlreadyAsked(LinkageError):
    """The same request is under way as ``eid``. For the corridors, never for the caller as it stands."""

    def __init__(self, eid: bytes) -> None:
        super().__init__("the same request is under way")
        self.eid = eid


class AlreadyAnswered(LinkageError):
    """The same request was concluded as ``eid``; ``reply`` is what was sealed for its retries. For the corridors only."""

    def __init__(self, eid: bytes, reply: bytes | None) -> None:
        super().__init__("the same request was answered")
        self.eid = eid
        self.reply = reply


class IntentClosed(AuditUnavailable):
    """The outcome comes too late: the intent was closed as `recovered` meanwhile. What it would have released is withheld."""


class Sealable(NamedTuple):
    """What an entry keeps sealed: field names and texts, and the data key. A fresh key is stored before the entry is."""

    key: DataKey | None = None
    fields: Mapping[str, str] | None = None

    @property
    def row(self) -> KeyRow | None:
        return self.key.row if isinstance(self.key, FreshKey) else None

    def __repr__(self) -> str:
        return "Sealable(***)"


NOTHING = Sealable()


class Recorder:
    """Writes single entries, intents, and refusals and outcomes that no cancellation of a caller can stop."""

    def __init__(self, writer: Writer, sealing: Sealing | None, origin: Origin, clock: Clock, timeout: float) -> None:
        """Take the writer; ``timeout`` is how long one entry may take to become durable, in seconds."""
        self._writer = writer
        self._sealing = sealing
        self._origin = origin
        self._clock = clock
        self._timeout = timeout
        self._closing = False
        self.withheld = ""
        """Why no intent is recorded now, although the log could; empty while nothing keeps them."""
        self._under_way: set[asyncio.Task[Placed]] = set()
        """What is recorded in tasks of our own."""
        self._awaited = 0
        """Outcomes under way whose callers wait for them."""
        self._begun: set[bytes] = set()
        """Intents of which nobody has begun to say yet what came of them."""

    def now_ms(self) -> int:
        """Wall time, Unix milliseconds."""
        return self._clock.now_ms()

    async def single(self, entry: Entry, sealable: Sealable = NOTHING, *, visit_end: VisitEnd | None = None) -> Receipt:
        """Record one entry that stands alone.

        Raises:
            Refusal: OVERLOADED.
            AuditUnavailable: it is not known to be durable.
        """
        draft = Draft(entry.kind, entry.eid, self._framed(entry, sealable), entry.ref, visit_end=visit_end)
        return Receipt.of(_placed(await self._writer.submit(draft, sealable.row, self._timeout)))

    async def refusal(self, entry: Entry, sealable: Sealable) -> Receipt:
        """Record a refusal in a task of our own: a caller that hangs up on what was decided does not undo its entry.

        Raises:
            Refusal: OVERLOADED.
            AuditUnavailable: it is not known to be durable.
        """
        draft = Draft(entry.kind, entry.eid, self._framed(entry, sealable), entry.ref)
        return Receipt.of(await asyncio.shield(self._own(self._once(draft, sealable.row))))

    async def intent(self, eid: bytes, facts: Mapping[str, JSON], claims: tuple[Claim, ...], sealable: Sealable) -> Placed:
        """Record an intent whose claims hold.

        Raises:
            Refusal: a claim does not hold (with the receipt of the entry that says so), or OVERLOADED (without).
            AlreadyAsked: its request is under way.
            AlreadyAnswered: its request was concluded.
            AuditUnavailable: it is not known to be durable; should it become so, an outcome `abandoned` closes it.
        """
        if self._closing:
            raise StoreUnavailable("the journal is closing")
        if self.withheld:
            raise StoreUnavailable(self.withheld)

        def denied(reason: Reason, detail: str) -> LeafFrame:
            why: dict[str, JSON] = {"reason": reason.value, "detail": detail} if detail else {"reason": reason.value}
            return self._framed(Entry(Kind.DENIED, eid, {**facts, **why}), sealable)

        intent = self._framed(Entry(Kind.INTENT, eid, facts), sealable)
        draft = Draft(Kind.INTENT, eid, intent, claims=claims, denied=denied)
        result = await self._writer.submit(draft, sealable.row, self._timeout)
        match result:
            case Denied():
                raise _refusal(result, facts)
            case InProgress(owner):
                raise AlreadyAsked(owner)
            case Answered(owner, reply):
                raise AlreadyAnswered(owner, reply)
        placed = _placed(result)
        self._begun.add(eid)
        return placed

    def outcome(self, entry: Entry, conclusion: Conclusion | None, sealable: Sealable = NOTHING) -> Coroutine[Any, Any, Placed]:
        """Record a closing entry, whatever becomes of the caller: what is given back is to be awaited at once.

        It is tried again while the log cannot take it, up to the timeout; the entry's id makes that one entry. AuditUnavailable is
        raised if the entry is not known to be durable then: the sweeper closes the intent later.

        Raises:
            EntryInvalid: the facts cannot be recorded.
        """
        draft = Draft(entry.kind, entry.eid, self._framed(entry, sealable), entry.ref, conclusion=conclusion)
        self._begun.discard(entry.ref or b"")
        return self._to_the_end(draft, sealable.row)

    def abandon(self, intent: Draft) -> None:
        """Close an intent that became durable after its caller had given up: nobody was asked, nothing was released."""
        facts: Mapping[str, JSON] = {"result": "abandoned"}
        entry = Entry(Kind.OUTCOME, new_id(self._clock), facts, intent.eid)
        self._own(self.outcome(entry, Conclusion(give_back=True, unanswered=True, retryable=True)))

    async def drain(self, timeout: float) -> bool:
        """Begin no more intents, and wait for the outcomes and refusals under way; whether all of them ended in time.

        Calls that were cancelled just now are given a moment to begin theirs.
        """
        self._closing = True
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        left = min(until, loop.time() + _LEFT_S)
        while (self._begun and loop.time() < left) or ((self._awaited or self._under_way) and loop.time() < until):  # noqa: ASYNC110 (calls of whose tasks nobody here knows)
            await asyncio.sleep(_LOOK_S)
        return not (self._awaited or self._under_way)

    def _own(self, work: Coroutine[Any, Any, Placed]) -> asyncio.Task[Placed]:
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return task

    async def _once(self, draft: Draft, row: KeyRow | None) -> Placed:
        return _placed(await self._writer.submit(draft, row, self._timeout))

    async def _to_the_end(self, draft: Draft, row: KeyRow | None) -> Placed:
        """Persist a draft while the caller waits, and in a task of our own once the caller is cancelled."""
        until = asyncio.get_running_loop().time() + self._timeout
        self._awaited += 1
        try:
            return await self._persist(draft, row, until)
        except asyncio.CancelledError:
            self._own(self._persist(draft, row, until))
            raise
        finally:
            self._awaited -= 1

    async def _persist(self, draft: Draft, row: KeyRow | None, until: float) -> Placed:
        loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE
        while True:
            try:
                return _placed(await self._writer.submit(draft, row, max(0.0, until - loop.time())))
            except (StorePoisoned, IntentClosed):
                raise
            except (AuditUnavailable, Refusal) as cause:
                if loop.time() + pause >= until:
                    raise StoreUnavailable("outcome: not durable in time") from cause
            await asyncio.sleep(pause)
            pause *= 2

    def _done(self, task: asyncio.Task[Placed]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # seen: whoever waits for the task raises it, and the health shows why

    def _framed(self, entry: Entry, sealable: Sealable) -> LeafFrame:
        sealed = None
        if sealable.fields and sealable.key is not None and self._sealing is not None:
            sealed = self._sealing.seal(sealable.key, entry.kind, entry.eid, sealable.fields)
        return frame(entry, self._origin, sealed)


def _refusal(denied: Denied, facts: Mapping[str, JSON]) -> Refusal:
    about = facts.get("source") if denied.reason is Reason.AGENCY_QUOTA_EXHAUSTED else None
    source = about if isinstance(about, str) else None
    refusal = Refusal(denied.reason, source=source, retry_after=denied.retry_after, detail=denied.detail)
    refusal.receipt = Receipt.of(denied.placed)
    return refusal


def _placed(result: Result) -> Placed:
    match result:
        case Placed():
            return result
        case Conflicting():
            raise IntentClosed("entry: its intent was closed by another entry, or its id is used")
        case NoRoom():
            raise StoreUnavailable("entry: little disk space")
        case _:
            raise StoreUnavailable(f"entry: got {type(result).__name__}, expected it to be placed")
