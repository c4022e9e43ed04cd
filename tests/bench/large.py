"""What a log of ten million entries costs beside one of ten thousand, on both backends.

The large log is made by the bulk loader, verified whole, and then used as a gateway uses it: opened and checked at a start, appended to,
searched. Appends to the two logs alternate, so that both meet the same machine; medians count. PostgreSQL gets the same entries by the
same way an operator would bring them there: `linkage audit migrate`.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from linkage.audit.boot import check_edge
from linkage.audit.indexing import KIND, OFFICER_ID, RECORD_TYPE, keep_up
from linkage.audit.record import JSON, Entry, frame
from linkage.audit.seals import Seals
from linkage.audit.search import Query, Searcher
from linkage.clock import SystemClock
from linkage.ids import new_id
from linkage.store.backend import KeyStore, LogReader, LogStore
from linkage.store.contract import Draft, Kind, Placed
from linkage.store.search_index import SearchIndex
from tests.bench.invented import MEAN_BATCH, MS_EACH, NUMBER, SERVICES, START_MS, sealing
from tests.small_log import ORIGIN, SIGNER

SMALL, LARGE = 10_000, 10_000_000
ROUNDS = 300
WARM = 300
PAGE = 50
AIM_APPEND, AIM_START_S, AIM_PAGE_MS = 1.2, 2.0, 100.0

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Backend:
    """A small and a large log of one backend, and what opens them."""

    name: str
    open_log: Callable[[str], LogStore]
    open_reader: Callable[[str], LogReader]
    open_keys: Callable[[str], KeyStore]


def measure(backend: Backend, index: Path, size: int, console: Console) -> Iterator[Row]:
    """Start, append, search; the rows of the figures as they are had."""
    yield from _start(backend, size)
    console.print(f"{backend.name}: appending to both logs in turn")
    yield from _append(backend, size)
    console.print(f"{backend.name}: bringing the index up to the log, and searching")
    yield from _search(backend, index)


def _start(backend: Backend, entries: int) -> Iterator[Row]:
    started = time.perf_counter()
    with backend.open_reader("large") as reader:
        check_edge(reader, SIGNER.verifier)
    backend.open_log("large").close()
    backend.open_keys("large").close()
    yield _row(f"{backend.name}: start-up checks at {entries:,} entries, s, at most", time.perf_counter() - started, AIM_START_S)


def _append(backend: Backend, entries: int) -> Iterator[Row]:
    logs = {size: backend.open_log(size) for size in ("small", "large")}
    took: dict[str, list[float]] = {size: [] for size in logs}
    for number in range(WARM + ROUNDS):
        for size in ("small", "large") if number % 2 else ("large", "small"):
            drafts = [_draft() for _ in range(MEAN_BATCH)]
            started = time.perf_counter()
            results = logs[size].append(drafts)
            took[size].append(time.perf_counter() - started)
            if not all(isinstance(each, Placed) for each in results):
                raise RuntimeError(f"{backend.name}: an entry was not placed")
    for log in logs.values():
        log.close()
    rest = {size: times[WARM:] for size, times in took.items()}  # the first ones find nothing in memory
    small, large = median(rest["small"]), median(rest["large"])
    yield _row(f"{backend.name}: append at {entries:,} entries / at {SMALL:,}, at most", large / small, AIM_APPEND)
    yield _row(f"{backend.name}: append of {MEAN_BATCH} entries at {entries:,}, ms", large * 1000, None)


def _draft() -> Draft:
    eid = new_id(SystemClock())
    facts: dict[str, JSON] = {"counter": "spiffe://linkage.example/centre/c-0001/counter/1", "recipient": "doe", "detail": "x" * 400}
    return Draft(Kind.DENIED, eid, frame(Entry(Kind.DENIED, eid, facts), ORIGIN))


def _queries(size: int) -> Iterator[tuple[str, Query]]:
    """One of every criterion, and some together."""

    def of(*terms: tuple[str, str], **more: Any) -> Query:
        return Query(tuple(frozenset({term}) for term in terms), size, size, PAGE, **more)

    month = START_MS + size * MS_EACH // 2
    yield "nothing but the newest", of((KIND, "intent"))
    yield "officer", of((OFFICER_ID, "officer-00455"))
    yield "counter", of(("counter", "spiffe://linkage.example/centre/c-0007/counter/7"))
    yield "centre", of(("centre", "c-0007"))
    yield "recipient", of(("recipient", "dlt"))
    yield "source", of(("source", "sso"))
    yield "record type", of((RECORD_TYPE, "led.bankruptcy"))
    yield "service", of(("service", SERVICES[2]))
    yield "outcome", of(("result", "not_found"))
    yield "reason", of(("reason", "AGENCY_UNAVAILABLE"))
    yield "time", of((KIND, "intent"), since_ms=month, until_ms=month + 60_000)
    yield (
        "centre, service, source and outcome together",
        of(("centre", "c-0007"), ("service", SERVICES[2]), ("source", "dlt"), ("result", "unavailable")),
    )
    yield "centre and recipient that never met", of(("centre", "c-0007"), ("counter", "spiffe://linkage.example/centre/c-0008/counter/8"))
    yield "citizen number", of(number=NUMBER)


def _search(backend: Backend, index: Path) -> Iterator[Row]:
    with backend.open_reader("large") as reader:
        seen = SearchIndex(index)
        while keep_up(seen, reader, seconds=5.0):
            continue
        seen.close()
    searcher = Searcher(backend.open_reader("large"), SearchIndex(index), Seals(sealing(), backend.open_keys("large")))
    try:
        size = searcher.size()
        for name, query in _queries(size):
            times, hits = [], 0
            for _ in range(5):
                started = time.perf_counter()
                hits = len(searcher.page(query).hits)
                times.append((time.perf_counter() - started) * 1000)
            yield _row(f"{backend.name}: first page by {name} ({hits} hits), worst of five, ms, at most", max(times), AIM_PAGE_MS)
    finally:
        searcher.close()


def _row(name: str, value: float, aim: float | None) -> Row:
    return {"name": name, "value": round(value, 3), "aim": aim}
