"""A passage: what is between an intent and its outcome. Structural, an ``async with``, so that nobody has to remember the second.

Entering returns when the intent is durable. Leaving writes the outcome, for every way out:

    the block ended, `conclude` was called    that result
    a Refusal was raised                      refused, with its reason
    it was cancelled                          cancelled
    anything else was raised                  failed, without its text; it goes on as the refusal INTERNAL, with the receipt

What was learned of the answer so far is recorded with each of them. Only a block that ended releases anything, and only when its outcome
is durable: otherwise AuditUnavailable is raised in place of the result.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

from linkage.audit.answer import answer_bytes
from linkage.audit.receipt import Receipt
from linkage.audit.record import JSON, Entry, EntryInvalid, Kind
from linkage.audit.recorder import NOTHING, Recorder, Sealable
from linkage.audit.sealing import answer_tag
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, Reason, Refusal
from linkage.ids import new_id
from linkage.store.contract import Claim, Conclusion, NotEnded, Once, Placed
from linkage.terms import DataKey, Value

_NOBODY_ANSWERED = frozenset({Reason.AGENCY_UNAVAILABLE, Reason.AGENCY_QUOTA_EXHAUSTED, Reason.DEADLINE_TOO_SHORT})
"""Refusals that tell the officer nothing about person or evidence: attempts and the day's quotas are given back."""


class Passage:
    """Enter it once. Made by `linkage.audit.journal.Journal.passage`."""

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock,
        request_id: bytes,
        facts: Mapping[str, JSON],
        *,
        claims: tuple[Claim, ...],
        sealable: Sealable,
    ) -> None:
        self.request_id = request_id
        self._recorder = recorder
        self._clock = clock
        self._intent_facts = facts
        self._claims = claims
        self._key = sealable.key
        self._sealable = sealable
        self._sealed_later = NOTHING
        self._facts: dict[str, JSON] = {}
        self._result = ""
        self._give_back = False
        self._unanswered = False
        self._retryable = False
        self._reply: bytes | None = None
        self._placed: Placed | None = None

    def now_ms(self) -> int:
        """Wall time, Unix milliseconds."""
        return self._clock.now_ms()

    def learn(self, **facts: JSON) -> None:
        """Facts for the outcome, whatever it will be."""
        self._facts.update(facts)

    def conclude(
        self,
        result: str,
        *,
        give_back: bool = False,
        unanswered: bool = False,
        retryable: bool = False,
        answer: Mapping[str, Value | None] | None = None,
        **facts: JSON,
    ) -> None:
        """Say what came of it.

        Args:
            result: one word, e.g. ``found``.
            give_back: the attempts that the intent claimed are returned; kept for a refusal, not where the block is cancelled or fails.
            unanswered: nobody could answer; what the intent took of the day's quotas is returned.
            retryable: the same client request id may be used for a new attempt.
            answer: what is released. Only its keyed tag is recorded, under the passage's data key.
            facts: further facts, as in `learn`.

        Raises:
            RuntimeError: an answer without a data key to tag it under.
        """
        self._result = result
        self._give_back = give_back
        self._unanswered = unanswered
        self._retryable = retryable
        self.learn(**facts)
        if answer is not None:
            if self._key is None:
                raise RuntimeError("an answer, but no data key")
            self.learn(answer=answer_tag(self._key, answer_bytes(answer)))

    def seal(self, key: DataKey, sealed: Mapping[str, str]) -> None:
        """Seal fields in the outcome that the intent could not know yet. A fresh key, or one bound now, is stored before it."""
        self._sealed_later = Sealable(key, sealed)

    def reply(self, make: Callable[[], bytes | None]) -> None:
        """Keep what a retry of the same request is to be answered with, sealed by the caller; made now, if retries are recognised."""
        if any(isinstance(claim, Once) for claim in self._claims):
            self._reply = make()

    @property
    def receipt(self) -> Receipt:
        """The outcome's receipt.

        Raises:
            RuntimeError: inside the block: the outcome is not durable yet.
        """
        if self._placed is None:
            raise RuntimeError("a receipt exists only after the block")
        return Receipt.of(self._placed)

    async def __aenter__(self) -> Self:
        await self._recorder.intent(self.request_id, self._intent_facts, self._claims, self._sealable)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        failure = self._failure(error)
        outcome, unrecordable = self._begin_outcome(failure)
        try:
            placed = await outcome
        except AuditUnavailable:
            if isinstance(failure, asyncio.CancelledError):
                return  # the cancellation goes on; the sweeper closes the intent
            raise
        if isinstance(failure, Refusal):
            failure.receipt = Receipt.of(placed)
        elif failure is None and unrecordable is not None:
            raise unrecordable
        elif isinstance(failure, Exception):
            refusal = Refusal(Reason.INTERNAL)  # so that the door finds it recorded
            refusal.receipt = Receipt.of(placed)
            raise refusal from failure
        self._placed = placed

    def _failure(self, error: BaseException | None) -> BaseException | None:
        """Why the block releases nothing, None where it does: a cancellation that nobody asked for is a defect like any other."""
        if error is None:
            return None if self._result else RuntimeError("a passage was left without a conclusion")
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and not (task is not None and task.cancelling()):
            return RuntimeError("a passage was cancelled by nobody")
        return error

    def _begin_outcome(self, error: BaseException | None) -> tuple[Awaitable[Placed], EntryInvalid | None]:
        """Begin to write the outcome; facts that cannot be recorded make it ``failed``, and are given back to be raised."""
        result, conclusion = self._ending(error)
        facts: dict[str, JSON] = {**self._facts, "result": result}
        if isinstance(error, Refusal):
            facts["reason"] = error.reason.value
            if error.detail:
                facts["detail"] = error.detail
        try:
            return self._outcome(facts, conclusion, self._sealed_later), None
        except EntryInvalid as unrecordable:
            return self._outcome({"result": "failed"}, Conclusion(retryable=True), NOTHING), unrecordable

    def _ending(self, error: BaseException | None) -> tuple[str, Conclusion]:
        match error:
            case None:
                return self._result, Conclusion(self._give_back, self._unanswered, self._retryable, self._reply)
            case Refusal():
                unanswered = error.reason in _NOBODY_ANSWERED
                return "refused", Conclusion(self._give_back or unanswered, unanswered, retryable=True)
            case asyncio.CancelledError():
                return "cancelled", Conclusion(retryable=True)
            case _:
                return "failed", Conclusion(retryable=True)

    def _outcome(self, facts: Mapping[str, JSON], conclusion: Conclusion, sealable: Sealable) -> Awaitable[Placed]:
        entry = Entry(Kind.OUTCOME, new_id(self._clock), facts, self.request_id)
        claimed = any(type(claim) is not NotEnded for claim in self._claims)  # whether the intent has taken anything
        return self._recorder.outcome(entry, conclusion if claimed else None, sealable)
