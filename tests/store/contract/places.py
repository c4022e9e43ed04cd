"""A log in each backend, as the contract's tests see it: opened, read, asked, and changed behind its back."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import apsw
import psycopg

from linkage.audit.boot import clock_steps
from linkage.audit.report import Report
from linkage.audit.verify import verify_all
from linkage.clock import Clock, SystemClock
from linkage.store.backend import LogReader, LogStore
from linkage.store.contract import StoredEntry
from linkage.store.log_time import APART_S
from linkage.store.postgres_log import PostgresLog
from linkage.store.postgres_read import PostgresReader
from linkage.store.postgres_schema import create_postgres_log
from linkage.store.sqlite_log import SqliteLog, create_log
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.log_keys import LogSigner
from tests.postgres import GATEWAY, Database
from tests.small_log import NO_WATERMARKS, ORIGIN, SIGNER

ANY_TIME = 1e12
"""Seconds that a test's clock may be from the database server's, which no test can set."""
GUARDED = ("head", "leaf", "node", "checkpoint")
GUARDS = ("head_stays", "head_grows", "leaf_stays", "node_stays", "checkpoint_stays")
"""The tables that are only added to, and the triggers in PostgreSQL that see to it."""


class Place(Protocol):
    """Where one log is."""

    @property
    def address(self) -> str:
        """What another process finds it by, with `at`."""
        ...

    def open(self, clock: Clock | None = None, signer: LogSigner = SIGNER) -> LogStore:
        """Open it for appending; it is closed after the test."""
        ...

    def reader(self) -> LogReader: ...

    def tamper(self, statement: str, *values: object) -> None:
        """Change it as somebody who owns the database can: with the triggers gone for a while. A ``?`` stands for each value."""
        ...

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        ...

    def close(self) -> None: ...


class SqlitePlace:
    def __init__(self, path: Path, *, create: bool = True) -> None:
        self._path = path
        self._opened: list[LogStore] = []
        self.address = f"sqlite {path}"
        if create:
            create_log(path, SIGNER)

    def open(self, clock: Clock | None = None, signer: LogSigner = SIGNER) -> LogStore:
        at = clock or SystemClock()
        log = SqliteLog(self._path, signer=signer, clock=at, clock_entry=clock_steps(at, ORIGIN), space=NO_WATERMARKS)
        self._opened.append(log)
        return log

    def reader(self) -> LogReader:
        return SqliteReader(self._path)

    def tamper(self, statement: str, *values: object) -> None:
        self._run(lambda connection: _tamper_file(connection, statement, values))

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self._run(lambda connection: list(connection.execute(query)))

    def close(self) -> None:
        for log in self._opened:
            log.close()

    def _run(self, run: Callable[[apsw.Connection], list[Any]]) -> list[Any]:
        connection = apsw.Connection(str(self._path))
        try:
            return run(connection)
        finally:
            connection.close()


def _tamper_file(connection: apsw.Connection, statement: str, values: tuple[Any, ...]) -> list[Any]:
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement, values)
    return []


def lay_out(database: Database) -> None:
    create_postgres_log(database.owner, SIGNER, gateway_role=GATEWAY, log_uuid=bytes(range(16)))


class PostgresPlace:
    def __init__(self, gateway: str, owner: str = "") -> None:
        self._gateway, self._owner = gateway, owner
        self._opened: list[LogStore] = []
        self.address = f"postgres {gateway}"

    def open(self, clock: Clock | None = None, signer: LogSigner = SIGNER) -> LogStore:
        at = clock or SystemClock()
        apart = APART_S if clock is None else ANY_TIME
        log = PostgresLog(self._gateway, signer=signer, clock=at, clock_entry=clock_steps(at, ORIGIN), patience_s=5, clock_apart=apart)
        self._opened.append(log)
        return log

    def reader(self) -> LogReader:
        return PostgresReader(self._gateway)

    def tamper(self, statement: str, *values: object) -> None:
        with psycopg.connect(self._owner) as connection:
            for table in GUARDED:
                connection.execute(f"ALTER TABLE linkage_log.{table} DISABLE TRIGGER USER")
            connection.execute("SET search_path = linkage_log, linkage_claims")
            connection.execute(_spoken(statement), values)
            for guard in GUARDS:
                connection.execute(f"ALTER TABLE linkage_log.{guard.rpartition('_')[0]} ENABLE ALWAYS TRIGGER {guard}")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._owner) as connection:
            connection.execute("SET search_path = linkage_log, linkage_claims")
            return connection.execute(query).fetchall()

    def close(self) -> None:
        for log in self._opened:
            log.close()


def at(address: str) -> Place:
    """The log at this address, made by another process."""
    backend, where = address.split(" ", 1)
    return SqlitePlace(Path(where), create=False) if backend == "sqlite" else PostgresPlace(where)


def entries(place: Place) -> list[StoredEntry]:
    with place.reader() as reader:
        return list(reader.entries(0, 1_000_000))


def verified(place: Place) -> Report:
    with place.reader() as reader:
        return verify_all(reader, SIGNER.verifier)


def assert_holds(place: Place, acknowledged: list[tuple[bytes, int]]) -> None:
    """The log verifies, and every acknowledged entry (id, index) stands where it was said to."""
    report = verified(place)
    assert report.clean, report.findings
    stored = {entry.eid: entry.index for entry in entries(place)}
    assert len(stored) == report.size
    for eid, index in acknowledged:
        assert stored[eid] == index


def _spoken(statement: str) -> str:
    """A statement of the tests as PostgreSQL says it."""
    return re.sub(r"zeroblob\((\d+)\)", r"decode(repeat('00', \1), 'hex')", statement).replace("?", "%s")
