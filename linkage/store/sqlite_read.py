"""Reads the log through a connection of its own that cannot write; never in the writer's way."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import apsw

from linkage.errors import LogCorrupt
from linkage.store.contract import Head, OpenIntent, StoredEntry
from linkage.store.sqlite_open import open_reading, unavailable
from linkage.store.sqlite_schema import read_head

_T = TypeVar("_T")

_ENTRY = "SELECT idx, hash, data, eid, kind, ref, ms FROM leaf "
_ENTRIES_AT = _ENTRY + "WHERE idx IN (SELECT value FROM json_each(?)) ORDER BY idx"  # noqa: S608 (our own words; the indexes are bound)
_UNFOUNDED = (
    "SELECT eid, idx, ms FROM open_intent AS held WHERE NOT EXISTS (SELECT 1 FROM leaf"
    " WHERE leaf.eid = held.eid AND leaf.idx = held.idx AND leaf.ms = held.ms AND kind = 'intent')"
    " OR EXISTS (SELECT 1 FROM leaf WHERE leaf.ref = held.eid AND kind IN ('outcome', 'recovered')) ORDER BY idx LIMIT 1"
)


def node_hash_at(connection: apsw.Connection, level: int, index: int) -> bytes:
    """The stored hash of node (level, index); level 0 is the leaf's.

    Raises:
        LogCorrupt: it is not there; the message names it.
    """
    if level:
        row = connection.execute("SELECT hash FROM node WHERE level = ? AND idx = ?", (level, index)).fetchone()
    else:
        row = connection.execute("SELECT hash FROM leaf WHERE idx = ?", (index,)).fetchone()
    if row is None:
        raise LogCorrupt(f"node {level}/{index}: missing")
    digest: bytes = row[0]
    return digest


def stray_beyond(connection: apsw.Connection, size: int) -> str:
    """What stands beyond a log of ``size`` entries (a leaf, node or checkpoint), in a few words; empty if nothing does."""
    for what, row in (
        ("leaf {}", connection.execute("SELECT idx FROM leaf WHERE idx >= ? LIMIT 1", (size,)).fetchone()),
        ("checkpoint {}", connection.execute("SELECT size FROM checkpoint WHERE size > ? LIMIT 1", (size,)).fetchone()),
    ):
        if row is not None:
            return what.format(row[0])
    for level in range(1, 64):
        found = connection.execute("SELECT idx FROM node WHERE level = ? AND idx >= ? LIMIT 1", (level, size >> level)).fetchone()
        if found is not None:
            return f"node {level}/{found[0]}"
    found = connection.execute("SELECT level, idx FROM node WHERE level >= 64 LIMIT 1").fetchone()
    return "" if found is None else f"node {found[0]}/{found[1]}"


def _entry(row: tuple[Any, ...]) -> StoredEntry:
    return StoredEntry(*row)


class SqliteReader:
    """A read-only view of a log file. Use it from one thread at a time; ``with`` closes it."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        """Open the file; `StoreUnavailable` if it cannot be."""
        self._path = path
        self._connection = open_reading(path, vfs=vfs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the reader is of no use afterwards."""
        self._connection.close(True)

    def consistent(self, question: Callable[[Self], _T]) -> _T:
        """Ask a question whose reads all see the log as it is at the first of them.

        Raises:
            StoreUnavailable: the file cannot be read now.
            LogCorrupt: the file is no longer a sound database, or the question found something missing.
        """
        try:
            self._connection.execute("BEGIN")
            return question(self)
        except (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError) as cause:
            raise LogCorrupt(f"{self._path.name}: {type(cause).__name__}") from cause
        except apsw.Error as cause:
            raise unavailable(self._path, cause) from cause
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def head(self) -> Head:
        """The head row, unverified.

        Raises:
            LogCorrupt: there is none of this schema version.
        """
        head = read_head(self._connection)
        if head is None:
            raise LogCorrupt("head: got none of this schema version, expected one row")
        return head

    def node(self, level: int, index: int) -> bytes:
        """The hash of a node; `LogCorrupt` naming it if it is not there."""
        return node_hash_at(self._connection, level, index)

    def entries(self, first: int, count: int) -> Iterator[StoredEntry]:
        """Entries from index ``first`` on, at most ``count``, in log order."""
        rows = self._connection.execute(_ENTRY + "WHERE idx >= ? ORDER BY idx LIMIT ?", (first, count))
        return map(_entry, rows)

    def at(self, indexes: Collection[int]) -> Sequence[StoredEntry]:
        """The entries at these indexes, in log order; those that are not there are left out."""
        wanted = json.dumps(list(indexes))
        rows = self._connection.execute(_ENTRIES_AT, (wanted,))
        return [_entry(row) for row in rows]

    def of_request(self, eid: bytes) -> tuple[StoredEntry, ...]:
        """The entries of one request: that of this id, and the one that closed it. Empty if there is none."""
        own = self._connection.execute(_ENTRY + "WHERE eid = ?", (eid,)).fetchall()
        closing = self._connection.execute(_ENTRY + "WHERE ref = ? AND kind IN ('outcome', 'recovered') ORDER BY idx", (eid,)).fetchall()
        return tuple(map(_entry, [*own, *closing]))

    def nodes(self, level: int, first: int, count: int) -> Sequence[tuple[int, bytes]]:
        """Stored nodes (index, hash) of a level of 1 or more, from index ``first`` on, at most ``count``, by index."""
        rows = self._connection.execute(
            "SELECT idx, hash FROM node WHERE level = ? AND idx >= ? ORDER BY idx LIMIT ?", (level, first, count)
        ).fetchall()
        return cast("Sequence[tuple[int, bytes]]", rows)

    def checkpoints(self, first: int, count: int) -> Sequence[tuple[int, bytes, str, int]]:
        """Checkpoints ever signed (size, root, note, time) of ``first`` entries or more, at most ``count``, smallest first."""
        rows = self._connection.execute(
            "SELECT size, root, note, ms FROM checkpoint WHERE size >= ? ORDER BY size LIMIT ?", (first, count)
        ).fetchall()
        return cast("Sequence[tuple[int, bytes, str, int]]", rows)

    def stray(self, size: int) -> str:
        """What stands beyond a log of ``size`` entries (a leaf, node or checkpoint), in a few words; empty if nothing does."""
        return stray_beyond(self._connection, size)

    def open_intents(self, before_ms: int, at_most: int) -> tuple[OpenIntent, ...]:
        """Intents recorded at or before this time that nothing has closed, oldest first."""
        rows = self._connection.execute("SELECT eid, idx, ms FROM open_intent WHERE ms <= ? ORDER BY idx LIMIT ?", (before_ms, at_most))
        return tuple(OpenIntent(*row) for row in rows)

    def unfounded(self) -> OpenIntent | None:
        """The first of what is held to be an open intent that the entries do not say is one; None if there is none."""
        row = self._connection.execute(_UNFOUNDED).fetchone()
        return None if row is None else OpenIntent(*row)
