"""Makes SQLite files whole: what stands under a file's own name is complete and durable, whenever the process that made it ended."""

import os
from collections.abc import Callable
from pathlib import Path

import apsw

from linkage.store.contract import StoreUnavailable
from linkage.store.sqlite_open import open_writing, unavailable

_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""


def create_whole(path: Path, lay_out: Callable[[apsw.Connection], object]) -> None:
    """Make a database under another name, and give it its own once it is complete. What an ended attempt has left is removed.

    For one process at a time: a gateway holds the log's lock.

    Raises:
        StoreUnavailable: the file exists, a part of an earlier one does, or it cannot be made.
        StorePoisoned: it cannot be made durable here.
    """
    # SQLite would read an earlier file's WAL into the new one.
    for left in (path, *_beside(path)):
        if left.exists():
            raise StoreUnavailable(f"{left}: exists already")
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        _remove(unfinished)
        _lay_out(unfinished, lay_out)
        for part in _beside(unfinished):
            part.unlink(missing_ok=True)  # the WAL is empty: it was copied back
        unfinished.rename(path)
        sync_folder(path.parent)
    except OSError as cause:
        raise StoreUnavailable(f"{path.name}: {cause.strerror}") from cause


def _lay_out(path: Path, lay_out: Callable[[apsw.Connection], object]) -> None:
    connection = open_writing(path, create=True)
    try:
        path.chmod(0o600)  # SQLite gives what it keeps beside a database the same mode
        lay_out(connection)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.Error as cause:
        raise unavailable(path, cause) from cause
    finally:
        connection.close(True)


def put_away(path: Path, away: Path) -> None:
    """Give a database another name, with everything in it: what SQLite keeps beside it is copied back first. Nobody else uses it.

    Raises:
        StoreUnavailable: it cannot be done; the database is as it was.
        StorePoisoned: the file cannot be written durably here.
    """
    connection = open_writing(path)
    try:
        left, copied = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.Error as cause:
        raise unavailable(path, cause) from cause
    finally:
        connection.close(True)
    if left != copied:
        raise StoreUnavailable(f"{path.name}: in use")
    try:
        for part in _beside(path):
            part.unlink(missing_ok=True)  # empty by now
        path.rename(away)
        sync_folder(path.parent)
    except OSError as cause:
        raise StoreUnavailable(f"{path.name}: {cause.strerror}") from cause


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in _BESIDE]


def _remove(path: Path) -> None:
    for part in (path, *_beside(path)):
        part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
