"""The log in one SQLite file: opens it, guards it, appends to it.

Plain synchronous code for one thread of each process; several processes may append to one file.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import apsw

from linkage.clock import Clock
from linkage.errors import LogCorrupt, SettingsInvalid
from linkage.store import sqlite_claims
from linkage.store.contract import (
    FINISHING,
    Draft,
    Head,
    NoRoom,
    OpenIntent,
    Result,
    SpaceLimits,
    StorePoisoned,
    StoreUnavailable,
)
from linkage.store.log_time import CLOCK_JUMP_S, LogTime
from linkage.store.migrated import refuse_marked
from linkage.store.moving import refuse_moving
from linkage.store.sqlite_append import Appender
from linkage.store.sqlite_create import create_whole
from linkage.store.sqlite_open import FileIdentity, WalLength, copy_back, free_bytes, open_writing, unavailable
from linkage.store.sqlite_read import SqliteReader
from linkage.store.sqlite_schema import add_newer_tables, lay_out
from linkage.tlog.log_keys import LogSigner

_T = TypeVar("_T")

_GONE = "log file moved or removed"


def create_log(path: Path, signer: LogSigner, *, log_uuid: bytes | None = None) -> None:
    """Make an empty log whose origin is the signer's name.

    An existing file is never touched: a log that has gone missing is for its operator to explain, not to be begun anew. The file
    appears whole: a process that ends in here leaves nothing that the next start would take for a log.

    Raises:
        StoreUnavailable: the file exists, or its WAL without it, or it cannot be made.
        StorePoisoned: it cannot be made durable here.
    """
    own = os.urandom(16) if log_uuid is None else log_uuid
    create_whole(path, lambda connection: lay_out(connection, signer, own))


class SqliteLog:
    """A log file opened for appending."""

    def __init__(
        self,
        path: Path,
        *,
        signer: LogSigner,
        clock: Clock,
        clock_entry: Callable[[int], Draft],
        space: SpaceLimits | None = None,
        clock_jump: float = CLOCK_JUMP_S,
        vfs: str | None = None,
    ) -> None:
        """Open an existing log and check its head.

        Args:
            path: the SQLite file.
            signer: the log's key.
            clock: for entries' times.
            clock_entry: makes the draft that records a step of the wall clock, given in milliseconds.
            space: free-space watermarks; None for the defaults.
            clock_jump: seconds that the wall clock may step ahead while this process runs.
            vfs: name of a registered SQLite file system, None for the machine's own.

        Raises:
            StoreUnavailable: the file is missing or locked, or on its way into a database.
            StorePoisoned: it cannot be written durably here, or its head is not sound.
            SettingsInvalid: it was migrated to PostgreSQL.
        """
        self.path = path
        self._space = space or SpaceLimits()
        self._vfs = vfs
        self._poison = ""
        self._folder = str(path.parent)
        self._free: Callable[[str], int] = free_bytes
        self._connection = open_writing(path, vfs=vfs)
        try:
            refuse_marked(path, self._connection)
            refuse_moving(self._connection)
            self._appender = Appender(self._connection, signer, LogTime(clock, clock_jump), clock_entry)
            self._head = self._appender.head
            add_newer_tables(self._connection)
            self._wal = WalLength(self._connection)
            self._identity = FileIdentity(path)
        except (SettingsInvalid, StoreUnavailable):
            self._connection.close(True)
            raise
        except (LogCorrupt, apsw.Error) as cause:
            self._connection.close(True)
            raise unavailable(path, cause) if isinstance(cause, apsw.Error) else StorePoisoned(f"{path.name}: {cause}") from cause

    @property
    def head(self) -> Head:
        """The newest head this process knows; another process may have moved it on."""
        return self._appender.head

    @property
    def poison(self) -> str:
        """Why nothing is written by this object any more; empty while it can write."""
        return self._poison

    def reader(self) -> SqliteReader:
        """A new read-only connection to the same file."""
        return SqliteReader(self.path, vfs=self._vfs)

    def trouble(self) -> str:
        """Why an intent would be refused now, in a few words; empty if nothing is known. Cheap: for health checks."""
        if lost := self.lost():
            return lost
        if self._free(self._folder) < self._space.refuse_intents_below:
            return "little disk space"
        return self._appender.clock_trouble()

    def lost(self) -> str:
        """Why nothing can be written any more, whatever is waited for; empty if nothing is known. Cheap, and for any thread."""
        if self._poison or self._identity.holds():
            return self._poison
        return _GONE

    def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Write one batch, durable on return; one result for each draft, in order.

        Raises:
            StoreUnavailable: certainly nothing was written; a later batch may succeed.
            StorePoisoned: unknown what was written, or the log is not as it was left; every later batch raises it, too.
        """
        self._check_sound()
        taken = [draft for draft in drafts if self._has_room(draft, self._free(self._folder))] if self._is_tight() else drafts
        written = iter(self._guarded(lambda: self._appender.append(taken)) if taken else ())
        if taken is drafts:
            results = list(written)
        else:
            kept = {id(draft) for draft in taken}
            results = [next(written) if id(draft) in kept else NoRoom(draft.eid) for draft in drafts]
        self._copy_back()
        return results

    def open_intents(self, before_ms: int, at_most: int) -> tuple[OpenIntent, ...]:
        """Intents recorded at or before this time that nothing has closed; `StoreUnavailable` if they cannot be read."""
        with self.reader() as reader:
            return reader.consistent(lambda log: log.open_intents(before_ms, at_most))

    def purge(self, now_ms: int, at_most: int = 1000) -> int:
        """Delete rows of claims whose time is over, up to so many of each kind; gives their number.

        Raises:
            StoreUnavailable: not now.
            StorePoisoned: as `append`.
        """
        self._check_sound()

        def run() -> int:
            gone = 0
            try:
                with self._connection:
                    gone = sqlite_claims.purge(self._connection, now_ms, at_most)
            except (apsw.BusyError, apsw.FullError) as cause:
                raise unavailable(self.path, cause) from cause
            except apsw.Error as cause:
                raise StorePoisoned(f"purge: {type(cause).__name__}") from cause
            return gone

        return self._guarded(run)

    def close(self) -> None:
        """Copy the WAL back and close. Nothing is lost if the copying fails: the next start reads the WAL."""
        if not self._poison:
            self._poison = "closed"
            try:
                copy_back(self._connection)
            except apsw.Error as cause:
                raise unavailable(self.path, cause) from cause
            finally:
                self._connection.close(True)

    def _check_sound(self) -> None:
        if not self._poison and not self._identity.holds():
            self._end(_GONE)
        if self._poison:
            raise StorePoisoned(self._poison)

    def _is_tight(self) -> bool:
        return self._free(self._folder) < self._space.refuse_intents_below

    def _has_room(self, draft: Draft, free: int) -> bool:
        return draft.kind in FINISHING and free >= self._space.refuse_all_below

    def _guarded(self, run: Callable[[], _T]) -> _T:
        try:
            return run()
        except StorePoisoned as cause:
            self._end(str(cause))
            raise

    def _copy_back(self) -> None:
        """Copy a long WAL back. The batch is durable either way; a failed sync here ends the next one."""
        try:
            self._wal.checkpoint_if_long(self._connection)
        except apsw.Error as cause:
            self._end(f"checkpoint: {type(cause).__name__}")

    def _end(self, why: str) -> None:
        self._poison = why
        self._connection.close(True)
