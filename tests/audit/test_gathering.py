"""Entries gather while the event loop is busy and computes, and only then."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from linkage.audit.gathering import MOST_S, Gathering

TRIES = 200
"""How often one tries to see something that a machine busy with other work may hide."""


class EventLoop:
    """A thread that computes while it is told to, and the gathering made in it."""

    def __init__(self) -> None:
        self.computes, self.ended, self.made = threading.Event(), threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        self.made.wait()

    def _run(self) -> None:
        self.gathering = Gathering()
        self.made.set()
        while not self.ended.is_set():
            if self.computes.is_set():
                sum(range(1000))
            else:
                self.ended.wait(0.001)

    def wait(self, written: int) -> float:
        """Seconds that the journal waited."""
        started = time.monotonic()
        self.gathering.wait(written)
        return time.monotonic() - started

    def seen(self, seconds: float) -> None:
        """Have it seen for so long what the event loop does now."""
        time.sleep(seconds)
        self.gathering.wait(1)


@contextmanager
def _event_loop() -> Iterator[EventLoop]:
    loop = EventLoop()
    try:
        yield loop
    finally:
        loop.ended.set()
        loop.thread.join()


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    with _event_loop() as made:
        yield made


def test_a_busy_event_loop_is_waited_for_to_the_end(loop: EventLoop) -> None:
    loop.computes.set()
    for _ in range(TRIES):
        loop.seen(0.11)
        if loop.wait(100) >= MOST_S:
            return
    pytest.fail("never waited")


def test_after_a_batch_of_one_nothing_waits(loop: EventLoop) -> None:
    loop.computes.set()
    for _ in range(TRIES):
        loop.seen(0.11)
        if loop.wait(100) >= MOST_S:
            break
    assert min(loop.wait(1) for _ in range(TRIES)) < MOST_S / 10


def test_an_event_loop_that_has_been_idle_is_not_waited_for_when_it_starts_to_compute(loop: EventLoop) -> None:
    loop.seen(0.11)
    loop.computes.set()
    assert min(loop.wait(100) for _ in range(3)) < MOST_S / 10


def test_a_busy_event_loop_is_waited_for_no_longer_when_it_stands_still(loop: EventLoop) -> None:
    loop.computes.set()
    for _ in range(TRIES):
        loop.seen(0.11)
        if loop.gathering._busy:
            break
    loop.computes.clear()
    assert min(loop.wait(100) for _ in range(5)) < MOST_S


def test_an_event_loop_that_is_gone_is_not_waited_for() -> None:
    with _event_loop() as loop:
        loop.computes.set()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(loop.gathering.wait, 100).result(timeout=60)
