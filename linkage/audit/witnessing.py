"""Has the log's checkpoints cosigned by its witnesses, off the way of every request (c2sp.org/tlog-witness).

Every witness has a task of its own that submits the newest checkpoint, one that all witnesses of a round have in common. A witness
that is down, slow or talks nonsense costs nothing but its cosignature. One that knows more of the log than we do, or says that our
log does not follow what it has seen, has found two histories under one name: that is an alarm, and the log is written no more.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from linkage.audit.freshness import Freshness, Witnesses, WitnessLimits
from linkage.audit.witness_answers import Behind, Cosigned, Courier, Failed, Fork, Undelivered, read_answer
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import Head
from linkage.store.cosignatures import Cosignatures, check_cosigned
from linkage.store.head_check import check_head
from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.errors import NoteInvalid, ProofInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.tree import consistency_path
from linkage.tlog.witness_wire import write_request

_T = TypeVar("_T")
_log = structlog.get_logger()

TRIES = 3
"""Submissions in one round: a witness that knows another size than we thought says so in its answer to the first."""
LONGEST_PAUSE_S = 60.0
"""Seconds between two rounds of a witness that keeps failing; each failure doubles the pause up to here."""
_EVIDENCE_S = 5.0
"""Seconds for which an alarm waits for what the witness has to show."""
_IN_COMMON = 0.8
"""Part of a round's time for which its checkpoint is the one that every witness is sent."""

_UNPROVED = "; it shows no checkpoint that proves it: if the witness is wrong, have it mended, or take it out of log.witnesses"


