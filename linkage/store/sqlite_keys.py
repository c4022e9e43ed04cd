"""The wrapped data keys, in a file of their own: what is deleted here can be read in the log no more, and proofs still hold.

Backups of this file are kept apart from the log's, and shorter: forgetting is only as good as the oldest of them.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import apsw

from linkage.store.backend import KeyRow
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.moving import refuse_moving
from linkage.store.sqlite_create import create_whole
from linkage.store.sqlite_open import FileIdentity, WalLength, empty_wal, is_transient, open_writing, unavailable

_TABLES = """
CREATE TABLE data_key (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  wrapped BLOB NOT NULL,
  kek TEXT NOT NULL,
  pseudonym BLOB,
  epoch TEXT,
  made_ms INTEGER NOT NULL,
  expires_ms INTEGER,
  CHECK ((pseudonym IS NULL) = (epoch IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX data_key_pseudonym ON data_key (pseudonym) WHERE pseudonym IS NOT NULL;
CREATE INDEX data_key_epoch ON data_key (epoch) WHERE epoch IS NOT NULL;
CREATE INDEX data_key_expires ON data_key (expires_ms) WHERE expires_ms IS NOT NULL;
CREATE INDEX data_key_kek ON data_key (kek);
"""

_ADDED = """
BEGIN IMMEDIATE;
ALTER TABLE data_key ADD COLUMN expires_ms INTEGER;
CREATE INDEX data_key_epoch ON data_key (epoch) WHERE epoch IS NOT NULL;
CREATE INDEX data_key_expires ON data_key (expires_ms) WHERE expires_ms IS NOT NULL;
CREATE INDEX data_key_kek ON data_key (kek);
COMMIT;
"""
"""What files of keys begun with an earlier version lack."""

_GONE = "data keys moved or removed"

_ROW = "SELECT id, wrapped, kek, pseudonym, epoch, made_ms, expires_ms FROM data_key "
_EPOCHS = """
WITH RECURSIVE live (epoch) AS (
  SELECT min(epoch) FROM data_key WHERE epoch IS NOT NULL
  UNION ALL SELECT (SELECT min(data_key.epoch) FROM data_key WHERE data_key.epoch > live.epoch) FROM live WHERE live.epoch IS NOT NULL
)
SELECT epoch FROM live WHERE epoch IS NOT NULL
"""
"""One look at the index for each epoch, not for each key."""
_KEKS = """
WITH RECURSIVE used (kek) AS (
  SELECT min(kek) FROM data_key
  UNION ALL SELECT (SELECT min(data_key.kek) FROM data_key WHERE data_key.kek > used.kek) FROM used WHERE used.kek IS NOT NULL
)
SELECT kek FROM used WHERE kek IS NOT NULL
"""


def create_keys(path: Path) -> None:
    """Make an empty file of data keys; it appears whole, as the log's does.

    Raises:
        StoreUnavailable: the file exists, or its WAL without it, or it cannot be made.
    """
    create_whole(path, lambda connection: connection.execute(_TABLES))


class SqliteKeys:
    """A file of data keys, opened for writing. For one thread at a time; several processes may share the file."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        """Open an existing file.

        Raises:
            StoreUnavailable: missing or locked, or on its way into a database.
            StorePoisoned: it cannot be written durably here.
        """
        self._path = path
        self._poison = ""
        self._connection = open_writing(path, vfs=vfs)
        try:
            columns = self._connection.execute("SELECT name FROM pragma_table_info('data_key')").fetchall()  # there is a WAL from now on
            if ("expires_ms",) not in columns:
                self._connection.execute(_ADDED)
            refuse_moving(self._connection)
        except apsw.Error as cause:
            self._connection.close(True)
            raise unavailable(path, cause) from cause
        except StoreUnavailable:
            self._connection.close(True)
            raise
        self._identity = FileIdentity(path)
        self._wal = WalLength(self._connection)

    def lost(self) -> str:
        """Why no key can be stored any more; empty if nothing is known. Cheap, and for any thread: for health checks."""
        if self._poison or self._identity.holds():
            return self._poison
        return f"{self._path.name}: {_GONE}"

    def put(self, rows: Iterable[KeyRow]) -> None:
        """Store rows, durable on return. A row whose id is there already gains its pseudonym and changes in nothing else.

        Raises:
            StoreUnavailable: certainly nothing was stored.
            StorePoisoned: unknown what was stored, now or in an earlier call.
        """
        bindings = [(row.id, row.wrapped, row.kek, row.pseudonym, row.epoch, row.made_ms, row.expires_ms) for row in rows]
        self._run(
            "INSERT INTO data_key VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
            " SET pseudonym = excluded.pseudonym, epoch = excluded.epoch WHERE pseudonym IS NULL",
            bindings,
        )

    def get(self, key_id: bytes) -> KeyRow | None:
        """The row of this id, None if it was never there or is forgotten; `StoreUnavailable` if it cannot be read."""
        return next(iter(self._select(_ROW + "WHERE id = ?", key_id)), None)

    def of_pseudonym(self, pseudonym: bytes) -> Sequence[KeyRow]:
        """The rows of one person under one pseudonym key, oldest id first; `StoreUnavailable` if they cannot be read."""
        return self._select(_ROW + "WHERE pseudonym = ? ORDER BY id", pseudonym)

    def epochs(self) -> tuple[str, ...]:
        """The epochs of the pseudonyms that are there, sorted: what a search has to go through. `StoreUnavailable` as `get`."""
        return tuple(row[0] for row in self._read(_EPOCHS))

    def keks(self) -> tuple[str, ...]:
        """The ids of the keys that wrap what is there, sorted; `StoreUnavailable` if they cannot be read."""
        return tuple(row[0] for row in self._read(_KEKS))

    def not_under(self, kek: str, at_most: int) -> Sequence[KeyRow]:
        """Rows that another key than ``kek`` wraps, at most so many; `StoreUnavailable` if they cannot be read."""
        # Two ranges of the index: `<>` would look at every key.
        below = self._select(_ROW + "WHERE kek < ? ORDER BY kek LIMIT ?", kek, at_most)
        return below or self._select(_ROW + "WHERE kek > ? ORDER BY kek LIMIT ?", kek, at_most)

    def rewrap(self, rows: Iterable[KeyRow]) -> None:
        """Replace ``wrapped`` and ``kek`` of rows that are there, durable on return; a row that is gone stays gone. Raises as `put`."""
        self._run("UPDATE data_key SET wrapped = ?, kek = ? WHERE id = ?", [(row.wrapped, row.kek, row.id) for row in rows])

    def expired(self, now_ms: int, at_most: int) -> tuple[bytes, ...]:
        """Ids of keys whose time is over at ``now_ms``, at most so many; `StoreUnavailable` if they cannot be read."""
        query = "SELECT id FROM data_key WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?"
        return tuple(row[0] for row in self._read(query, now_ms, at_most))

    def holds_any(self) -> bool:
        """Whether any key was ever put here and not forgotten; `StoreUnavailable` if it cannot be read."""
        return bool(self._select(_ROW + "LIMIT 1"))

    def forget(self, key_ids: Iterable[bytes]) -> None:
        """Delete rows and overwrite their place. What they sealed cannot be read any more.

        Raises:
            StoreUnavailable: certainly nothing was deleted.
            StorePoisoned: unknown what was deleted.
        """
        self._run("DELETE FROM data_key WHERE id = ?", [(key_id,) for key_id in key_ids])
        try:  # the old pages also stand in the WAL until it is emptied
            empty_wal(self._connection)
        except apsw.Error as cause:
            raise unavailable(self._path, cause) from cause

    def close(self) -> None:
        """Close the file."""
        self._poison = self._poison or "closed"
        self._connection.close(True)

    def _select(self, query: str, *wanted: bytes | str | int) -> list[KeyRow]:
        return [_row(row) for row in self._read(query, *wanted)]

    def _read(self, query: str, *wanted: bytes | str | int) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, wanted).fetchall()
        except apsw.Error as cause:
            raise unavailable(self._path, cause) from cause

    def _run(self, statement: str, bindings: Sequence[tuple[Any, ...]]) -> None:
        if not self._poison and not self._identity.holds():  # what is written now would be lost with the file
            self._end(_GONE)
        if self._poison:
            raise StorePoisoned(f"{self._path.name}: {self._poison}")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, bindings)
        except apsw.Error as cause:
            self._rollback()
            if isinstance(cause, apsw.ConstraintError):
                refuse_moving(self._connection)
            raise unavailable(self._path, cause) from cause
        self._commit()

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
            self._wal.checkpoint_if_long(self._connection)
        except apsw.Error as cause:
            self._rollback()
            if is_transient(cause):
                raise unavailable(self._path, cause) from cause
            self._end(f"commit: {type(cause).__name__}")
            raise StorePoisoned(f"{self._path.name}: {self._poison}") from cause

    def _end(self, why: str) -> None:
        self._poison = why
        self._connection.close(True)

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _row(row: tuple[Any, ...]) -> KeyRow:
    return KeyRow(*row)
