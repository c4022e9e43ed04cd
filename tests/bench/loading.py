"""The load, seen from the benchmark: a process of its own that does one job after another."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.bench.places import Process


@dataclass(frozen=True, slots=True)
class OverGrpc:
    """One client of a side that speaks gRPC: where, as whom (PEM files), and what it asks (hexadecimal)."""

    target: str
    ca: str
    certificate: str
    key: str
    method: str
    request: str = ""
    metadata: Sequence[tuple[str, str]] = ()
    found: bool = True
    """Whether the answer must be a record that was found."""


@dataclass(frozen=True, slots=True)
class OverHttp:
    """One client of a side that speaks HTTP; without a certificate over plain HTTP."""

    url: str
    body: str
    headers: Mapping[str, str]
    ca: str = ""
    certificate: str = ""
    key: str = ""


Caller = OverGrpc | OverHttp


@dataclass(frozen=True, slots=True)
class Work:
    """How hard: clients in flight, seconds before it counts, seconds that count."""

    in_flight: int
    seconds: float
    warm: float = 0.7
    honour: bool = False
    """Clients honour pushback, by the service config that we publish."""
    probes: int = 0
    """How many of the clients try nothing again, so that a refusal's time is seen."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one job measured. Processor time: milliseconds a call, of the load and of each process that was watched."""

    rate: float
    p50_ms: float
    p99_ms: float
    refused: int
    refused_p99_ms: float
    given_up: int
    cpu_ms: dict[str, float] = field(default_factory=dict)


class Load:
    """The load's process."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self._popen = popen
        self.process = Process(popen)  # type: ignore[arg-type]  # it speaks text; only its id counts there

    def do(self, callers: Sequence[Caller], work: Work, watched: Mapping[str, Process]) -> Answer:
        """Do one job.

        Raises:
            RuntimeError: a call failed that may not; the load has said which.
        """
        kind = "grpc" if isinstance(callers[0], OverGrpc) else "http"
        pids = {name: process.pids() for name, process in watched.items()}
        job: dict[str, Any] = {"kind": kind, "callers": [asdict(each) for each in callers], "watched": pids, **asdict(work)}
        stdin, stdout = self._popen.stdin, self._popen.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the load has no pipes")
        stdin.write(json.dumps(job) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError("the load has ended; its last words are above")
        return Answer(**json.loads(line))


@contextmanager
def load() -> Iterator[Load]:
    """The load for as long as the block."""
    command = [sys.executable, "-m", "tests.bench.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as popen:
        try:
            yield Load(popen)
        finally:
            popen.terminate()
