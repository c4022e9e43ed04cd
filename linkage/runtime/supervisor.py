"""Keeps workers running: starts them, ends one that has fallen silent, starts another in the place of one that ended, ends all in order.

A worker that is stopped while it holds the write lock of a SQLite log would keep all others from writing, without end: no timeout of
theirs can take the lock from it. Only its end does, and SQLite then undoes what it had not committed.

Workers are spawned, never forked, and tell by a pipe that they are alive. A pipe whose reader is gone tells a worker that nobody
watches over it any more.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

_log = structlog.get_logger()

_TICK = 0.1
_OVERSLEPT = 1.0
"""Seconds between two looks from which on the machine itself, or this process, was stopped: silence then says nothing of a worker."""
_SHORTEST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_SETTLED = 30.0
"""Seconds after which a worker that ends is replaced at once: it had worked, and something happened to it."""


class Heartbeat:
    """A worker's side of the pipe."""

    def __init__(self, pipe: int) -> None:
        """Take the file descriptor that the worker was given."""
        self._pipe = pipe
        os.set_blocking(pipe, False)

    def beat(self) -> bool:
        """Say that this process is alive; False where nobody listens any more: then the worker is to end. Never waits."""
        try:
            os.write(self._pipe, b".")
        except BlockingIOError:
            return True  # full: the listener has not looked for a while
        except BrokenPipeError:
            return False
        return True


@dataclass(slots=True)
class _Worker:
    number: int
    running: subprocess.Popen[bytes] | None = None
    pipe: int = -1
    heard: float = 0.0
    spoke: bool = False
    """Whether this one has ever been heard: starting takes longer than a silence may."""
    began: float = 0.0
    ends: int = 0
    """Ends in a row, each soon after its start."""
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds."""

    silence: float = 2.0
    """For a sign of life of a worker that has given one before."""
    start: float = 60.0
    """For the first."""
    drain: float = 40.0
    """For an orderly end."""


@dataclass(slots=True)
class Supervisor:
    """Watches over ``number`` workers. ``run`` returns when `stop` was called, from a signal handler or another thread."""

    command: Callable[[int, int], Sequence[str]]
    """Makes a worker's command line from its number, 0 to ``number`` - 1, and the file descriptor of its pipe, which it inherits."""
    number: int
    patience: Patience = field(default_factory=Patience)
    ended: dict[int, int] = field(default_factory=dict)
    """Workers ended for their silence, by number: how often."""
    _over: threading.Event = field(default_factory=threading.Event)
    _workers: list[_Worker] = field(default_factory=list)

    def stop(self) -> None:
        """End the workers in order; `run` returns afterwards."""
        self._over.set()

    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers that run now, by number."""
        return tuple(worker.running.pid for worker in self._workers if worker.running is not None)

    def run(self) -> None:
        """Watch until `stop`."""
        self._workers = [_Worker(number) for number in range(self.number)]
        looked = time.monotonic()
        try:
            while not self._over.wait(_TICK):
                now = time.monotonic()
                overslept = now - looked > _OVERSLEPT
                looked = now
                for worker in self._workers:
                    self._look(worker, now, overslept=overslept)
        finally:
            self._end_all()

    def _look(self, worker: _Worker, now: float, *, overslept: bool) -> None:
        if worker.running is None:
            if now >= worker.not_before:
                self._begin(worker, now)
            return
        if worker.running.poll() is not None:
            self._bury(worker, now)
            return
        if self._hear(worker) or overslept:
            worker.heard = now
        elif now - worker.heard > (self.patience.silence if worker.spoke else self.patience.start):
            _log.error("a worker has fallen silent: ending it", worker=worker.number, pid=worker.running.pid)
            self.ended[worker.number] = self.ended.get(worker.number, 0) + 1
            worker.running.kill()  # a stopped process hears nothing else

    def _begin(self, worker: _Worker, now: float) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            started = subprocess.Popen(self.command(worker.number, writing), pass_fds=(writing,), stdin=subprocess.DEVNULL)  # noqa: S603 (our own command line)
        except OSError as cause:  # no memory, too many processes: the workers that run are none the worse for it
            os.close(reading)
            self._wait(worker, now)
            _log.error("a worker cannot be started", worker=worker.number, why=cause.strerror)
            return
        finally:
            os.close(writing)
        worker.running, worker.pipe, worker.heard, worker.began, worker.spoke = started, reading, now, now, False
        _log.info("worker started", worker=worker.number, pid=started.pid)

    def _hear(self, worker: _Worker) -> bool:
        try:
            heard = bool(os.read(worker.pipe, 4096))
        except BlockingIOError:
            return False
        worker.spoke = worker.spoke or heard
        return heard

    def _bury(self, worker: _Worker, now: float) -> None:
        if worker.running is None:
            return
        code = worker.running.returncode
        if now - worker.began >= _SETTLED:
            worker.ends = 0
        else:
            self._wait(worker, now)
        _log.warning("a worker ended", worker=worker.number, pid=worker.running.pid, status=code)
        os.close(worker.pipe)
        worker.running, worker.pipe = None, -1

    def _wait(self, worker: _Worker, now: float) -> None:
        """Before the next try: longer and longer, so that a worker that cannot live costs little."""
        worker.not_before = now + min(_SHORTEST_WAIT * 2**worker.ends, _LONGEST_WAIT)
        worker.ends = min(worker.ends + 1, 16)

    def _end_all(self) -> None:
        running = [worker.running for worker in self._workers if worker.running is not None]
        for each in running:
            each.send_signal(signal.SIGTERM)
        until = time.monotonic() + self.patience.drain
        for each in running:
            try:
                each.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
        for worker in self._workers:
            if worker.pipe >= 0:
                os.close(worker.pipe)
