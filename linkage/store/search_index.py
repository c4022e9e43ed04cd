"""The search index: a SQLite file derived from the log, disposable, and made anew wherever it is missing, broken or another log's.

It holds posting lists: for each term (what an entry names: an officer, a centre, a result) the indexes of the entries that name it.
A hit is an intent or an entry that stands alone; what closed an intent is found under the intent. Nothing personal is in it, and it
is no evidence: whatever is found is read from the log and compared before it is shown.

Several processes may share the file. What is written last may be lost with the machine's power; it is then read from the log again.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import apsw

from linkage.store.contract import StoreUnavailable
from linkage.store.search_find import Found, Group, Term, find
from linkage.store.sqlite_open import FileIdentity
from linkage.store.sqlite_rows import run_rows

_T = TypeVar("_T")

SCHEMA: Final = 2
"""Grows with every change of what the index holds: one of another version is made anew."""
_BUSY_MS: Final = 1000
_CACHE_KIB: Final = 64 * 1024

_TABLES: Final = """
CREATE TABLE standing (id INTEGER PRIMARY KEY CHECK (id = 1), schema INTEGER NOT NULL, log_uuid BLOB NOT NULL, size INTEGER NOT NULL, last_hash BLOB NOT NULL) STRICT;
CREATE TABLE term (id INTEGER PRIMARY KEY, what TEXT NOT NULL, value TEXT NOT NULL, count INTEGER NOT NULL, UNIQUE (what, value)) STRICT;
CREATE TABLE posting (term INTEGER NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (term, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE mark (what TEXT NOT NULL, value BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (what, value, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE closing (idx INTEGER PRIMARY KEY, by INTEGER NOT NULL) STRICT;
CREATE TABLE open_intent (eid BLOB PRIMARY KEY, idx INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
_NAMES: Final = ("standing", "term", "posting", "mark", "closing", "open_intent")


class IndexUnavailable(StoreUnavailable):
    """The search index cannot be used now; the log is not touched by that. A later attempt makes it anew where it has to."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the index is of: a log, and how many of its entries it has read. ``last_hash``: the newest's leaf hash, empty with none."""

    log_uuid: bytes
    size: int
    last_hash: bytes


@dataclass(slots=True)
class Chunk:
    """What some entries of the log add to the index."""

    first: int
    end: int
    last_hash: bytes
    postings: dict[Term, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Under each term the indexes of the hits that it is added to."""
    marks: list[tuple[str, bytes, int]] = field(default_factory=list)
    """What few entries share (a visit, a data key): what it is, its id, the hit's index."""
    closings: dict[int, int] = field(default_factory=dict)
    """For an intent's index that of the entry that closed it."""
    opened: dict[bytes, int] = field(default_factory=dict)
    """Intents of the chunk that nothing in it closes: id and index."""
    ended: set[bytes] = field(default_factory=set)
    """Intents of earlier chunks that are closed in it."""


class SearchIndex:
    """The index's file, open. For one thread; every method raises `IndexUnavailable` where the file cannot be used now."""

    def __init__(self, path: Path) -> None:
        """Take the file's name; it is opened, and made where it is missing, at the first use."""
        self._path = path
        self._connection: apsw.Connection | None = None
        self._identity: FileIdentity | None = None

    def standing(self) -> Standing | None:
        """What the index is of; None while it is of nothing, or was written by another version."""
        return self._use(_standing)

    def begin(self, log_uuid: bytes) -> None:
        """Begin anew, for this log: whatever the index held is dropped."""

        def run(connection: apsw.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            for name in _NAMES:
                connection.execute(f"DROP TABLE IF EXISTS {name}")
            connection.execute(_TABLES)
            connection.execute("INSERT INTO standing VALUES (1, ?, ?, 0, x'')", (SCHEMA, log_uuid))
            connection.execute("COMMIT")

        self._use(run)

    def intents(self, eids: Iterable[bytes]) -> Mapping[bytes, int]:
        """The indexes of those of these intents that are open by what the index has read."""

        def run(connection: apsw.Connection) -> dict[bytes, int]:
            query = "SELECT idx FROM open_intent WHERE eid = ?"
            rows = ((eid, connection.execute(query, (eid,)).fetchone()) for eid in eids)
            return {eid: row[0] for eid, row in rows if row is not None}

        return self._use(run)

    def add(self, chunk: Chunk) -> bool:
        """Add what a chunk says, unless another process has meanwhile; whether it was added."""

        def run(connection: apsw.Connection) -> bool:
            connection.execute("BEGIN IMMEDIATE")
            now = _standing(connection)
            if now is None or now.size != chunk.first:
                connection.execute("ROLLBACK")
                return False
            _write(connection, chunk)
            connection.execute("COMMIT")
            return True

        return self._use(run)

    def find(self, groups: Sequence[Group], first: int, end: int, *, among: Sequence[int] | None, at_most: int, look_at: int) -> Found:
        """Hits with indexes in [first, end) that have a term of every group, newest first.

        Args:
            groups: alternatives each; at least one group where ``among`` is None.
            first: the lowest index wanted.
            end: the index above the highest wanted.
            among: where given, only these are looked at.
            at_most: hits wanted.
            look_at: looks at the index, one for each candidate and each term that it is tested for; beyond them the answer is short,
                and `Found.next_end` says where to go on.
        """
        return self._use(lambda connection: find(connection, groups, first, end, among=among, at_most=at_most, look_at=look_at))

    def knows(self, term: Term) -> bool:
        """Whether any entry has ever named this."""
        query = "SELECT 1 FROM term WHERE what = ? AND value = ?"
        return self._use(lambda connection: connection.execute(query, term).fetchone() is not None)

    def marked(self, what: str, value: bytes, at_most: int) -> tuple[int, ...]:
        """The newest hits that share this, at most so many, newest first."""
        query = "SELECT idx FROM mark WHERE what = ? AND value = ? ORDER BY idx DESC LIMIT ?"
        return self._use(lambda connection: tuple(row[0] for row in connection.execute(query, (what, value, at_most))))

    def closing(self, index: int) -> int | None:
        """The index of the entry that closed this intent; None while it is open, or is no intent."""
        query = "SELECT by FROM closing WHERE idx = ?"

        def run(connection: apsw.Connection) -> int | None:
            row = connection.execute(query, (index,)).fetchone()
            return None if row is None else int(row[0])

        return self._use(run)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close(True)
        self._connection = self._identity = None

    def _use(self, run: Callable[[apsw.Connection], _T]) -> _T:
        try:
            return run(self._opened())
        except (apsw.CorruptError, apsw.NotADBError) as cause:
            self._discard()
            raise IndexUnavailable(f"{self._path.name}: {type(cause).__name__}; it is made anew") from cause
        except (apsw.Error, OSError) as cause:
            self._rollback()
            raise IndexUnavailable(f"{self._path.name}: {type(cause).__name__}") from cause

    def _opened(self) -> apsw.Connection:
        if self._connection is not None and self._identity is not None and self._identity.holds():
            return self._connection
        self.close()
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # what SQLite keeps beside it gets the same mode
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        self._connection = connection  # so that `close` closes it, whatever the next lines meet
        connection.set_busy_timeout(_BUSY_MS)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # else a deleted file's connection would delete the new one's WAL
        for name, value in (("journal_mode", "wal"), ("synchronous", "NORMAL"), ("trusted_schema", 0), ("cache_size", -_CACHE_KIB)):
            connection.pragma(name, value)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # there is a WAL from now on
        self._identity = FileIdentity(self._path)
        return connection

    def _rollback(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _discard(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)


def _standing(connection: apsw.Connection) -> Standing | None:
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'standing'").fetchone() is None:
        return None
    row = connection.execute("SELECT schema, log_uuid, size, last_hash FROM standing").fetchone()
    return None if row is None or row[0] != SCHEMA else Standing(*row[1:])


def _write(connection: apsw.Connection, chunk: Chunk) -> None:
    ids = {}
    for (what, value), indexes in chunk.postings.items():
        query = (
            "INSERT INTO term (what, value, count) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count RETURNING id"
        )
        ids[what, value] = connection.execute(query, (what, value, len(indexes))).fetchall()[0][0]
    rows = sorted((ids[term], index) for term, indexes in chunk.postings.items() for index in indexes)
    run_rows(connection, "INSERT OR IGNORE INTO posting VALUES ", rows)
    run_rows(connection, "INSERT OR IGNORE INTO mark VALUES ", sorted(chunk.marks))
    run_rows(connection, "INSERT OR IGNORE INTO closing VALUES ", sorted(chunk.closings.items()))
    run_rows(connection, "DELETE FROM open_intent WHERE eid IN (VALUES ", [(eid,) for eid in chunk.ended], ")")
    run_rows(connection, "INSERT OR IGNORE INTO open_intent VALUES ", sorted(chunk.opened.items()))
    connection.execute("UPDATE standing SET size = ?, last_hash = ?", (chunk.end, chunk.last_hash))
