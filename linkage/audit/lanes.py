"""The journal's queue: two bounded lanes between the event loop and the writing thread.

Outcomes have a lane of their own and go first: what was begun is finished before more is begun. Everything else is taken in only
while both lanes together hold less than two thirds of the capacity, so that no crowd of intents can ever push an outcome out.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from linkage.errors import LinkageError
from linkage.store.backend import KeyRow
from linkage.store.contract import FINISHING, Draft, Result, StorePoisoned, StoreUnavailable

GATHER_EACH, GATHER_MOST = 0.002, 0.012
"""Seconds for which the next batch gathers at most: none after a batch of one, so that a lonely request never waits; more as more come
together. A commit costs the same for one entry and for twenty: signature, head row, sync."""
GATHER_LOOK = 0.002
"""Seconds after which one looks whether this process still computes; where it does not, nothing more is on its way."""


@dataclass(slots=True, eq=False)
class Job:
    """One draft on its way. ``row``: a data key that must be durable before it."""

    draft: Draft
    future: asyncio.Future[Result]
    row: KeyRow | None = field(default=None, repr=False)


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
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._outcomes) + len(self._others)

    @property
    def closed(self) -> bool:
        """Whether nothing is taken in any more."""
        return self._closed

    def put(self, job: Job) -> bool:
        """Queue a job; False if its lane is full or the lanes are closed."""
        with self._changed:
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
            self._changed.notify()
            return True

    def put_chore(self, chore: Chore) -> bool:
        """Queue a chore; False if the lanes are closed."""
        with self._changed:
            if self._closed:
                return False
            self._chores.append(chore)
            self._changed.notify()
            return True

    def withdraw(self, job: Job) -> bool:
        """Take a job back; False if the writing thread has it already."""
        with self._changed:
            lane = self._outcomes if job.draft.kind in FINISHING else self._others
            try:
                lane.remove(job)
            except ValueError:
                return False
            return True

    def expire(self, job: Job, timeout: float) -> None:
        """Tell whoever still waits for a job that ``timeout`` seconds are over, and take it back if it can be. In the event loop."""
        if not job.future.done():
            self.withdraw(job)
            job.future.set_exception(StoreUnavailable(f"append: not durable after {timeout:.1f} s"))

    def take(self, at_most: int, patience: float | None = None) -> tuple[list[Job], list[Chore]] | None:
        """Wait for work and take it: outcomes first, then the rest in order. None once closed and empty.

        Two empty lists after ``patience`` seconds without work; None waits without end.
        """
        with self._changed:
            while not (self._outcomes or self._others or self._chores or self._closed):
                if not self._changed.wait(patience):
                    return [], []
            jobs = [self._outcomes.popleft() for _ in range(min(at_most, len(self._outcomes)))]
            jobs += [self._others.popleft() for _ in range(min(at_most - len(jobs), len(self._others)))]
            chores = list(self._chores)
            self._chores.clear()
            return (jobs, chores) if jobs or chores else None

    def close(self) -> None:
        """Take nothing in any more; what is queued is still taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def let_gather(written: int) -> None:
    """After a batch of so many: let the next one gather, in the writing thread, no longer than this process computes."""
    until, computed = time.monotonic() + min((written - 1) * GATHER_EACH, GATHER_MOST), time.process_time()
    while time.monotonic() < until:
        time.sleep(GATHER_LOOK)
        before, computed = computed, time.process_time()
        if computed - before < GATHER_LOOK / 2:
            return


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
