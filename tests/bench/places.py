"""The processes of one benchmark: the simulator, the servers side by side, and the load, each in a process of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SERVER_CPU, OTHERS_CPU = 0, 1
ALL_CPUS: frozenset[int] = frozenset(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Process:
    """A process that has said it is ready, and those it has started itself."""

    popen: subprocess.Popen[bytes]

    def pids(self) -> list[int]:
        """Its own id and those of all its descendants."""
        found = [self.popen.pid]
        for pid in found:  # grows as it goes
            with contextlib.suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
        return found

    def pin(self, cpus: Iterable[int] = ALL_CPUS) -> None:
        """Have all its threads run on these processors; where the system cannot pin, the figures are only noisier."""
        chosen = ALL_CPUS.intersection(cpus) or ALL_CPUS
        for pid in self.pids():
            with contextlib.suppress(OSError, AttributeError):
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    os.sched_setaffinity(int(thread.name), chosen)

    def memory_kib(self) -> int:
        """Its share of the machine's memory (PSS), with its descendants', in KiB."""
        return sum(_pss_kib(pid) for pid in self.pids())

    def stop(self) -> None:
        """End it, by its own id, and wait."""
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time that these processes have used so far."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextlib.contextmanager
def process(arguments: Sequence[str], port: int) -> Iterator[Process]:
    """Start ``python -m ...``, wait until its port answers, end it afterwards. What it said is shown if it does not come up."""
    with tempfile.TemporaryFile() as said:
        started = Process(subprocess.Popen([sys.executable, "-m", *arguments], stderr=said))
        try:
            _wait_for(port, started.popen)
            yield started
        except RuntimeError:
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace")[-4000:])
            raise
        finally:
            started.stop()


def _wait_for(port: int, popen: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if popen.poll() is not None:
            raise RuntimeError(f"ended with {popen.returncode} before it served")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError("does not answer")
