"""One worker as its supervisor sees it, and the pipe between the two.

Workers are spawned, never forked. A worker says through its pipe that it serves, and then again and again that its event loop runs. A
pipe whose reader is gone tells a worker that nobody watches over it any more.
"""

import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CUT_OFF: Final = 74
"""Exit status (sysexits' EX_IOERR): not all is known to be recorded. Another start reads what the disk holds, and goes on."""

CORRUPT: Final = 65
"""Exit status of a worker (sysexits' EX_DATAERR): the log does not verify. Not 1, with which any program ends that has a defect."""

LEAVE: Final = signal.SIGUSR1
"""Tells a worker that its successor serves."""


class Heartbeat:
    """A worker's side of the pipe."""

    def __init__(self, pipe: int) -> None:
        """Take the file descriptor that the worker was given."""
        self._pipe = pipe
        os.set_blocking(pipe, False)

    def serves(self, page: int) -> bool:
        """Say, first of all, that this process serves. ``page``: the port of its metrics page on loopback, 0 for none. Then as `beat`."""
        return self._say(f"{page}\n".encode())

    def beat(self) -> bool:
        """Say that this process is alive; False where nobody listens any more: then the worker is to end. Never waits."""
        return self._say(b".")

    def _say(self, what: bytes) -> bool:
        try:
            os.write(self._pipe, what)
        except BlockingIOError:
            return True  # full: the listener has not looked for a while
        except BrokenPipeError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is told at its start."""

    number: int
    """Its number, from 0."""
    pipe: int
    """The file descriptor of its pipe, which it inherits."""
    boot: str
    """The id of its start in the log, 32 hexadecimal digits."""
    after: tuple[str, ...] = ()
    """Ids of workers that have ended, and may have left intents open."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a worker is started."""

    command: Sequence[str]
    told: bytes = b""
    """What it reads on its standard input."""
    inherits: tuple[int, ...] = ()
    """File descriptors that it inherits besides its pipe."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds."""

    silence: float = 2.0
    """For a sign of life of a worker that the system has stopped: it may hold a lock that everybody needs."""
    hung: float = 10.0
    """For one of a worker that runs: on a busy machine it may merely have to wait for its turn."""
    start: float = 60.0
    """For the first."""
    leave: float = 0.0
    """For a worker whose successor serves, before it comes to its orderly end."""
    drain: float = 60.0
    """For an orderly end."""


class WorkerProcess:
    """A worker that was started, until it was seen to have ended."""

    def __init__(self, number: int, launcher: Callable[[Orders], Launch], after: tuple[str, ...], now: float) -> None:
        """Start it.

        Args:
            number: its number, from 0.
            launcher: says how.
            after: as in `Orders`.
            now: the time, in the seconds of `time.monotonic`.

        Raises:
            OSError: no memory, too many processes, no such program.
        """
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self.orders = Orders(number, writing, secrets.token_hex(16), after)
        """What it was told."""
        launch = launcher(self.orders)
        try:
            # Not a pipe: nobody may have to wait until it is read. Nor a file: no disk may be full.
            with os.fdopen(os.memfd_create("told"), "w+b") as told:
                told.write(launch.told)
                told.seek(0)
                self._process = subprocess.Popen(  # noqa: S603 (our own command line)
                    launch.command,
                    stdin=told,
                    pass_fds=(writing, *launch.inherits),
                    process_group=0,  # Ctrl-C reaches the supervisor alone, which then ends the workers in order
                )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.pid = self._process.pid
        self.began = self.heard = now
        """When it was started, and when it was last heard."""
        self.serves = False
        """Whether it has ever been heard."""
        self.page = 0
        """The port of its metrics page, 0 where it has none."""
        self.silenced = False
        """Whether it was ended for its silence."""
        self._pipe = reading

    @property
    def status(self) -> int | None:
        """None while it runs; then its exit status, or the signal that ended it, negative."""
        return self._process.poll()

    def hear(self, now: float) -> bool:
        """Listen, without waiting; whether it was heard."""
        try:
            said = os.read(self._pipe, 4096)
        except BlockingIOError:
            return False
        if not said:
            return False
        self.heard = now
        if not self.serves:
            self.serves = True
            first, end, _ = said.partition(b"\n")  # whole: it was the first thing in the pipe
            self.page = int(first) if end and first.isdigit() else 0
        return True

    def is_stopped(self) -> bool:
        """Whether the system has stopped it (SIGSTOP, a debugger): it cannot be heard, however long one waits."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b") ")[2][:1]
        except OSError:
            return False
        return state in (b"T", b"t")

    def is_silent(self, now: float, patience: Patience) -> bool:
        """Whether it was not heard for longer than can be borne."""
        running = patience.hung if self.serves else patience.start
        return now - self.heard > (patience.silence if self.is_stopped() else running)

    def leave(self) -> None:
        """Say that its successor serves: it ends when its clients have moved on."""
        self._process.send_signal(LEAVE)

    def terminate(self) -> None:
        """Ask it to end in order."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, also where it is stopped."""
        self._process.kill()

    def close(self) -> None:
        """Close the pipe, after its end."""
        os.close(self._pipe)


def told(status: int | None) -> int:
    """A worker's exit status as this process's own. A worker that a SIGTERM ends at once had not begun yet; any other signal cuts off."""
    if status in (0, -signal.SIGTERM):
        return 0
    return status if status is not None and status > 1 else CUT_OFF  # 1 would say that the log does not verify
