"""One gateway for one log: a lock on a file beside it, held by the process that starts the workers.

SQLite itself would let two gateways append in turns; but each would take the other's requests under way for its own orphans.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from linkage.errors import LinkageError


class StoreLocked(LinkageError):
    """Another gateway holds the log. The message names the file and the process."""


def lock_name(log: Path) -> Path:
    """The file beside a log that its gateway locks."""
    return log.with_name(f"{log.name}.lock")


class StoreLock:
    """The lock on ``<log>.lock``. Released by `release` and by the process's end, however it ends; the file stays."""

    def __init__(self, log: Path) -> None:
        """Take the lock.

        Raises:
            StoreLocked: another process, or another object of this one, holds it.
        """
        self.path = lock_name(log)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip()
            os.close(self._file)
            raise StoreLocked(f"{self.path}: held by another gateway, process {holder or 'unknown'}") from cause
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def look(self) -> str:
        """Nothing to say: the system keeps the lock for as long as the process lives."""
        return ""

    def release(self) -> None:
        """Let it go; a second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
