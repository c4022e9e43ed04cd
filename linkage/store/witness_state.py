"""A witness's memory: the newest checkpoint it cosigned for each log, in a SQLite file that is durable before anybody is answered.

The file belongs to one key. A witness that forgets what it cosigned could be led to cosign a second history, so a file that is lost
is never begun anew for the same key: the witness gets a new key and a new file, both made together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw

from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.sqlite_create import create_whole
from linkage.store.sqlite_open import FileIdentity, WalLength, is_transient, open_writing, unavailable

_TABLES = """
CREATE TABLE witness (id INTEGER PRIMARY KEY CHECK (id = 1), schema INTEGER NOT NULL, vkey TEXT NOT NULL) STRICT;
CREATE TABLE cosigned (
  origin TEXT PRIMARY KEY,
  size INTEGER NOT NULL CHECK (size >= 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  note TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER cosigned_grows BEFORE UPDATE ON cosigned WHEN NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER cosigned_stays BEFORE DELETE ON cosigned BEGIN SELECT RAISE(ABORT, 'a witness never forgets'); END;
"""
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The newest checkpoint cosigned for a log; ``note`` is it with the log's signatures and ours."""

    size: int
    root: bytes
    note: str


def create_state(path: Path, vkey: str) -> None:
    """Make the memory of a witness that has cosigned nothing yet. ``vkey``: its key's.

    Raises:
        StoreUnavailable: the file exists, or it cannot be made.
    """

    def lay_out(connection: apsw.Connection) -> None:
        connection.execute(_TABLES)
        connection.execute("INSERT INTO witness VALUES (1, ?, ?)", (_SCHEMA, vkey))

    create_whole(path, lay_out)


class WitnessState:
    """An open memory. For one thread at a time; several processes may share the file."""

    def __init__(self, path: Path, vkey: str) -> None:
        """Open an existing file of this key's.

        Raises:
            StoreUnavailable: missing, locked, or no witness's.
            StorePoisoned: it cannot be written durably here, or belongs to another key or a newer version.
        """
        self._path = path
        self._poison = ""
        self._connection = open_writing(path)
        try:
            row = self._connection.execute("SELECT schema, vkey FROM witness").fetchone()
        except apsw.Error as cause:
            self._connection.close(True)
            raise unavailable(path, cause) from cause
        if row != (_SCHEMA, vkey):
            self._connection.close(True)
            raise StorePoisoned(f"{path.name}: got the memory of another key or version, expected this witness's own")
        self._identity = FileIdentity(path)
        self._wal = WalLength(self._connection)

    @property
    def poison(self) -> str:
        """Why nothing is cosigned by this object any more; empty while it can."""
        return self._poison

    def latest(self, origin: str) -> Cosigned | None:
        """The newest checkpoint cosigned for this log, None before the first; `StoreUnavailable` if it cannot be read."""
        try:
            row = self._connection.execute("SELECT size, root, note FROM cosigned WHERE origin = ?", (origin,)).fetchone()
        except apsw.Error as cause:
            raise unavailable(self._path, cause) from cause
        return None if row is None else Cosigned(*row)

    def advance(self, origin: str, step: Callable[[Cosigned | None], Cosigned]) -> Cosigned:
        """Replace a log's newest checkpoint, durable on return, with nobody in between.

        Args:
            origin: whose.
            step: given the newest checkpoint, gives the one to be kept in its place; whatever it raises leaves all as it was.

        Raises:
            StoreUnavailable: certainly nothing changed.
            StorePoisoned: unknown whether it changed, now or in an earlier call, or the file was taken away.
        """
        if not self._poison and not self._identity.holds():
            self._poison = "moved or removed"
        if self._poison:
            raise StorePoisoned(f"{self._path.name}: {self._poison}")
        try:
            self._connection.execute("BEGIN IMMEDIATE")  # from here on no other process reads what this one is about to replace
        except apsw.Error as cause:
            raise unavailable(self._path, cause) from cause
        try:
            kept = step(self.latest(origin))
            self._connection.execute(
                "INSERT INTO cosigned VALUES (?, ?, ?, ?)"
                " ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note",
                (origin, kept.size, kept.root, kept.note),
            )
        except apsw.Error as cause:
            self._rollback()
            raise unavailable(self._path, cause) from cause
        except BaseException:  # whatever it is: cleaned up after, and raised again
            self._rollback()
            raise
        self._commit()
        return kept

    def close(self) -> None:
        """Close the file."""
        self._poison = self._poison or "closed"
        self._connection.close(True)

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
            self._wal.checkpoint_if_long(self._connection)
        except apsw.Error as cause:
            self._rollback()
            if is_transient(cause):
                raise StoreUnavailable(f"{self._path.name}: {type(cause).__name__}") from cause
            self._poison = f"commit: {type(cause).__name__}"
            raise StorePoisoned(f"{self._path.name}: {self._poison}") from cause

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
