"""What a gateway knows of its witnesses: how far each has followed the log, and the checkpoints they cosigned. A small file of its own.

It is local to a gateway, whatever holds the log. Losing it loses no promise: the witnesses remember for themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import apsw

from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import StoreUnavailable
from linkage.store.sqlite_create import create_whole
from linkage.store.sqlite_open import copy_back, open_reading, open_writing, unavailable
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid, ProofInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.tree import consistency_path, verify_consistency

KEPT = 16
"""Cosigned checkpoints kept of each witness: enough that several witnesses' newest ones have one in common."""

_TABLES = """
CREATE TABLE witness (
  vkey TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL,
  size INTEGER NOT NULL DEFAULT 0,
  cosigned_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE cosignature (
  size INTEGER NOT NULL,
  vkey TEXT NOT NULL REFERENCES witness,
  note TEXT NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (size, vkey)
) STRICT, WITHOUT ROWID;
"""
_LINES = "SELECT size, note, line FROM cosignature ORDER BY size DESC, vkey"
_PRUNE = (
    "DELETE FROM cosignature WHERE vkey = ?1 AND size NOT IN (SELECT size FROM cosignature WHERE vkey = ?1 ORDER BY size DESC LIMIT ?2)"
)
_NOT_AHEAD = (
    "UPDATE witness SET since_ms = min(since_ms, ?2), cosigned_ms = min(cosigned_ms, ?2)"
    " WHERE vkey = ?1 AND max(since_ms, coalesce(cosigned_ms, 0)) > ?2"
)
_COLUMNS = "SELECT since_ms, cosigned_ms, line, note FROM witness JOIN cosignature USING (vkey, size) LIMIT 0"


@dataclass(frozen=True, slots=True)
class Followed:
    """What is known of one witness.

    ``size``: how much of the log it has seen, by its own word, which was possible when it was kept. ``fresh_ms``: when it cosigned last, or, before the first time, when
    it was first named in the settings; Unix time in ms.
    """

    size: int
    fresh_ms: int


class Cosignatures:
    """An open file. For one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. A damaged one is set aside, its name ending in ``.broken``, and another is begun.

        Raises:
            StoreUnavailable: it cannot be made, opened or written.
            StorePoisoned: it cannot be written durably here.
        """
        self._path = path
        self.set_aside = path.exists() and _is_damaged(path)
        """Whether the file was damaged."""
        if self.set_aside:
            _set_aside(path)
        if not path.exists():
            create_whole(path, lambda connection: connection.execute(_TABLES))
        self._connection = open_writing(path)

    def follow(self, vkey: str, now_ms: int) -> Followed:
        """What is known of the witness with this key; from now on it is known, if it was not. `StoreUnavailable` as all of these.

        Times beyond ``now_ms``, kept while the clock was ahead, become ``now_ms``.
        """
        self._write("INSERT OR IGNORE INTO witness (vkey, since_ms) VALUES (?, ?)", (vkey, now_ms))
        self._write(_NOT_AHEAD, (vkey, now_ms))
        ((size, fresh_ms),) = self._read("SELECT size, coalesce(cosigned_ms, since_ms) FROM witness WHERE vkey = ?", (vkey,))
        return Followed(size, fresh_ms)

    def has_seen(self, vkey: str, size: int) -> None:
        """Keep what a witness said it has seen: no more than the log held then, unless it showed a checkpoint that the log signed."""
        self._write("UPDATE witness SET size = ? WHERE vkey = ?", (size, vkey))

    def keep(self, vkey: str, size: int, note: str, line: str, now_ms: int) -> None:
        """Keep that a witness cosigned the checkpoint ``note`` of this size by the signature line ``line``."""
        try:
            with self._connection:
                self._connection.execute("UPDATE witness SET size = ?, cosigned_ms = ? WHERE vkey = ?", (size, now_ms, vkey))
                self._connection.execute("INSERT OR REPLACE INTO cosignature VALUES (?, ?, ?, ?)", (size, vkey, note, line))
                self._connection.execute(_PRUNE, (vkey, KEPT))
            copy_back(self._connection)
        except apsw.Error as cause:
            raise unavailable(self._path, cause) from cause

    def kept(self) -> Sequence[str]:
        """Every cosigned checkpoint that is kept, smallest first, with the log's signatures alone."""
        return [str(note) for (note,) in self._read("SELECT note FROM cosignature ORDER BY size")]

    def newest(self, quorum: int) -> str | None:
        """As `newest_cosigned`."""
        return _newest(self._read(_LINES), quorum)

    def close(self) -> None:
        """Close the file."""
        self._connection.close(True)

    def _write(self, statement: str, bindings: tuple[int | str, ...]) -> None:
        try:
            self._connection.execute(statement, bindings)
        except apsw.Error as cause:
            raise unavailable(self._path, cause) from cause

    def _read(self, query: str, bindings: tuple[int | str, ...] = ()) -> list[tuple[Any, ...]]:
        return _read(self._path, self._connection, query, bindings)


