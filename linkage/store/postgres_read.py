"""Reads the log through a connection of its own, in transactions that cannot write; never in the writer's way."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, LiteralString, Self, TypeVar, cast

import psycopg

from linkage.errors import LogCorrupt
from linkage.store.contract import Head, OpenIntent, StoredEntry, StoreUnavailable
from linkage.store.postgres_open import Connection, connect, told
from linkage.store.postgres_schema import read_head

_T = TypeVar("_T")

_REPLY_S: Final = 120.0
"""Seconds for one round trip: nobody waits for a reader but itself."""
_AT_ONCE: Final = 1000
"""Rows fetched in one round trip, where many are asked for."""
_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LIMITS: Final = "SELECT set_config('statement_timeout', '100s', true)"
_ENTRY: Final = "SELECT idx, hash, data, eid, kind, ref, ms FROM linkage_log.leaf "
_UNFOUNDED: Final = (
    "SELECT eid, idx, ms FROM linkage_claims.open_intent AS held WHERE NOT EXISTS (SELECT 1 FROM linkage_log.leaf"
    " WHERE leaf.eid = held.eid AND leaf.idx = held.idx AND leaf.ms = held.ms AND kind = 'intent')"
    " OR EXISTS (SELECT 1 FROM linkage_log.leaf WHERE leaf.ref = held.eid AND kind IN ('outcome', 'recovered')) ORDER BY idx LIMIT 1"
)
STRAY: Final = """
SELECT * FROM (
  (SELECT 0 AS turn, 'leaf ' || idx FROM linkage_log.leaf WHERE idx >= %(size)b::bigint ORDER BY idx LIMIT 1)
  UNION ALL (SELECT 1, 'checkpoint ' || size FROM linkage_log.checkpoint WHERE size > %(size)b::bigint ORDER BY size LIMIT 1)
  UNION ALL (SELECT 2, 'node ' || place.level || '/' || beyond.idx FROM generate_series(1, 62) AS place (level) CROSS JOIN LATERAL
    (SELECT idx FROM linkage_log.node WHERE level = place.level AND idx >= (%(size)b::bigint >> place.level) ORDER BY idx LIMIT 1) AS beyond ORDER BY place.level LIMIT 1)
  UNION ALL (SELECT 3, 'node ' || level || '/' || idx FROM linkage_log.node WHERE level > 62 ORDER BY level, idx LIMIT 1)
) AS beyond ORDER BY turn LIMIT 1
"""
"""What stands beyond a log of so many entries: a turn, and a leaf, checkpoint or node in a few words.

