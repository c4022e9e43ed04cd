"""Processes that append to a log in PostgreSQL for as long as they are let, and can be stopped where they hold its lock."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
APPEND = """
import os, random, sys, time
from pathlib import Path
from linkage.audit.boot import clock_steps
from linkage.clock import SystemClock
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.postgres_log import PostgresLog
from tests.small_log import ORIGIN, SIGNER, draft, placed

class HeldClock(SystemClock):
    # The log reads its clock while it holds the lock: there it stops and says so, when it is asked to.
    def now_ms(self):
        if ask.exists():
            ask.unlink()
            print("holding", flush=True)
            sys.stdin.readline()
        return super().now_ms()

ask, over = Path(sys.argv[2]), Path(sys.argv[3])
clock = HeldClock()
log = PostgresLog(sys.argv[1], signer=SIGNER, clock=clock, clock_entry=clock_steps(clock, ORIGIN))
print("open", flush=True)
sys.stdin.readline()
while not over.exists():
    drafts, results = [draft() for _ in range(random.randint(1, 8))], []
    while not results:
        try:
            results = log.append(drafts)
        except StoreUnavailable:  # certainly not written: again, with the same ids
            if over.exists():
                break
    at = time.monotonic()
    sys.stdout.write("".join(f"{each.eid.hex()} {each.index} {at}\\n" for each in map(placed, results)))
    sys.stdout.flush()
    time.sleep(0.002)
log.close()
"""


@dataclass
class Writer:
    """A process that appends, and what it has said so far."""

    process: subprocess.Popen[str]
    ask: Path
    lines: list[str] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def go_on(self) -> None:
        """Let it begin, or go on, once it waits for that."""
        until(lambda: bool(self.lines))
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def hold(self) -> None:
        """Have it stop the next time that it holds the log's lock, and wait until it does."""
        self.ask.touch()
        until(lambda: "holding\n" in self.lines)

    def acknowledged(self) -> list[tuple[bytes, int, float]]:
        """Every entry whose append returned: its id, its index, and when, by the monotonic clock."""
        whole = [line.split() for line in list(self.lines) if line.endswith("\n") and line.count(" ") == 2]
        return [(bytes.fromhex(eid), int(index), float(at)) for eid, index, at in whole]


@contextmanager
def appending(conninfo: str, over: Path) -> Iterator[Writer]:
    """A process that appends until the file ``over`` appears. It begins when it is told to, and does not outlive the block."""
    with TemporaryDirectory() as folder:
        ask = Path(folder) / "ask"
        command = [sys.executable, "-c", APPEND, conninfo, str(ask), str(over)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            writer = Writer(process, ask)
            listener = threading.Thread(target=writer.listen)
            listener.start()
            try:
                yield writer
            finally:
                process.send_signal(signal.SIGKILL)
                listener.join()


def until(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for what another process is about to do."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