class Witnessing:
    """The witnesses of one log. Used in one event loop; log and file are read in one thread of its own."""

    def __init__(
        self,
        couriers: Sequence[Courier],
        *,
        open_reader: Callable[[], LogReader],
        state: Path,
        verifier: LogVerifier,
        clock: Clock,
        limits: WitnessLimits,
        told: Witnesses,
    ) -> None:
        """Take what leads to the witnesses; nothing is opened or asked yet.

        Args:
            couriers: one for each witness.
            open_reader: opens a reader of the log.
            state: where `Cosignatures` are kept.
            verifier: the log's keys.
            clock: wall time for freshness, which outlives this process; monotonic time for rounds.
            limits: how often, how many, how long.
            told: learns how the witnesses fare.
        """
        self._couriers = couriers
        self._open_reader = open_reader
        self._state = state
        self._verifier = verifier
        self._clock = clock
        self._limits = limits
        self._told = told
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="witnesses")
        self._log: LogReader | None = None
        self._book: Cosignatures | None = None
        self._freshness = Freshness([courier.name for courier in couriers], limits, clock)
        self._at_size: dict[str, int] = {}
        self._choosing = asyncio.Lock()
        self._chosen: tuple[float, Head] | None = None

    async def check(self, *, within: float) -> None:
        """Check, before anything is written, that the log holds whatever a witness has seen of it.

        That is all that is kept here, and what each witness says itself, if it does so ``within`` this many seconds.

        Raises:
            LogCorrupt: it does not; an older copy was put back, or another history.
            AuditUnavailable: log or file cannot be read now.
        """
        if not self._couriers:
            return
        await self._in_thread(self._check_kept)
        asking = [asyncio.create_task(self._ask(courier)) for courier in self._couriers]
        done, late = await asyncio.wait(asking, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for said in await asyncio.gather(*done, return_exceptions=True):
            if isinstance(said, BaseException):
                raise said

    def work(self, withhold: Callable[[str], None], alarm: Callable[[LogCorrupt], None]) -> Iterator[Coroutine[Any, Any, None]]:
        """What is to run until it is cancelled, each in a task of its own.

        ``withhold`` is told, twice a second, why nothing new may be begun, or nothing; ``alarm`` once, that there are two histories.
        """
        if self._couriers:
            yield self._freshness.watch(withhold, self._told)
        for courier in self._couriers:
            yield self._follow(courier, alarm)

    def trouble(self) -> str:
        """Why the log does not count as witnessed now, in a few words; empty while it does, or nobody is to witness it."""
        return self._freshness.trouble()

    async def newest_cosigned(self) -> str | None:
        """The newest checkpoint that enough witnesses cosigned, with their lines; None before the first.

        Raises:
            AuditUnavailable: the file cannot be read now.
        """
        if not self._couriers:
            return None
        return await self._in_thread(lambda: self._opened_book().newest(self._limits.quorum))

    async def aclose(self) -> None:
        """Close everything. The tasks must have ended."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()
        for courier in self._couriers:
            await courier.aclose()

    # ---- one witness -----------------------------------------------------------------------------------------------

    async def _follow(self, courier: Courier, alarm: Callable[[LogCorrupt], None]) -> None:
        pause = self._limits.every
        while True:
            try:
                result = await self._round(courier)
            except (Failed, Undelivered) as failure:
                result = str(failure)
            except AuditUnavailable:
                result = "own file"
            except LogCorrupt as cause:
                self._told.tried(courier.name, "alarm")
                alarm(cause)
                return
            if result:
                self._told.tried(courier.name, result)
            failed = result not in {"", "cosigned"}
            pause = min(max(LONGEST_PAUSE_S, self._limits.every), pause * 2) if failed else self._limits.every
            await asyncio.sleep(pause)

    async def _round(self, courier: Courier) -> str:
        """Have one checkpoint cosigned; what came of it, empty where there was nothing to do."""
        goal = await self._goal()
        if self._at_size.get(courier.name) == goal.size and self._freshness.age(courier.name) < self._limits.warn_after / 3:
            return ""
        for _ in range(TRIES):
            old, body = await self._in_thread(partial(self._prepare, courier, goal))
            match read_answer(await courier.submit(body), goal.note, courier.key, old, goal.size):
                case Cosigned(line):
                    await self._keep(courier, goal, line)
                    return "cosigned"
                case Behind(size):
                    goal = await self._caught_up(courier, goal, size)
                case Fork(why):
                    raise LogCorrupt(f"witness {courier.name}: {why}{(await self._evidence(courier))[1]}")
        raise Failed("changes its mind")

    async def _goal(self) -> Head:
        """The checkpoint of this round: the newest, or the one that another witness was sent a moment ago."""
        async with self._choosing:
            now = self._clock.monotonic()
            if self._chosen is None or now - self._chosen[0] >= self._limits.every * _IN_COMMON:
                self._chosen = now, await self._in_thread(self._head)
            return self._chosen[1]

    async def _caught_up(self, courier: Courier, goal: Head, size: int) -> Head:
        """The witness says that it has seen ``size`` entries: a goal that is not before that.

        What it has seen was durable here before it was sent. What it says and cannot show is an alarm now, but is not kept: a witness
        that was wrong once, and was mended, must not keep the log from being written.
        """
        head = await self._in_thread(self._head)
        if size > head.size:
            shown, evidence = await self._evidence(courier)
            if shown > head.size:
                await self._in_thread(lambda: self._opened_book().has_seen(courier.key.text, shown))
            raise LogCorrupt(_too_short(courier, size, head.size) + evidence)
        await self._in_thread(lambda: self._opened_book().has_seen(courier.key.text, size))
        return head if size > goal.size else goal

    async def _keep(self, courier: Courier, goal: Head, line: str) -> None:
        now = self._clock.now_ms()
        await self._in_thread(lambda: self._opened_book().keep(courier.key.text, goal.size, goal.note, line, now))
        self._freshness.cosigned(courier.name, now)
        self._at_size[courier.name] = goal.size
        self._told.cosigned(courier.name, goal.size)

    async def _evidence(self, courier: Courier) -> tuple[int, str]:
        """What the witness shows as the newest checkpoint of our key that it knows, kept beside the file for whoever looks into it.

        Its size, 0 for none; and what to say of it.
        """
        try:
            async with asyncio.timeout(_EVIDENCE_S):
                note = await courier.latest(self._verifier.name)
            shown = open_checkpoint(note, self._verifier)
        except (Undelivered, NoteInvalid, TimeoutError):
            return 0, _UNPROVED
        said = f"; it shows a checkpoint of {shown.size} entries, signed with the log's key"
        evidence = self._state.with_name(f"{self._state.name}.evidence")
        try:
            await self._in_thread(lambda: evidence.write_bytes(note))
        except OSError:
            return shown.size, said
        return shown.size, f"{said}: {evidence}"

    # ---- at the start ----------------------------------------------------------------------------------------------

    async def _ask(self, courier: Courier) -> None:
        """Ask a witness how much of the log it has seen. The checkpoint that is sent is an old one, which is surely durable."""
        try:
            first, body = await self._in_thread(self._first)
            answer = read_answer(await courier.submit(body), first[1], courier.key, 0, first[0])
        except (Failed, Undelivered) as failure:
            self._told.tried(courier.name, str(failure))
            return
        if isinstance(answer, Behind):
            await self._caught_up(courier, await self._in_thread(self._head), answer.size)
        try:
            note = await courier.latest(self._verifier.name)
            open_checkpoint(note, self._verifier)
        except (Undelivered, NoteInvalid):
            return  # not every witness shows what it has cosigned: the first submission will tell
        await self._in_thread(lambda: check_cosigned([note.decode()], self._opened_log(), self._verifier))

    # ---- in the thread ---------------------------------------------------------------------------------------------

    async def _in_thread(self, run: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _opened_log(self) -> LogReader:
        if self._log is None:
            self._log = self._open_reader()
        return self._log

    def _opened_book(self) -> Cosignatures:
        if self._book is None:
            self._book = Cosignatures(self._state)
            if self._book.set_aside:
                _log.error("the file of cosignatures was damaged: it is set aside, and begun anew", file=self._state.name)
        return self._book

    def _check_kept(self) -> None:
        now = self._clock.now_ms()
        for courier in self._couriers:
            followed = self._opened_book().follow(courier.key.text, now)
            self._freshness.cosigned(courier.name, followed.fresh_ms)
            if followed.size > (size := self._head().size):
                raise LogCorrupt(_too_short(courier, followed.size, size))
        check_cosigned(self._opened_book().kept(), self._opened_log(), self._verifier)

    def _head(self) -> Head:
        return self._opened_log().consistent(lambda log: check_head(log.head(), None, self._verifier))

    def _prepare(self, courier: Courier, goal: Head) -> tuple[int, bytes]:
        seen = self._opened_book().follow(courier.key.text, self._clock.now_ms()).size
        old = min(seen, goal.size)
        try:
            proof = self._opened_log().consistent(lambda log: consistency_path(old, goal.size, log.node, largest=log.head().size))
        except ProofInvalid:
            raise LogCorrupt(f"log: holds fewer than the {goal.size} entries it had: it was rolled back") from None
        return old, write_request(old, proof, goal.note)

    def _first(self) -> tuple[tuple[int, str], bytes]:
        def oldest(log: LogReader) -> tuple[int, str]:
            return next(((size, note) for size, _, note, _ in log.checkpoints(0, 1)), (log.head().size, log.head().note))

        first = self._opened_log().consistent(oldest)
        return first, write_request(0, (), first[1])

    def _close(self) -> None:
        for each in (self._log, self._book):
            if each is not None:
                each.close()


def _too_short(courier: Courier, seen: int, held: int) -> str:
    return f"log: got {held} entries, witness {courier.name} has seen {seen}: an older copy, or another history; put the newest one back"
