"""The journal's one writing thread: takes what waits as one batch, makes it durable, and hands the results back to the event loop.

The commit that is under way is the window in which the next batch gathers, and when many come together it is held open a little
longer; an idle log answers after one commit.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from linkage.audit.gathering import Gathering
from linkage.audit.lanes import Chore, Job, Lanes, Waiting, fail, succeed
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, LinkageError, LogCorrupt, Reason, Refusal
from linkage.store.anchor import Anchor
from linkage.store.backend import KeyRow, KeyStore, LogStore
from linkage.store.contract import FINISHING, Draft, Kind, NoRoom, Placed, Result, StorePoisoned, StoreUnavailable

_T = TypeVar("_T")

LARGEST_BATCH = 256
_TROUBLE_LASTS = 5.0
"""Seconds for which a batch that could not be written shows in the health, unless one is written before."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether entries can be recorded now, and why not.

    ``queued``: entries that wait. ``last_commit_ms``: how long the newest batch took. ``committed_at_ms``: when it was durable,
    Unix time in ms. Both None before the first. ``size``: entries in the log, as this process knows it.
    ``poisoned``: not before this process starts again. ``keys``: what is wrong with the data keys' store; empty if nothing is known.
    """

    ok: bool
    reason: str
    queued: int
    last_commit_ms: float | None
    committed_at_ms: int | None
    size: int
    poisoned: bool = False
    keys: str = ""


class Writer:
    """Owns log and key store from `start` on; both are used in its thread alone, and closed by it."""

    def __init__(
        self, log: LogStore, keys: KeyStore | None, clock: Clock, *, capacity: int, timeout: float, anchor: Anchor | None = None
    ) -> None:
        """Take what to write to.

        Args:
            log: the log.
            keys: the data keys; None where no entry is sealed under a fresh one.
            clock: for the health's times.
            capacity: entries that may wait.
            timeout: seconds after which a batch under way counts as hanging.
            anchor: keeps the newest checkpoint apart from the log; None where nobody does.
        """
        self._log = log
        self._keys = keys
        self._clock = clock
        self._timeout = timeout
        self._orphaned: Callable[[Draft], None] | None = None
        self._lanes = Lanes(capacity)
        self._gathering = Gathering()
        self._loop = asyncio.get_running_loop()
        self._waiting = Waiting(self._loop, self._lanes.expire)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._busy_since: float | None = None
        self._trouble: tuple[float, str] | None = None
        self._ended = ""
        self._keys_lost = ""
        self._keys_trouble = ""  # of the last attempt to store a key
        self._last: tuple[float, int] | None = None
        self._size = self._found_size = log.head.size
        self._anchor = anchor

    def start(self, orphaned: Callable[[Draft], None]) -> None:
        """Begin to write. ``orphaned`` is called, in the event loop, for an intent that became durable after its caller had given up."""
        self._orphaned = orphaned
        self._thread.start()

    async def submit(self, draft: Draft, row: KeyRow | None, timeout: float) -> Result:
        """Have a draft written.

        A caller that gives up, by timeout (told up to 50 ms late) or cancellation, takes the draft back if it still waits; one of `FINISHING`
        stays where it is when its caller is cancelled. What is not taken back may yet become durable: an intent then is reported to
        ``orphaned``, anything else is harmless as it stands.

        Raises:
            Refusal: OVERLOADED, the queue is full.
            AuditUnavailable: it is not known to be durable.
        """
        job = Job(draft, self._loop.create_future(), row, timeout, self._loop.time() + timeout)
        if self._ended:
            raise StorePoisoned(self._ended)
        if not self._lanes.put(job):
            if self._lanes.closed:
                raise StorePoisoned(self._ended or "closed")
            raise Refusal(Reason.OVERLOADED)
        self._waiting.add(job)
        try:
            return await job.future
        except asyncio.CancelledError:
            self._give_up(job)
            raise
        finally:
            self._waiting.discard(job)

    async def chore(self, run: Callable[[LogStore], _T]) -> _T:
        """Run something with the log in the writing thread, between two batches.

        Raises:
            AuditUnavailable: the thread has ended, or the log says so.
        """
        chore = Chore(lambda: run(self._log), self._loop.create_future())
        if self._ended or not self._lanes.put_chore(chore):
            raise StorePoisoned(self._ended or "closed")
        return cast("_T", await chore.future)

    def health(self) -> Health:
        """The state of things now. Cheap: two or three system calls."""
        reason = self._reason()
        took, at = self._last or (None, None)
        poisoned = bool(self._ended or self._without_keys() or self._log.lost())
        return Health(not reason, reason, len(self._lanes), took, at, self._size, poisoned, self._without_keys() or self._keys_trouble)

    def poison(self, why: str) -> None:
        """Take nothing in any more: the log was found not to be as it was written."""
        self._ended = self._ended or why

    async def close(self, timeout: float) -> None:
        """Write what waits, then close log and key store.

        Raises:
            AuditUnavailable: not done after ``timeout`` seconds; what waits is lost, and was never acknowledged.
        """
        self._lanes.close()
        await asyncio.to_thread(self._thread.join, timeout)
        if self._thread.is_alive():
            raise StoreUnavailable(f"close: the last batch hangs for more than {timeout:.1f} s")

    def _reason(self) -> str:
        if self._ended:
            return self._ended
        busy = self._busy_since
        if busy is not None and self._clock.monotonic() - busy > self._timeout:
            return "a batch hangs"
        trouble = self._trouble
        if trouble is not None and self._clock.monotonic() - trouble[0] < _TROUBLE_LASTS:
            return trouble[1]
        return self._without_keys() or self._log.trouble() or (self._anchor.trouble if self._anchor is not None else "")

    def _without_keys(self) -> str:
        return self._keys_lost or ("" if self._keys is None else self._keys.lost())

    def _give_up(self, job: Job) -> None:
        if job.draft.kind not in FINISHING and self._lanes.withdraw(job):  # what ends something keeps its place, whoever waits
            return
        future = job.future
        if future.done() and not future.cancelled() and future.exception() is None:
            self._left_behind(job, future.result())  # durable, but its caller was cancelled before it could learn so

    def _left_behind(self, job: Job, result: Result) -> None:
        if job.draft.kind is Kind.INTENT and isinstance(result, Placed) and self._orphaned is not None:
            self._orphaned(job.draft)

    # ---- in the writing thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (work := self._lanes.take(LARGEST_BATCH, self._patience())) is not None:
                jobs, chores = work
                if jobs:
                    self._batch(jobs)
                self._offer()
                if jobs:
                    self._gathering.wait(len(jobs))
                for chore in chores:
                    self._run_chore(chore)
        finally:  # also where a defect ends the thread: from then on nothing is recorded, and the health says so
            self._ended = self._ended or "closed"
            self._lanes.close()
            self._abandon_rest()
            self._close_files()

    def _patience(self) -> float | None:
        return None if self._anchor is None else self._anchor.due_in()

    def _offer(self) -> None:
        # The head as it was found may have been written by a process that ended before its sync: only what grew since is durable.
        if self._anchor is not None and self._log.head.size > self._found_size:
            self._anchor.offer(self._log.head.note)

    def _batch(self, jobs: Sequence[Job]) -> None:
        started = self._busy_since = self._clock.monotonic()
        unwritten: list[tuple[Job, Result | LinkageError]] = [(job, StorePoisoned("the journal's thread ended")) for job in jobs]
        answers = unwritten
        try:
            answers = self._written(jobs)
        finally:
            self._busy_since = None
            self._note(answers, started)  # before anybody learns of it, so that the health is never better than an answer
            self._hand_back(self._deliver, answers)

    def _written(self, jobs: Sequence[Job]) -> list[tuple[Job, Result | LinkageError]]:
        unsealed = self._store_rows(jobs)
        ready = [job for job in jobs if unsealed is None or job.row is None]
        failed: list[tuple[Job, Result | LinkageError]] = [(job, unsealed) for job in jobs if unsealed is not None and job.row is not None]
        if not ready:
            return failed
        try:
            results = self._log.append([job.draft for job in ready])
        except AuditUnavailable as cause:
            return failed + [(job, cause) for job in ready]
        except LinkageError as cause:  # the signer's own: nothing was written
            return failed + [(job, StoreUnavailable(f"signer: {cause}")) for job in ready]
        return failed + list(zip(ready, results, strict=True))

    def _store_rows(self, jobs: Sequence[Job]) -> LinkageError | None:
        """Make fresh data keys durable before the entries sealed under them."""
        rows = [job.row for job in jobs if job.row is not None]
        if not rows:
            return None
        if self._keys is None:
            return StoreUnavailable("data keys: there is no file for them")
        try:
            self._keys.put(rows)
        except StorePoisoned as cause:
            self._keys_lost = str(cause)
            return cause
        except StoreUnavailable as cause:
            self._keys_trouble = str(cause)
            return cause
        self._keys_trouble = ""
        return None

    def _note(self, answers: Sequence[tuple[Job, Result | LinkageError]], started: float) -> None:
        now = self._clock.monotonic()
        errors = [answer for _, answer in answers if isinstance(answer, LinkageError)]
        if errors:
            self._trouble = (now, str(errors[0]))
            self._ended = self._ended or self._log.poison  # outcomes go on where only the data keys are lost
        elif any(isinstance(answer, NoRoom) for _, answer in answers):
            self._trouble = (now, "little disk space")
        else:
            self._trouble = None
        if len(errors) < len(answers):
            self._last = ((now - started) * 1000, self._clock.now_ms())
            self._size = self._log.head.size

    def _run_chore(self, chore: Chore) -> None:
        try:
            result = chore.run()
        except LinkageError as cause:
            if isinstance(cause, LogCorrupt):
                self.poison(str(cause))
            self._hand_back(fail, chore.future, cause)
        else:
            self._hand_back(succeed, chore.future, result)

    def _abandon_rest(self) -> None:
        while (work := self._lanes.take(LARGEST_BATCH)) is not None:
            jobs, chores = work
            self._hand_back(self._deliver, [(job, StorePoisoned(self._ended)) for job in jobs])
            for chore in chores:
                self._hand_back(fail, chore.future, StorePoisoned(self._ended))

    def _close_files(self) -> None:
        try:
            self._log.close()
        except AuditUnavailable as cause:
            self._ended = str(cause)
        if self._anchor is not None:
            self._anchor.keep()
        if self._keys is not None:
            self._keys.close()

    def _hand_back(self, call: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._ended = self._ended or "closed"

    # ---- in the event loop -----------------------------------------------------------------------------------------

    def _deliver(self, answers: Sequence[tuple[Job, Result | LinkageError]]) -> None:
        for job, answer in answers:
            if isinstance(answer, LinkageError):
                fail(job.future, answer)
            elif job.future.done():
                self._left_behind(job, answer)
            else:
                job.future.set_result(answer)
