"""How many bytes an entry, a checkpoint, a data key and a line of the search index take, in SQLite and in PostgreSQL, after true visits."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import apsw
import psycopg
from rich.progress import track

from linkage.audit.indexing import keep_up
from linkage.runtime.searching import search_index_of
from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.store.search_index import SearchIndex
from tests.bench.counter_costs import IN_FLIGHT, Costs, Running
from tests.postgres import Database

_ENTRIES, _NODES, _CHECKPOINTS, _KEYS = "leaf", "node", "checkpoint", "data_key"


def leave_entries(gateway: Running, visits: int) -> None:
    """Whole visits: verify, fetch every record, end."""

    def visit() -> None:
        token = gateway.visit()
        gateway.lookups(token)
        gateway.counter.end_visit(token)

    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        for each in track([threads.submit(visit) for _ in range(visits)], f"{visits} visits"):
            each.result()


def in_files(gateway: Running) -> Costs:
    """Of a stopped gateway with its log in a file."""
    with _opened(gateway.place.folder / "access-log.sqlite") as log, _opened(gateway.place.folder / "data-keys.sqlite") as keys:
        costs = _costs("sqlite", _pages(log) | _pages(keys), _counts(log, _ENTRIES, _CHECKPOINTS) | _counts(keys, _KEYS))
        (entries,) = log.execute("SELECT count(*) FROM leaf").fetchone() or (0,)
    return costs | {"index_entry_bytes": _index_bytes(gateway) / entries}


def in_databases(log: Database, keys: Database) -> Costs:
    """Of a gateway with its log in PostgreSQL, with the indexes and the free-space maps."""
    sizes: dict[str, int] = {}
    counts: dict[str, int] = {}
    for database, tables in ((log, (_ENTRIES, _NODES, _CHECKPOINTS)), (keys, (_KEYS,))):
        with psycopg.connect(database.superuser) as connection:
            for table in tables:
                where = _where(connection, table)
                sizes |= {table: _number(connection, f"SELECT pg_total_relation_size('{where}')")}
                counts |= {table: _number(connection, f"SELECT count(*) FROM {where}")}
    return _costs("postgres", sizes, counts)


def _costs(backend: str, sizes: Mapping[str, int], counts: Mapping[str, int]) -> Costs:
    """An entry's are those of its row, its indexes and its nodes; a checkpoint's come to every batch."""
    return {
        f"{backend}_entry_bytes": (sizes[_ENTRIES] + sizes[_NODES]) / counts[_ENTRIES],
        f"{backend}_checkpoint_bytes": sizes[_CHECKPOINTS] / counts[_CHECKPOINTS],
        f"{backend}_key_bytes": sizes[_KEYS] / counts[_KEYS],
    }


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path))
    try:
        yield connection
    finally:
        connection.close()


def _pages(connection: apsw.Connection) -> dict[str, int]:
    """Bytes of each table with its indexes."""
    asked = "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) GROUP BY tbl_name"
    return {str(table): int(size) for table, size in connection.execute(asked)}


def _counts(connection: apsw.Connection, *tables: str) -> dict[str, int]:
    return {table: int(count) for table in tables for (count,) in connection.execute(f"SELECT count(*) FROM {table}")}


def _index_bytes(gateway: Running) -> int:
    """The search index, brought up to the log and copied out of its write-ahead log."""
    settings = load(gateway.place.settings)
    storage = storage_of(settings)
    path = search_index_of(settings.log, storage)
    index = SearchIndex(path)
    with storage.open_reader() as reader:
        while keep_up(index, reader, seconds=5.0):
            continue
    index.close()
    with _opened(path) as connection:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    return path.stat().st_size


def _where(connection: psycopg.Connection, table: str) -> str:
    found = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = %s", (table,)).fetchone()
    if found is None:
        raise RuntimeError(f"no table {table}")
    return f"{found[0]}.{table}"


def _number(connection: psycopg.Connection, asked: str) -> int:
    row = connection.execute(asked).fetchone()
    return int(row[0]) if row else 0
