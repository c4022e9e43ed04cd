"""The processes of one benchmark: the simulator, the servers side by side, and the load, each in a process of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SERVER_CPU, OTHERS_CPU = 0, 1


def free_port() -> int:
    """A port of the system's choosing, free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Process:
    """A process that has said it is ready."""

    popen: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """User and system time it has used so far."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it, by its own id, and wait."""
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


@contextlib.contextmanager
def process(arguments: Sequence[str], port: int, cpu: int) -> Iterator[Process]:
    """Start ``python -m ...`` on one processor, wait until its port answers, end it afterwards."""
    with tempfile.TemporaryFile() as said:
        popen = subprocess.Popen([sys.executable, "-m", *arguments], stderr=said)
        started = Process(popen)
        try:
            _pin(popen.pid, cpu)
            _wait_for(port, popen)
            yield started
        except RuntimeError:
            said.seek(0)
            sys.stderr.write(said.read().decode()[-4000:])
            raise
        finally:
            started.stop()


def _pin(pid: int, cpu: int) -> None:
    """Before its threads start; where the system cannot pin, the figures are only noisier."""
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setaffinity(pid, {cpu % (os.cpu_count() or 1)})


def _wait_for(port: int, popen: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if popen.poll() is not None:
            raise RuntimeError(f"ended with {popen.returncode} before it served")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError("does not answer")
