"""One gateway for one log: a lock on a file beside it, held by the process that starts the workers, and by them.

SQLite itself would let two gateways append in turns; but each would take the other's requests under way for its own orphans. So
workers inherit the lock: where the process that started them was killed, nobody takes their log before the last of them has ended.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

from linkage.errors import LinkageError

_PAUSE_S = 0.05


class StoreLocked(LinkageError):
    """Another gateway holds the log. The message names the file and the process."""


def lock_name(log: Path) -> Path:
    """The file beside a log that its gateway locks."""
    return log.with_name(f"{log.name}.lock")


class StoreLock:
    """The lock on ``<log>.lock``. Released by `release` and by the end of whoever inherited it, however it ends; the file stays."""

    def __init__(self, log: Path, *, patience: float = 0.0) -> None:
        """Take the lock.

        Args:
            log: the log's file.
            patience: seconds to wait for workers to end whose gateway has ended before them.

        Raises:
            StoreLocked: another process, or another object of this one, holds it.
        """
        self.path = lock_name(log)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + patience
        while not self._taken():
            holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip()
            if _runs(holder) or time.monotonic() >= until:
                os.close(self._file)
                raise StoreLocked(f"{self.path}: held by another gateway, process {holder or 'unknown'}")
            time.sleep(_PAUSE_S)
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    @property
    def descriptor(self) -> int:
        """What a worker is to inherit, so that the lock is not free before its end."""
        return self._file

    def look(self) -> str:
        """Nothing to say: the system keeps the lock for as long as the process lives."""
        return ""

    def release(self) -> None:
        """Let it go; a second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _runs(holder: str) -> bool:
    """Whether the process of this number runs; also where nobody can tell."""
    if not holder.isdigit():
        return True
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
