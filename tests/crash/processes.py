"""The processes of one campaign: simulators that live through all of it, and a gateway that is started and killed again and again."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.crash.simulators import ARM

ROOT = Path(__file__).parents[2]
_LINKAGE = (sys.executable, "-m", "linkage.cli.main")


class DidNotComeUp(Exception):
    """The gateway ended by itself, or did not answer in time. Holds the end of what it said."""


@contextmanager
def held_port() -> Iterator[int]:
    """A port of the system's choosing that stays ours between two lives of the gateway.

    It is bound here and listened on by the gateway alone: what calls in between is refused, and no outgoing connection is given the
    port, not even one that would then connect to itself.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        yield port


@dataclass(slots=True)
class Agencies:
    """Where the simulators are."""

    dopa: str
    thaid: str
    _told: dict[str, int] = field(default_factory=dict)

    def take(self, seconds: float) -> None:
        """Let DOPA take this long for every answer."""
        httpx.post(f"{self.dopa}/_simulator/knobs", json={"slow": seconds}, timeout=10).raise_for_status()

    def arm(self, pid: int, moment: str) -> None:
        """Have DOPA kill this process, which must be one of ours, as it is next asked, or as its next answer goes out."""
        httpx.post(f"{self.dopa}{ARM}", json={"pid": pid, "moment": moment}, timeout=10).raise_for_status()

    def received(self) -> list[dict[str, Any]]:
        """Every request that any of them received since this was last asked: operation, request_id, at_ms."""
        new: list[dict[str, Any]] = []
        for url in (self.dopa, self.thaid):
            since = self._told.get(url, 0)
            page = httpx.get(f"{url}/_simulator/received", params={"since": since}, timeout=60).raise_for_status().json()
            self._told[url] = since + len(page)
            new += page
        return new


@contextmanager
def agencies() -> Iterator[Agencies]:
    """The simulators in a process of their own, ended afterwards."""
    command = [sys.executable, "-m", "tests.crash.simulators"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ports = json.loads(process.stdout.readline())
            dopa, thaid = (f"http://127.0.0.1:{ports[name]}" for name in ("dopa", "thaid"))
            yield Agencies(dopa, thaid)
        finally:
            process.stdout.close()
            try:
                process.communicate(timeout=10)
            except (subprocess.TimeoutExpired, ValueError):
                process.kill()


def audit_verify(settings_file: Path) -> int:
    """`linkage audit verify` as an operator runs it; its exit status."""
    command = [*_LINKAGE, "audit", "verify", "--json", "--config", str(settings_file)]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False, timeout=600).returncode


class GatewayProcess:
    """`linkage serve` on one settings file. What it says goes to ``gateway.log`` beside that, all its lives in one file."""

    def __init__(self, settings_file: Path) -> None:
        self._command = [*_LINKAGE, "serve", "--config", str(settings_file)]
        self.said = settings_file.with_name("gateway.log")
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self.started_at = 0.0
        """By `time.monotonic`."""

    def start(self) -> None:
        """Start it; it is not up yet."""
        with self.said.open("ab") as said:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self.starts += 1
        self.started_at = time.monotonic()

    def check(self) -> None:
        """Raise `DidNotComeUp` if it has ended by itself."""
        if self._process is None or self._process.poll() is not None:
            status = None if self._process is None else self._process.returncode
            raise DidNotComeUp(f"start {self.starts}: ended by itself with status {status}: {self._last_words()}")

    @property
    def pid(self) -> int:
        """Its process id; `check` that it runs."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """The process ids of its workers, where it has several."""
        try:
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()]
        except OSError:
            return []

    def killed(self) -> bool:
        """Whether a SIGKILL has ended it."""
        return self._process is not None and self._process.poll() == -signal.SIGKILL

    def silent(self, seconds: float) -> DidNotComeUp:
        """What to raise if it runs, but does not answer."""
        return DidNotComeUp(f"start {self.starts}: no answer within {seconds:.0f} s: {self._last_words()}")

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone. Does nothing if it is already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def stop(self) -> int:
        """SIGTERM; gives the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self.wait(60)

    def wait(self, seconds: float) -> int:
        """Wait until it has ended; its exit status."""
        assert self._process is not None
        return self._process.wait(seconds)

    def defects(self) -> int:
        """How often any of its lives logged a defect of its own."""
        return self.said.read_bytes().count(b'"event": "defect"')

    def _last_words(self) -> str:
        return self.said.read_text(encoding="utf-8", errors="replace")[-800:].strip()
