"""``make bench-full``: all of ``make bench``; then logs of ten million entries beside logs of ten thousand, on both backends; then how many
entries a second one log takes from several processes.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import track
from rich.table import Table

from linkage.audit.boot import clock_steps
from linkage.clock import SystemClock
from linkage.store.contract import SpaceLimits
from linkage.store.migrate import copy_keys, copy_log, rows_of, settle
from linkage.store.postgres_create import create_missing
from linkage.store.postgres_keys import PostgresKeys
from linkage.store.postgres_log import PostgresLog
from linkage.store.postgres_read import PostgresReader
from linkage.store.sqlite_keys import SqliteKeys
from linkage.store.sqlite_log import SqliteLog
from linkage.store.sqlite_read import SqliteReader
from tests.bench import large_gateway, sequencer
from tests.bench.bulk import load
from tests.bench.large import LARGE, SMALL, Backend, Row, measure
from tests.bench.verification import rows_of as figures_of
from tests.bench.verification import verified
from tests.postgres import GATEWAY, Database, running
from tests.small_log import ORIGIN, SIGNER

OUT = Path(".bench/full.json")


def in_files(folder: Path) -> Backend:
    """Both logs in SQLite files of this folder."""
    clock = SystemClock()
    return Backend(
        "SQLite",
        lambda size: SqliteLog(
            folder / size / "log.db", signer=SIGNER, clock=clock, clock_entry=clock_steps(clock, ORIGIN), space=SpaceLimits(0, 0)
        ),
        lambda size: SqliteReader(folder / size / "log.db"),
        lambda size: SqliteKeys(folder / size / "keys.db"),
    )


def in_databases(logs: dict[str, Database], keys: dict[str, Database]) -> Backend:
    """Both logs in PostgreSQL."""
    clock = SystemClock()
    return Backend(
        "PostgreSQL",
        lambda size: PostgresLog(logs[size].gateway, signer=SIGNER, clock=clock, clock_entry=clock_steps(clock, ORIGIN)),
        lambda size: PostgresReader(logs[size].gateway),
        lambda size: PostgresKeys(keys[size].gateway),
    )


@contextmanager
def migrated(folder: Path) -> Iterator[Backend]:
    """A server with copies of both logs, made as `linkage audit migrate` makes them, and written back to the disk."""
    with running() as server:
        logs, keys = ({size: server.fresh_database() for size in ("small", "large")} for _ in range(2))
        for size in ("small", "large"):
            _migrate(folder / size, logs[size], keys[size])
        with psycopg.connect(logs["large"].superuser, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        os.sync()
        yield in_databases(logs, keys)


def _migrate(folder: Path, log: Database, keys: Database) -> None:
    with SqliteReader(folder / "log.db") as reader:
        log_uuid = reader.consistent(lambda each: each.head().log_uuid)
    create_missing(log.owner, keys.owner, SIGNER, log_role=GATEWAY, keys_role=GATEWAY, log_uuid=log_uuid)
    parts = (copy_keys(folder / "keys.db", keys.owner), copy_log(folder / "log.db", log.owner))
    steps = (step for part in parts for step in part)
    for _ in track(steps, f"copying {rows_of(folder / 'log.db', folder / 'keys.db'):,} rows into PostgreSQL"):
        continue
    for owner in (keys.owner, log.owner):
        settle(owner)


def run(large: int, console: Console) -> list[Row]:
    """Load, verify, measure on one backend and then on the other."""
    rows: list[Row] = []
    Path(".bench").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="large-", dir=".bench") as scratch:
        folder = Path(scratch).resolve()
        for size, count in (("small", SMALL), ("large", large)):
            (folder / size).mkdir()
            load(folder / size / "log.db", folder / size / "keys.db", count, quiet=False)
        with SqliteReader(folder / "large" / "log.db") as reader:
            rows += figures_of(verified(reader))
        rows += measure(in_files(folder), folder / "files.index", large, console)
        with migrated(folder) as backend:
            rows += measure(backend, folder / "databases.index", large, console)
        console.print("the whole gateway on both logs in SQLite")
        rows += large_gateway.measure(folder, large)
    console.print("many processes writing one log")
    return rows + sequencer.measure()


def main(large: int) -> None:
    """Run, print, write."""
    console = Console()
    rows = run(large, console)
    table = Table("figure", "value", "aim")
    for row in rows:
        table.add_row(row["name"], f"{row['value']:,}", "" if row["aim"] is None else f"{row['aim']:,}")
    console.print(table)
    OUT.write_text(json.dumps({"figures": rows}, indent=2) + "\n", encoding="utf-8")
    console.print(f"written to {OUT}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", type=int, default=LARGE, help="entries of the large log, an even number")
    main(**vars(parser.parse_args()))
