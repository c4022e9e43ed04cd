"""Opens SQLite files so that a commit is durable, and reads every pragma back: builds differ in their defaults.

WAL with synchronous=FULL. SQLite before 3.51.3 can corrupt a WAL database that several connections write and checkpoint, so an older
library is refused. Checkpoints are run by `checkpoint_if_long` rather than by SQLite itself, which would ignore a failed sync in them.
"""

import contextlib
import os
import time
from pathlib import Path
from typing import Final

import apsw

from linkage.store.contract import StorePoisoned, StoreUnavailable

_OLDEST: Final = (3, 51, 3)
BUSY_MS: Final = 1500
"""How long a transaction waits for another process's lock, in milliseconds. Shorter than any append's timeout."""
_PAUSE: Final = 0.0005  # seconds
_LONG_WAL: Final = 1000
"""Pages in the WAL from which on it is copied back into the database."""

_PRAGMAS: Final[tuple[tuple[str, str | int, str | int], ...]] = (
    # name, what is set, what must be read back
    ("journal_mode", "wal", "wal"),
    ("synchronous", "FULL", 2),
    ("fullfsync", 1, 1),
    ("foreign_keys", 1, 1),
    ("recursive_triggers", 1, 1),  # else INSERT OR REPLACE passes by the DELETE triggers
    ("trusted_schema", 0, 0),
    ("cell_size_check", 1, 1),
    ("mmap_size", 0, 0),
    ("secure_delete", 1, 1),  # what is forgotten or purged is overwritten, not merely let go
)

_TRANSIENT: Final = (apsw.BusyError, apsw.LockedError, apsw.FullError)


def check_version(version: str) -> None:
    """Refuse a SQLite library with the WAL-reset bug.

    Raises:
        StorePoisoned: older than 3.51.3.
    """
    numbers = tuple(int(part) for part in version.split("."))
    if numbers < _OLDEST:
        raise StorePoisoned(f"SQLite: got {version}, expected 3.51.3 or newer (WAL-reset bug)")


def open_writing(path: Path, *, create: bool = False, vfs: str | None = None) -> apsw.Connection:
    """Open a database for durable writing.

    Args:
        path: the file. It must exist, unless ``create``; then it must not.
        create: make the file.
        vfs: name of a registered SQLite file system, None for the machine's own.

    Raises:
        StorePoisoned: a pragma did not take, or the library is too old.
        StoreUnavailable: the file cannot be opened, or exists where it must not.
    """
    check_version(apsw.sqlite_lib_version())
    flags = apsw.SQLITE_OPEN_READWRITE
    if create:
        if path.exists():
            raise StoreUnavailable(f"{path}: exists already")
        flags |= apsw.SQLITE_OPEN_CREATE
    connection = _opened(path, flags, vfs)
    try:
        connection.set_busy_handler(_Patience())
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        for name, value, expected in _PRAGMAS:
            connection.pragma(name, value)
            _check_pragma(path, name, connection.pragma(name), expected)
    except apsw.Error as cause:
        connection.close(True)
        raise unavailable(path, cause) from cause
    except StorePoisoned:
        connection.close(True)
        raise
    return connection


class _Patience:
    """Waits for a lock by asking again and again. SQLite's own waiting grows to 100 ms, and a busy neighbour would then always be first."""

    def __init__(self) -> None:
        self._until = 0.0

    def __call__(self, asked_before: int) -> bool:
        if asked_before == 0:
            self._until = time.monotonic() + BUSY_MS / 1000
        time.sleep(_PAUSE)
        return time.monotonic() < self._until


def _check_pragma(path: Path, name: str, got: object, expected: object) -> None:
    if got != expected:
        raise StorePoisoned(f"{path.name}: pragma {name}: got {got}, expected {expected}")


def open_reading(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Open a database for reading only.

    Raises:
        StoreUnavailable: the file cannot be opened.
    """
    connection = _opened(path, apsw.SQLITE_OPEN_READONLY, vfs)
    connection.set_busy_handler(_Patience())
    return connection


def _opened(path: Path, flags: int, vfs: str | None) -> apsw.Connection:
    try:
        return apsw.Connection(str(path), flags=flags, vfs=vfs)
    except apsw.Error as cause:
        raise unavailable(path, cause) from cause


def unavailable(path: Path, cause: apsw.Error) -> StoreUnavailable:
    """The named error for a failure that certainly left nothing behind. SQLite's own text may quote values and is left out."""
    return StoreUnavailable(f"{path.name}: {type(cause).__name__}")


def is_transient(cause: apsw.Error) -> bool:
    """Whether a failed COMMIT certainly did not commit and the file is sound.

    Busy: nothing was begun. Full: a frame could not be written, and SQLite writes the one that commits last. Everything
    else, above all a failed sync, leaves unknown what the disk holds.
    """
    return isinstance(cause, _TRANSIENT)


class FileIdentity:
    """Notices that the files under the path are no longer those that were opened (``rm``, ``mv``, a restored copy)."""

    def __init__(self, path: Path) -> None:
        """Remember inode and device of the database and of its WAL, which both exist once something was read."""
        self._paths = (str(path), f"{path}-wal")
        self._seen = self._now()

    def _now(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_identity(path) for path in self._paths)

    def holds(self) -> bool:
        """Whether both paths still lead to the files that are open."""
        return self._now() == self._seen and None not in self._seen


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 (called for every batch: a Path costs more than the call itself)
    except OSError:
        return None
    return status.st_ino, status.st_dev


def free_bytes(folder: str) -> int:
    """Free space for us on the file system of this folder, in bytes."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


_EMPTYING_S: Final = 15.0
"""Seconds for which neighbours may keep the WAL from being emptied."""


class WalLength:
    """Counts the pages in the WAL, and keeps SQLite from copying them back by itself."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._pages = 0
        connection.set_wal_hook(self._committed)

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def checkpoint_if_long(self, connection: apsw.Connection) -> None:
        """Copy the WAL back when it is long; `apsw.Error` where a write or a sync of it failed."""
        if self._pages >= _LONG_WAL:
            self._pages = 0
            copy_back(connection)


def copy_back(connection: apsw.Connection) -> None:
    """Copy the WAL back as far as its readers allow; `apsw.Error` where a write or a sync of it failed."""
    with contextlib.suppress(apsw.BusyError):  # another process is at it, and does what was to be done
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)


def empty_wal(connection: apsw.Connection) -> None:
    """Copy the WAL back whole and empty it, so that nothing of what was deleted is left in it.

    Raises:
        apsw.Error: it failed; `apsw.BusyError` where others kept it from being emptied for seconds.
    """
    until = time.monotonic() + _EMPTYING_S
    while True:
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:  # another process is copying back just now, which SQLite does not wait for
            if time.monotonic() >= until:
                raise
            time.sleep(0.005)
        else:
            return