Each part is ordered as an index is: without that the planner hopes to meet a row soon in the table, and reads all of it, for there is none."""


class PostgresReader:
    """A read-only view of a log, which may be a standby's. Use it from one thread at a time; ``with`` closes it."""

    def __init__(self, conninfo: str) -> None:
        """Connect; `StoreUnavailable` if no server answers."""
        self._conninfo = conninfo
        self._connection: Connection | None = connect(conninfo, reply_s=_REPLY_S)
        self._within = False
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the reader is of no use afterwards."""
        self._closed = True
        self._drop()

    def consistent(self, question: Callable[[Self], _T]) -> _T:
        """Ask a question whose reads all see the log as it is at the first of them.

        Keep it short on a log in use: while it lasts the server keeps every version of the head row.

        Raises:
            StoreUnavailable: the log cannot be read now.
            LogCorrupt: the database is not sound, or the question found something missing.
        """
        with self._snapshot():
            return question(self)

    def head(self) -> Head:
        """The head row, unverified.

        Raises:
            LogCorrupt: there is none of this schema version.
        """
        with self._snapshot() as connection:
            return read_head(connection)

    def node(self, level: int, index: int) -> bytes:
        """The hash of a node; `LogCorrupt` naming it if it is not there."""
        if level:
            found = self._rows("SELECT hash FROM linkage_log.node WHERE level = %b AND idx = %b", level, index)
        else:
            found = self._rows("SELECT hash FROM linkage_log.leaf WHERE idx = %b", index)
        if not found:
            raise LogCorrupt(f"node {level}/{index}: missing")
        digest: bytes = found[0][0]
        return digest

    def nodes(self, level: int, first: int, count: int) -> Sequence[tuple[int, bytes]]:
        """Stored nodes (index, hash) of a level of 1 or more, from index ``first`` on, at most ``count``, by index."""
        rows = self._rows(
            "SELECT idx, hash FROM linkage_log.node WHERE level = %b AND idx >= %b ORDER BY idx LIMIT %b", level, first, count
        )
        return cast("Sequence[tuple[int, bytes]]", rows)

    def entries(self, first: int, count: int) -> Iterator[StoredEntry]:
        """Entries from index ``first`` on, at most ``count``, in log order."""
        while count > 0:
            rows = self._rows(_ENTRY + "WHERE idx >= %b ORDER BY idx LIMIT %b", first, min(count, _AT_ONCE))
            for row in rows:
                yield StoredEntry(*row)
            if len(rows) < _AT_ONCE:
                return
            first, count = rows[-1][0] + 1, count - len(rows)

    def at(self, indexes: Collection[int]) -> Sequence[StoredEntry]:
        """The entries at these indexes, in log order; those that are not there are left out."""
        rows = self._rows(_ENTRY + "WHERE idx = ANY(%b::bigint[]) ORDER BY idx", list(indexes))
        return [StoredEntry(*row) for row in rows]

    def of_request(self, eid: bytes) -> tuple[StoredEntry, ...]:
        """The entries of one request: that of this id, and the one that closed it. Empty if there is none."""
        own = self._rows(_ENTRY + "WHERE eid = %b", eid)
        closing = self._rows(_ENTRY + "WHERE ref = %b AND kind IN ('outcome', 'recovered') ORDER BY idx", eid)
        return tuple(StoredEntry(*row) for row in [*own, *closing])

    def checkpoints(self, first: int, count: int) -> Sequence[tuple[int, bytes, str, int]]:
        """Checkpoints ever signed (size, root, note, time) of ``first`` entries or more, at most ``count``, smallest first."""
        rows = self._rows("SELECT size, root, note, ms FROM linkage_log.checkpoint WHERE size >= %b ORDER BY size LIMIT %b", first, count)
        return cast("Sequence[tuple[int, bytes, str, int]]", rows)

    def stray(self, size: int) -> str:
        """What stands beyond a log of ``size`` entries (a leaf, node or checkpoint), in a few words; empty if nothing does."""
        with self._snapshot() as connection:
            row = connection.execute(STRAY, {"size": size}).fetchone()
        return "" if row is None else str(row[1])

    def open_intents(self, before_ms: int, at_most: int) -> tuple[OpenIntent, ...]:
        """Intents recorded at or before this time that nothing has closed, oldest first."""
        rows = self._rows("SELECT eid, idx, ms FROM linkage_claims.open_intent WHERE ms <= %b ORDER BY idx LIMIT %b", before_ms, at_most)
        return tuple(OpenIntent(*row) for row in rows)

    def unfounded(self) -> OpenIntent | None:
        """The first of what is held to be an open intent that the entries do not say is one; None if there is none."""
        rows = self._rows(_UNFOUNDED)
        return OpenIntent(*rows[0]) if rows else None

    def _rows(self, query: LiteralString, *wanted: object) -> list[tuple[Any, ...]]:
        with self._snapshot() as connection:
            return connection.execute(query, wanted, binary=True).fetchall()

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """A transaction of its own, or the one that is open."""
        if self._within and self._connection is not None:
            yield self._connection
            return
        try:
            connection = self._begun()
            self._within = True
            yield connection
            connection.execute("COMMIT")
        except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as cause:
            raise LogCorrupt(told("database", cause)) from cause
        except psycopg.Error as cause:
            raise StoreUnavailable(told("database cannot be read", cause)) from cause
        finally:
            self._within = False
            self._end()

    def _begun(self) -> Connection:
        if self._closed:
            raise StoreUnavailable("database: the reader is closed")
        kept = self._connection
        if kept is not None and not kept.closed:
            try:
                return _begin(kept)
            except psycopg.OperationalError:  # it may have been idle for long: a firewall, or the server's restart, has ended it
                self._drop()
        self._connection = connect(self._conninfo, reply_s=_REPLY_S)
        return _begin(self._connection)

    def _end(self) -> None:
        connection = self._connection
        if connection is None or connection.closed:
            return
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            try:
                connection.execute("ROLLBACK")
            except psycopg.Error:
                self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _begin(connection: Connection) -> Connection:
    with connection.pipeline():
        connection.execute(_BEGIN)
        connection.execute(_LIMITS)
    return connection
