"""Five thousand counters that are connected and quiet: what a connection costs the gateway in memory, beside a bare grpc.aio server.

Each has a certificate of its own, finished mutual TLS and made one call. A hundred connect first, so that what a server takes once is not
counted; the growth from there is divided by the connections that came after. Where the limit of open files is low, fewer connect.
"""

import json
import multiprocessing
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from linkage.clock import SystemClock
from linkage.runtime.pki import load_authority, make_counter
from tests.bench.desks import uri
from tests.bench.places import Process, process
from tests.bench.rounds import Row, row
from tests.bench.sides import COUNTERS, built_place, serving
from tests.bench.stage import Stage
from tests.ports import free_port

WANTED, FIRST = 5_000, 100
CLIENTS = 4
TICKS = 2
SETTLE_S = 2.0
METHOD = "/linkage.v1.CatalogueService/ListServices"
_SPARE = 200  # files that a server has open besides


def connections() -> int:
    """How many counters can connect: as many as are wanted, or as the limit of open files allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # processes started from now on may have as many
    return min(WANTED, hard - FIRST - _SPARE)


def measure(stage: Stage) -> list[Row]:
    """The rows of the figures."""
    count = connections()
    stage.together()
    place = built_place(stage.folder / "idle", stage.agency, counters=COUNTERS + FIRST + count)
    numbers = range(COUNTERS, COUNTERS + FIRST + count)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:  # gRPC, once used, survives no fork
        list(pool.map(_certificates, *zip(*((place.folder, numbers[start::8]) for start in range(8)), strict=True)))
    with serving("whole", place, stage.agency) as whole:
        ours = _kib_each(place.folder, whole.server, whole.port, numbers)
        stage.tick()
    port = free_port()
    with process(["tests.bench.empty", str(port), str(place.folder)], port) as bare:
        theirs = _kib_each(place.folder, bare, port, numbers)
        stage.tick()
    few = "" if count == WANTED else f" (here {count:,}: the limit of open files)"
    told = f"{WANTED:,} idle counters{few}"
    return [
        row(f"{told}: memory a connection / bare grpc.aio mTLS server with the same options, at most", ours / theirs, 1.2),
        row(f"{told}: memory a connection of the gateway, KiB", ours),
        row(f"{told}: memory a connection of the bare server, KiB", theirs),
    ]


def _certificates(folder: Path, numbers: Sequence[int]) -> None:
    authority = load_authority(folder / "ca.pem", folder / "ca.key")
    for number in numbers:
        make_counter(authority, folder / f"idle-{number}.pem", folder / f"idle-{number}.key", uri=uri(number), clock=SystemClock())


def _kib_each(folder: Path, server: Process, port: int, numbers: range) -> float:
    with ExitStack() as stack:
        stack.enter_context(_connected(folder, port, [numbers[:FIRST]]))
        before = _settled(server)
        rest = numbers[FIRST:]
        stack.enter_context(_connected(folder, port, [rest[start::CLIENTS] for start in range(CLIENTS)]))
        return (_settled(server) - before) / len(rest)


def _settled(server: Process) -> int:
    time.sleep(SETTLE_S)
    return server.memory_kib()


@contextmanager
def _connected(folder: Path, port: int, shares: Sequence[range]) -> Iterator[None]:
    """Each share of counters connected, by a process of its own, until the end of the block."""
    command = [sys.executable, "-m", "tests.bench.idle_clients"]
    with ExitStack() as stack:
        clients = [stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) for _ in shares]
        try:
            for client, share in zip(clients, shares, strict=True):
                told = {"target": f"localhost:{port}", "folder": str(folder), "method": METHOD, "numbers": list(share)}
                _say(client, json.dumps(told))
            for client, share in zip(clients, shares, strict=True):
                _hear(client, len(share))
            yield
        finally:
            for client in clients:
                client.terminate()


def _say(client: subprocess.Popen[str], line: str) -> None:
    if client.stdin is None:
        raise RuntimeError("no pipe")
    client.stdin.write(line + "\n")
    client.stdin.flush()


def _hear(client: subprocess.Popen[str], expected: int) -> None:
    heard = client.stdout.readline() if client.stdout else ""
    if heard.strip() != str(expected):
        raise RuntimeError(f"{heard.strip() or 'none'} of {expected} counters connected")
