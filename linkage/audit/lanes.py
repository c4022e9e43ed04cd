"""The journal's queue: two bounded lanes between the event loop and the writing thread.

Outcomes have a lane of their own and go first: what was begun is finished before more is begun. Everything else is taken in only
while both lanes together hold less than two thirds of the capacity, so that no crowd of intents can ever push an outcome out.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from linkage.errors import LinkageError
from linkage.store.backend import KeyRow
from linkage.store.contract import FINISHING, Draft, Result, StorePoisoned, StoreUnavailable

OVERDUE_LOOK = 0.05
"""Seconds between two looks at whose time is over."""


@dataclass(slots=True, eq=False)
class Job:
    """One draft on its way. ``row``: a data key that must be durable before it.

    It is waited for ``timeout`` seconds, which are over at ``until`` in the event loop's time.
    """

    draft: Draft
    future: asyncio.Future[Result]
    row: KeyRow | None = field(repr=False)
    timeout: float
    until: float


@dataclass(slots=True, eq=False)
class Chore:
    """Something to be run in the writing thread, between two batches."""

    run: Callable[[], Any]
    future: asyncio.Future[Any]


class Lanes:
    """The two lanes, and the chores. Safe between threads."""

    def __init__(self, capacity: int) -> None:
        """Hold at most ``capacity`` outcomes, and two thirds of that of anything else."""
        self._capacity = capacity
        self._for_others = capacity - capacity // 3
        self._outcomes: deque[Job] = deque()
        self._others: deque[Job] = deque()
        self._chores: deque[Chore] = deque()
        self._closed = False
        self._lock = threading.Lock()
        self._asleep = False
        """The writing thread waits for the bell."""
        self._bell: SimpleQueue[None] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._outcomes) + len(self._others)

    @property
    def closed(self) -> bool:
        """Whether nothing is taken in any more."""
        return self._closed

    def put(self, job: Job) -> bool:
        """Queue a job; False if its lane is full or the lanes are closed."""
        with self._lock:
            if self._closed:
                return False
            if job.draft.kind in FINISHING:
                if len(self._outcomes) >= self._capacity:
                    return False
                self._outcomes.append(job)
            else:
                if len(self) >= self._for_others:
                    return False
                self._others.append(job)
            self._wake()
            return True

    def put_chore(self, chore: Chore) -> bool:
        """Queue a chore; False if the lanes are closed."""
        with self._lock:
            if self._closed:
                return False
            self._chores.append(chore)
            self._wake()
            return True

    def withdraw(self, job: Job) -> bool:
        """Take a job back; False if the writing thread has it already."""
        with self._lock:
            lane = self._outcomes if job.draft.kind in FINISHING else self._others
            try:
                lane.remove(job)
            except ValueError:
                return False
            return True

    def expire(self, job: Job) -> None:
        """Tell whoever still waits for a job that its time is over, and take it back if it can be. In the event loop."""
        if not job.future.done():
            self.withdraw(job)
            job.future.set_exception(StoreUnavailable(f"append: not durable after {job.timeout:.1f} s"))

    def take(self, at_most: int, patience: float | None = None) -> tuple[list[Job], list[Chore]] | None:
        """Wait for work and take it: outcomes first, then the rest in order. None once closed and empty.

        Two empty lists after ``patience`` seconds without work; None waits without end.
        """
        while True:
            with self._lock:
                jobs = [self._outcomes.popleft() for _ in range(min(at_most, len(self._outcomes)))]
                jobs += [self._others.popleft() for _ in range(min(at_most - len(jobs), len(self._others)))]
                chores = list(self._chores)
                self._chores.clear()
                if jobs or chores:
                    return jobs, chores
                if self._closed:
                    return None
                self._asleep = True
            try:
                self._bell.get(timeout=patience)
            except Empty:
                return [], []

    def close(self) -> None:
        """Take nothing in any more; what is queued is still taken out."""
        with self._lock:
            self._closed = True
            self._wake()

    def _wake(self) -> None:
        if self._asleep:
            self._asleep = False
            self._bell.put(None)


class Waiting:
    """The jobs that somebody waits for. One look at all of them, again and again, costs less than a timer for each. In the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, overdue: Callable[[Job], None]) -> None:
        """Take what is called for a job whose time is over, at most `OVERDUE_LOOK` later."""
        self._loop = loop
        self._overdue = overdue
        self._jobs: set[Job] = set()
        self._looking = False

    def add(self, job: Job) -> None:
        """Somebody waits for this job from now on."""
        self._jobs.add(job)
        if not self._looking:
            self._looking = True
            self._loop.call_later(OVERDUE_LOOK, self._look)

    def discard(self, job: Job) -> None:
        """Nobody does any more."""
        self._jobs.discard(job)

    def _look(self) -> None:
        now = self._loop.time()
        for job in [job for job in self._jobs if job.until <= now]:
            self._overdue(job)
        self._looking = bool(self._jobs)
        if self._looking:
            self._loop.call_later(OVERDUE_LOOK, self._look)


def fail(future: asyncio.Future[Any], cause: LinkageError) -> None:
    """Tell whoever waits, if anybody still does, that nothing is known to have been written."""
    if future.done():
        return
    kind = StorePoisoned if isinstance(cause, StorePoisoned) else StoreUnavailable
    error = kind(str(cause))  # one for each waiter: a raised exception gathers its raiser's frames
    error.__cause__ = cause
    future.set_exception(error)


def succeed(future: asyncio.Future[Any], result: object) -> None:
    """Give the result to whoever waits, if anybody still does."""
    if not future.done():
        future.set_result(result)
