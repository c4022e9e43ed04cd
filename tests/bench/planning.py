"""``python -m tests.bench.planning [--out FILE]``: measures what `linkage plan` reckons with, and writes it as TOML.

Without ``--out`` it goes to ``.bench/figures.toml``, which `linkage plan --figures` takes. Run it on a machine that has nothing else to do; some
five minutes. Processor time and bytes are the kernel's and the files' own; what is taken from a clock says so.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console

from linkage.clock import SystemClock, thai_day
from linkage.planning import read_figures
from tests.bench import counter_costs, log_bytes
from tests.bench.counter_costs import CONNECTIONS, IN_FLIGHT, Costs
from tests.bench.machine import facts as machine_facts
from tests.bench.machine import sync_ms
from tests.bench.sequencer import ceiling
from tests.postgres import Database, running

CALLS, VISITS, WIRE = 600, 500, 50
_VISITED = f"{VISITS} visits of a verification and six lookups"
COMMAND = "python -m tests.bench.planning"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure as it is written: where in the file, its number and unit, how it was measured."""

    table: str
    value: float
    unit: str
    how: str


def measure(rounds: int, console: Console) -> list[Row]:
    """Everything: gateway, both logs, both sequencers."""
    Path(".bench").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="planning-", dir=".bench") as scratch:
        folder = Path(scratch).resolve()
        console.print("a gateway with its log in a file")
        costs = _in_files(folder, rounds)
        console.print("a gateway with its log in PostgreSQL, and the sequencers")
        costs |= _in_databases(folder, rounds)
        costs |= {"sync_ms": sync_ms(folder)}
    return rows_of(costs)


def _in_files(folder: Path, rounds: int) -> Costs:
    with counter_costs.running(folder / "files") as gateway:
        times = [counter_costs.processor_time(gateway, CALLS) for _ in range(rounds)]
        costs = {name: median(each[name] for each in times) for name in times[0]}
        costs |= counter_costs.connections(gateway)
    with counter_costs.running(folder / "bytes", counted=True) as gateway:
        log_bytes.leave_entries(gateway, VISITS)
        costs |= counter_costs.wire(gateway, WIRE)
    return costs | log_bytes.in_files(gateway)


def _in_databases(folder: Path, rounds: int) -> Costs:
    with running() as server:
        log, keys = server.fresh_database(), server.fresh_database()
        with counter_costs.running(folder / "databases", (log, keys)) as gateway:
            log_bytes.leave_entries(gateway, VISITS)
            costs = {"sessions": float(_sessions(log) + _sessions(keys))}
        costs |= log_bytes.in_databases(log, keys)
        return costs | ceiling(server, folder, rounds)


def _sessions(database: Database) -> int:
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", (database.name,)
        ).fetchone()
    return int(row[0]) if row else 0


def rows_of(costs: Costs) -> list[Row]:
    """The figures as they are written, in the file's order."""
    few = f"{IN_FLIGHT} in flight, one worker, log in SQLite"
    rows = [
        Row("verification", costs["verification_us"], "µs", f"{CALLS} verifications by card, {few}"),
        Row("lookup", costs["lookup_us"], "µs", f"{CALLS} lookups at six agencies in turn, {few}"),
        Row("bundle_record", costs["bundle_record_us"], "µs", f"{CALLS // 6} bundles of six records, {few}"),
        Row("handshake", costs["handshake_us"], "µs", f"{CONNECTIONS} new connections with mutual TLS, one after the other"),
        Row(
            "own_time", costs["lookup_ms"], "ms", "median of lookups one at a time, by the clock, the simulated agency's own part included"
        ),
        Row("worker", costs["worker_mb"], "MB", "resident memory after these calls"),
        Row("connection", costs["connection_kb"], "kB", f"growth of resident memory by {CONNECTIONS} idle connections"),
        Row("verification_wire", costs["verification_bytes"], "bytes", "counted by a proxy, without TCP and IP headers"),
        Row("lookup_wire", costs["lookup_bytes"], "bytes", "counted by a proxy, mean of six records, without TCP and IP headers"),
        Row(
            "verification_agency_wire",
            costs["verification_agency_bytes"],
            "bytes",
            "counted by a proxy, to a simulated agency, without TLS",
        ),
        Row("lookup_agency_wire", costs["lookup_agency_bytes"], "bytes", "counted by a proxy, mean of six simulated agencies, without TLS"),
        Row("handshake_wire", costs["handshake_bytes"], "bytes", "counted by a proxy, without TCP and IP headers"),
        Row("index_entry", costs["index_entry_bytes"], "bytes", f"file of the index / entries, after {_VISITED}"),
        Row("sessions", costs["sessions"], "sessions", "pg_stat_activity, of a gateway of one worker in use"),
        Row("disk_sync", costs["sync_ms"], "ms", "median of 200 appends of 4 KiB with fdatasync, by the clock"),
    ]
    return rows + [
        row for backend, asked in (("sqlite", "dbstat"), ("postgres", "pg_total_relation_size")) for row in _log_rows(costs, backend, asked)
    ]


def _log_rows(costs: Costs, backend: str, asked: str) -> Iterator[Row]:
    what, writing = f"{asked} / count, after {_VISITED}", "four processes write, by the clock; they and the log share the machine"
    yield Row(f"{backend}.entry", costs[f"{backend}_entry_bytes"], "bytes", f"leaf and node tables with indexes, {what}")
    yield Row(f"{backend}.checkpoint", costs[f"{backend}_checkpoint_bytes"], "bytes", what)
    yield Row(f"{backend}.data_key", costs[f"{backend}_key_bytes"], "bytes", what)
    yield Row(f"{backend}.alone", costs[f"{backend}_alone"], "entries/s", f"{writing}; batches of 1")
    yield Row(f"{backend}.gathered", costs[f"{backend}_gathered"], "entries/s", f"{writing}; batches of 16")


def as_toml(rows: list[Row], machine: str, day: date) -> str:
    """The file."""
    lines = [
        "# What `linkage plan` reckons with, as measured on one machine. Another file of this shape takes its place with `linkage plan --figures FILE`.",
        f"# Written by `{COMMAND}`; each figure says how.",
        "",
        f"machine = {json.dumps(machine)}",
        f"day = {day.isoformat()}",
    ]
    for row in rows:
        value = f"{row.value:.4g}" if row.value < 1000 else f"{row.value:.0f}"
        lines += ["", f"[{row.table}]", f"value = {float(value)}", f'unit = "{row.unit}"', f"how = {json.dumps(row.how)}"]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """The machine, in words that fit any."""
    with tempfile.TemporaryDirectory() as folder:
        facts = machine_facts(Path(folder))
    return f"{facts['processors']}, {facts['memory']}, Python {facts['Python']}"


def main(out: Path, rounds: int) -> None:
    """Measure, write, and read again as a plan would."""
    console = Console()
    rows = measure(rounds, console)
    out.parent.mkdir(exist_ok=True)
    out.write_text(as_toml(rows, machine(), thai_day(SystemClock().now_ms())), encoding="utf-8")
    for name, what, figure in read_figures(out).each():
        console.print(f"{name}: {figure.value:,.4g} {figure.unit}  ({what})")
    console.print(f"written to {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(".bench/figures.toml"))
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
