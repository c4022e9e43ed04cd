"""The single sequencer's ceiling: entries a second into one log from several processes, on both backends, at the batches that occur.

Each process appends without a pause, so nothing is counted but the log itself: claims, entries, nodes, signature, head, commit. Half of the
entries are intents with the claims of a lookup, half outcomes with a kept reply. Log, server and writers share the machine's processors, so
the figure is the machine's, not the lock's alone; the disk's own sync time stands beside it, because a disk that hardly syncs flatters everyone.
"""

import contextlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console

from linkage.audit.boot import clock_steps
from linkage.clock import SystemClock
from linkage.store.backend import LogStore
from linkage.store.contract import Conclusion, Draft, Kind, NotEnded, Once, Placed, SpaceLimits, StoreUnavailable
from linkage.store.postgres_log import PostgresLog
from linkage.store.postgres_schema import create_postgres_log
from linkage.store.sqlite_log import SqliteLog, create_log
from tests.bench.machine import sync_ms
from tests.postgres import GATEWAY, Database, Server, running
from tests.small_log import ORIGIN, SIGNER, draft

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
PROCESSES = (1, 2, 4)
BATCHES = (1, 16, 64)
ROUNDS, SECONDS = 3, 2.0
INTENT_TEXT, OUTCOME_TEXT, REPLY = 1_000, 300, 800
"""Bytes that make entries and kept replies as large as those of real lookups."""

Row = dict[str, Any]


def drafts_without_end(batch: int) -> Iterator[list[Draft]]:
    """Batches of lookups: each intent is followed, in a later batch, by its outcome. A batch of one is one or the other in turn."""
    open_intents: list[Draft] = []
    while True:
        closing = [_outcome(each) for each in open_intents]
        open_intents = [_intent() for _ in range((batch + 1) // 2)] if batch > 1 or not closing else []
        yield closing + open_intents if batch > 1 else closing or open_intents


def _intent() -> Draft:
    claims = (NotEnded(os.urandom(16)), Once(os.urandom(32), os.urandom(32)))
    return draft(Kind.INTENT, claims=claims, facts={"detail": "x" * INTENT_TEXT})


def _outcome(of: Draft) -> Draft:
    return draft(Kind.OUTCOME, of.eid, conclusion=Conclusion(reply=os.urandom(REPLY)), facts={"detail": "x" * OUTCOME_TEXT})


def _open(where: str) -> LogStore:
    clock = SystemClock()
    steps = clock_steps(clock, ORIGIN)
    if where.startswith("/"):
        return SqliteLog(Path(where), signer=SIGNER, clock=clock, clock_entry=steps, space=SpaceLimits(0, 0))
    return PostgresLog(where, signer=SIGNER, clock=clock, clock_entry=steps)


def _append(where: str, batch: int, seconds: float, begin: Barrier, told: "SimpleQueue[int]") -> None:
    """In a process of its own: append for so long, and tell how many entries became durable."""
    log, entries = _open(where), 0
    begin.wait(60)
    until = time.monotonic() + seconds
    for drafts in drafts_without_end(batch):
        if (placed := _placed(log, drafts, until)) is None:
            break
        entries += placed
    told.put(entries)
    with contextlib.suppress(StoreUnavailable):  # several close one SQLite file at once: the last one tidies up
        log.close()


def _placed(log: LogStore, drafts: list[Draft], until: float) -> int | None:
    """How many became durable; None once the time is over. What certainly was not written, because others were first, is tried again."""
    while time.monotonic() < until:
        try:
            return sum(isinstance(each, Placed) for each in log.append(drafts))
        except StoreUnavailable:
            continue
    return None


def rates(where: str, processes: int, batch: int, seconds: float) -> float:
    """Entries a second of so many processes together.

    Raises:
        RuntimeError: a process ended before it could tell.
    """
    spawn = multiprocessing.get_context("spawn")
    begin, told = spawn.Barrier(processes), spawn.SimpleQueue()
    writers = [spawn.Process(target=_append, args=(where, batch, seconds, begin, told)) for _ in range(processes)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if any(writer.exitcode for writer in writers):
        raise RuntimeError("a writer did not end as it should")
    entries: int = sum(told.get() for _ in writers)
    return entries / seconds


def _lay_out(database: Database) -> None:
    create_postgres_log(database.owner, SIGNER, gateway_role=GATEWAY)


@contextlib.contextmanager
def _fresh(backend: str, server: Server, folder: Path) -> Iterator[str]:
    """Where an empty log of this backend is, for as long as the block."""
    if backend == "sqlite":
        with tempfile.TemporaryDirectory(dir=folder) as own:
            create_log(Path(own) / "log.db", SIGNER)
            yield str(Path(own) / "log.db")
        return
    database = server.fresh_database(_lay_out)
    try:
        yield database.gateway
    finally:
        server.drop(database)


def ceiling(server: Server, folder: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """What `linkage plan` reckons with: entries a second from many processes, each committed alone and gathered."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for backend in NAMES:
            for name, batch in (("alone", 1), ("gathered", 16)):
                with _fresh(backend, server, folder) as where:
                    found.setdefault(f"{backend}_{name}", []).append(rates(where, PROCESSES[-1], batch, SECONDS))
    return {name: median(each) for name, each in found.items()}


def measure(rounds: int = ROUNDS) -> list[Row]:
    """The rows of the figures: medians of rounds in turn, with the spread in the name."""
    found: dict[tuple[str, int, int], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="sequencer-", dir=_bench()) as scratch, running() as server:
        folder = Path(scratch).resolve()
        for _, processes, batch, backend in product(range(rounds), PROCESSES, BATCHES, NAMES):
            with _fresh(backend, server, folder) as where:
                found.setdefault((backend, processes, batch), []).append(rates(where, processes, batch, SECONDS))
        sync = sync_ms(folder)
    rows: list[Row] = [{"name": "disk sync beside the sequencer, ms", "value": round(sync, 3), "aim": None}]
    for (backend, processes, batch), each in found.items():
        what = f"{NAMES[backend]}: one log, {processes} writing, batches of {batch}, entries a second ({min(each):,.0f}-{max(each):,.0f})"
        rows.append({"name": what, "value": round(median(each)), "aim": None})
    return rows


def _bench() -> Path:
    Path(".bench").mkdir(exist_ok=True)
    return Path(".bench")


if __name__ == "__main__":
    for each in measure():
        Console().print(f"{each['name']}: {each['value']:,}")
