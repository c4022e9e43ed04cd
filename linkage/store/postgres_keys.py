"""The wrapped data keys in a PostgreSQL database of their own: every gateway finds, and forgets, the keys that any of them made.

What is deleted here can be read in the log no more, and proofs still hold. PostgreSQL lets go of a deleted row's place at its next
vacuum, which this table asks for at once, and its write-ahead log and backups keep it longer: forgetting is only as good as the
oldest of them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import sql

from linkage.store.backend import KeyRow
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.postgres_open import Connection, Session, connect, told

_T = TypeVar("_T")

SCHEMA_VERSION = 1

_TABLES: LiteralString = """
CREATE SCHEMA linkage_keys;
CREATE TABLE linkage_keys.about (
  id integer PRIMARY KEY CHECK (id = 1),
  schema integer NOT NULL
);
CREATE TABLE linkage_keys.data_key (
  id bytea PRIMARY KEY CHECK (octet_length(id) = 16),
  wrapped bytea NOT NULL,
  kek text NOT NULL,
  pseudonym bytea,
  epoch text,
  made_ms bigint NOT NULL,
  expires_ms bigint,
  CHECK ((pseudonym IS NULL) = (epoch IS NULL))
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX data_key_pseudonym ON linkage_keys.data_key (pseudonym) WHERE pseudonym IS NOT NULL;
CREATE INDEX data_key_epoch ON linkage_keys.data_key (epoch COLLATE "C") WHERE epoch IS NOT NULL;
CREATE INDEX data_key_expires ON linkage_keys.data_key (expires_ms) WHERE expires_ms IS NOT NULL;
CREATE INDEX data_key_kek ON linkage_keys.data_key (kek COLLATE "C");
REVOKE ALL ON SCHEMA linkage_keys FROM PUBLIC;
"""

_RIGHTS: LiteralString = """
GRANT USAGE ON SCHEMA linkage_keys TO {role};
GRANT SELECT ON linkage_keys.about TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON linkage_keys.data_key TO {role};
"""

_ROW: LiteralString = "SELECT id, wrapped, kek, pseudonym, epoch, made_ms, expires_ms FROM linkage_keys.data_key "
_PUT: LiteralString = """
INSERT INTO linkage_keys.data_key AS held
SELECT * FROM unnest(%b::bytea[], %b::bytea[], %b::text[], %b::bytea[], %b::text[], %b::bigint[], %b::bigint[])
ON CONFLICT (id) DO UPDATE SET pseudonym = excluded.pseudonym, epoch = excluded.epoch WHERE held.pseudonym IS NULL
"""
_REWRAP: LiteralString = """
UPDATE linkage_keys.data_key AS held SET wrapped = fresh.wrapped, kek = fresh.kek
FROM unnest(%b::bytea[], %b::bytea[], %b::text[]) AS fresh (id, wrapped, kek) WHERE held.id = fresh.id
"""
_EPOCHS: LiteralString = """
WITH RECURSIVE live (epoch) AS (
  (SELECT epoch COLLATE "C" FROM linkage_keys.data_key WHERE epoch IS NOT NULL ORDER BY epoch COLLATE "C" LIMIT 1)
  UNION ALL
  SELECT (SELECT epoch COLLATE "C" FROM linkage_keys.data_key WHERE epoch COLLATE "C" > live.epoch ORDER BY epoch COLLATE "C" LIMIT 1)
  FROM live WHERE live.epoch IS NOT NULL
)
SELECT epoch FROM live WHERE epoch IS NOT NULL
"""
"""One look at the index for each epoch, not for each key."""
_KEKS: LiteralString = """
WITH RECURSIVE used (kek) AS (
  (SELECT kek COLLATE "C" FROM linkage_keys.data_key ORDER BY kek COLLATE "C" LIMIT 1)
  UNION ALL
  SELECT (SELECT kek COLLATE "C" FROM linkage_keys.data_key WHERE kek COLLATE "C" > used.kek ORDER BY kek COLLATE "C" LIMIT 1)
  FROM used WHERE used.kek IS NOT NULL
)
SELECT kek FROM used WHERE kek IS NOT NULL
"""


def create_postgres_keys(conninfo: str, gateway_role: str) -> None:
    """Lay out an empty store of data keys, as the owner of the database.

    Args:
        conninfo: the database, as a role that may make schemas in it; never the gateway's.
        gateway_role: the role that gateways connect as.

    Raises:
        StoreUnavailable: the database cannot be reached, or holds data keys already, which are never touched.
    """
    with connect(conninfo) as connection:
        try:
            with connection.transaction():
                connection.execute(_TABLES)
                connection.execute("INSERT INTO linkage_keys.about VALUES (1, %s)", (SCHEMA_VERSION,))
                connection.execute(sql.SQL(_RIGHTS).format(role=sql.Identifier(gateway_role)))
        except psycopg.errors.DuplicateSchema as cause:
            raise StoreUnavailable("the database holds data keys: they exist already") from cause
        except psycopg.Error as cause:
            raise StoreUnavailable(told("the data keys cannot be laid out", cause)) from cause


class PostgresKeys:
    """The data keys in PostgreSQL. For one thread at a time; any number of gateways may share them.

    Everything it does may be done twice with the same end. So where the connection ends under a statement, whose fate is unknown then,
    the statement is run once more on a new connection.
    """

    def __init__(self, conninfo: str) -> None:
        """Connect.

        Raises:
            StoreUnavailable: the database cannot be reached, or holds no data keys.
            StorePoisoned: the server does not keep what it has acknowledged, or its data keys are of a newer version.
        """
        self._poison = ""
        self._session = Session(conninfo, _check_schema)
        self._session.connection()

    def lost(self) -> str:
        """Why no key can be stored any more; empty if nothing is known. Cheap, and for any thread: for health checks."""
        return self._poison

    def put(self, rows: Iterable[KeyRow]) -> None:
        """Store rows, durable on return. A row whose id is there already gains its pseudonym and changes in nothing else.

        Raises:
            StoreUnavailable: not known to be stored; storing them again is harmless.
            StorePoisoned: the server is not to be trusted with keys any more.
        """
        once: dict[bytes, KeyRow] = {}
        for row in rows:
            first = once.setdefault(row.id, row)
            if first.pseudonym is None and row.pseudonym is not None:  # one statement cannot touch a row twice
                once[row.id] = KeyRow(row.id, first.wrapped, first.kek, row.pseudonym, row.epoch, first.made_ms, first.expires_ms)
        each = once.values()
        columns = ([r.id for r in each], [r.wrapped for r in each], [r.kek for r in each], [r.pseudonym for r in each])
        self._write(_PUT, *columns, [r.epoch for r in each], [r.made_ms for r in each], [r.expires_ms for r in each])

    def get(self, key_id: bytes) -> KeyRow | None:
        """The row of this id, None if it was never there or is forgotten; `StoreUnavailable` if it cannot be read."""
        return next(iter(self._rows(_ROW + "WHERE id = %b", key_id)), None)

    def of_pseudonym(self, pseudonym: bytes) -> Sequence[KeyRow]:
        """The rows of one person under one pseudonym key, oldest id first; `StoreUnavailable` if they cannot be read."""
        return self._rows(_ROW + "WHERE pseudonym = %b ORDER BY id", pseudonym)

    def epochs(self) -> tuple[str, ...]:
        """The epochs of the pseudonyms that are there, sorted: what a search has to go through. `StoreUnavailable` as `get`."""
        return tuple(row[0] for row in self._read(_EPOCHS))

    def keks(self) -> tuple[str, ...]:
        """The ids of the keys that wrap what is there, sorted; `StoreUnavailable` if they cannot be read."""
        return tuple(row[0] for row in self._read(_KEKS))

    def not_under(self, kek: str, at_most: int) -> Sequence[KeyRow]:
        """Rows that another key than ``kek`` wraps, at most so many; `StoreUnavailable` if they cannot be read."""
        # Two ranges of the index: `<>` would look at every key.
        below = self._rows(_ROW + 'WHERE kek COLLATE "C" < %b::text ORDER BY kek COLLATE "C" LIMIT %b', kek, at_most)
        return below or self._rows(_ROW + 'WHERE kek COLLATE "C" > %b::text ORDER BY kek COLLATE "C" LIMIT %b', kek, at_most)

    def rewrap(self, rows: Iterable[KeyRow]) -> None:
        """Replace ``wrapped`` and ``kek`` of rows that are there, durable on return; a row that is gone stays gone. Raises as `put`."""
        each = {row.id: row for row in rows}.values()
        self._write(_REWRAP, [r.id for r in each], [r.wrapped for r in each], [r.kek for r in each])

    def expired(self, now_ms: int, at_most: int) -> tuple[bytes, ...]:
        """Ids of keys whose time is over at ``now_ms``, at most so many; `StoreUnavailable` if they cannot be read."""
        query: LiteralString = "SELECT id FROM linkage_keys.data_key WHERE expires_ms <= %b ORDER BY expires_ms LIMIT %b"
        return tuple(row[0] for row in self._read(query, now_ms, at_most))

    def holds_any(self) -> bool:
        """Whether any key was ever put here and not forgotten; `StoreUnavailable` if it cannot be read."""
        return bool(self._read("SELECT 1 FROM linkage_keys.data_key LIMIT 1"))

    def forget(self, key_ids: Iterable[bytes]) -> None:
        """Delete rows. What they sealed cannot be read any more. Raises as `put`."""
        self._write("DELETE FROM linkage_keys.data_key WHERE id = ANY (%b::bytea[])", list(key_ids))

    def close(self) -> None:
        """Close the connection."""
        self._poison = self._poison or "closed"
        self._session.drop()

    def _rows(self, query: LiteralString, *wanted: object) -> list[KeyRow]:
        return [KeyRow(*row) for row in self._read(query, *wanted)]

    def _read(self, query: LiteralString, *wanted: object) -> list[tuple[Any, ...]]:
        return self._run(lambda connection: connection.execute(query, wanted, binary=True).fetchall())

    def _write(self, statement: LiteralString, *columns: Sequence[object]) -> None:
        if columns[0]:
            self._run(lambda connection: connection.execute(statement, columns))

    def _run(self, ask: Callable[[Connection], _T]) -> _T:
        if self._poison:
            raise StorePoisoned(f"data keys: {self._poison}")
        try:
            return self._once(ask)
        except psycopg.OperationalError:
            self._session.drop()
        except psycopg.Error as cause:
            raise StoreUnavailable(told("data keys", cause)) from cause
        try:
            return self._once(ask)
        except psycopg.Error as cause:
            self._session.drop()
            raise StoreUnavailable(told("data keys", cause)) from cause

    def _once(self, ask: Callable[[Connection], _T]) -> _T:
        try:
            connection = self._session.connection()
        except StorePoisoned as cause:
            self._poison = str(cause)
            raise
        return ask(connection)


def _check_schema(connection: Connection) -> None:
    try:
        row = connection.execute("SELECT schema FROM linkage_keys.about WHERE id = 1").fetchone()
    except psycopg.ProgrammingError as cause:
        raise StoreUnavailable(f"{told('data keys: none are laid out here for our role', cause)}: see `linkage audit create`") from cause
    if row != (SCHEMA_VERSION,):
        found = row[0] if row else "none"
        raise StorePoisoned(
            f"data keys: got schema version {found}, expected {SCHEMA_VERSION}: install the release of linkage that made them"
        )