def _is_damaged(path: Path) -> bool:
    connection = open_reading(path)
    try:
        connection.execute(_COLUMNS).fetchall()
        return bool(connection.pragma("quick_check") != "ok")
    except (apsw.NotADBError, apsw.CorruptError, apsw.SQLError):
        return True
    except apsw.Error as cause:
        raise unavailable(path, cause) from cause
    finally:
        connection.close(True)


def _set_aside(path: Path) -> None:
    try:
        for of_it in ("", "-wal", "-shm"):
            part = path.with_name(path.name + of_it)
            if part.exists():
                part.replace(path.with_name(f"{path.name}.broken{of_it}"))
    except OSError as cause:
        raise StoreUnavailable(f"{path.name}: damaged, and cannot be set aside") from cause


def newest_cosigned(path: Path, quorum: int) -> str | None:
    """The newest checkpoint with at least ``quorum`` witnesses' lines below the log's own, None where there is none yet.

    Raises:
        StoreUnavailable: the file is there and cannot be read.
    """
    if not path.exists():
        return None
    connection = open_reading(path)
    try:
        return _newest(_read(path, connection, _LINES), quorum)
    finally:
        connection.close(True)


def last_cosigned(path: Path) -> dict[str, int]:
    """When each witness that is known there cosigned last, or was first named: Unix time in ms by its key's text.

    Raises:
        StoreUnavailable: the file is there and cannot be read.
    """
    if not path.exists():
        return {}
    connection = open_reading(path)
    try:
        return dict(_read(path, connection, "SELECT vkey, coalesce(cosigned_ms, since_ms) FROM witness"))
    finally:
        connection.close(True)


def _newest(rows: Sequence[tuple[Any, ...]], quorum: int) -> str | None:
    """``rows``: size, note and line, newest first."""
    for size, of_size in groupby(rows, key=itemgetter(0)):
        del size
        same = list(of_size)
        if len(same) >= quorum:
            return str(same[0][1]) + "".join(line for _, _, line in same)
    return None


def _read(path: Path, connection: apsw.Connection, query: str, bindings: tuple[int | str, ...] = ()) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(query, bindings).fetchall()
    except apsw.Error as cause:
        raise unavailable(path, cause) from cause


def check_cosigned(kept: Sequence[str], reader: LogReader, log: LogVerifier) -> None:
    """Check that a log holds everything that was cosigned of it. ``kept``: cosigned checkpoints.

    Raises:
        LogCorrupt: the log ends before one of them, or is another one.
        StoreUnavailable: the log cannot be read now.
    """
    for note in kept:
        try:
            cosigned = open_checkpoint(note.encode(), log)
        except NoteInvalid as cause:
            raise LogCorrupt(f"a cosigned checkpoint: {cause}") from cause
        reader.consistent(partial(_check_after, cosigned=cosigned))


def _check_after(log: LogReader, cosigned: Checkpoint) -> None:
    head = log.head()
    if head.size < cosigned.size:
        raise LogCorrupt(f"log: got {head.size} entries, a witness has seen {cosigned.size}: an older copy; put the newest one back")
    proof = consistency_path(cosigned.size, head.size, log.node, largest=head.size)
    try:
        verify_consistency(cosigned.size, head.size, cosigned.root, head.root, proof)
    except ProofInvalid as cause:
        raise LogCorrupt(f"log: its first {cosigned.size} entries are not those that a witness has seen") from cause
