"""Where a gateway keeps its log, its data keys and its anchor, as its settings say. Everybody who opens one of them asks here."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from linkage.audit.boot import clock_steps
from linkage.audit.record import Origin
from linkage.clock import Clock
from linkage.settings import Settings
from linkage.store.anchor import anchor_beside
from linkage.store.backend import KeyStore, LogReader, LogStore
from linkage.store.contract import SpaceLimits
from linkage.store.first_start import make_missing
from linkage.store.lock import StoreLock
from linkage.store.log_time import CLOCK_JUMP_S
from linkage.store.sqlite_keys import SqliteKeys
from linkage.store.sqlite_log import SqliteLog
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.log_keys import LogSigner


class Hold(Protocol):
    """What keeps a second gateway away."""

    def look(self) -> str:
        """Why the store cannot be used now, in a few words; empty where nothing is known. May take seconds: not for an event loop.

        Raises:
            StoreLocked: meanwhile another gateway has taken what this one held. This one must end.
        """
        ...

    def release(self) -> None:
        """Let it go; a second call does nothing."""
        ...


class Lock(Hold, Protocol):
    """A hold that workers take part in."""

    @property
    def descriptor(self) -> int:
        """What a worker is to inherit, so that no other gateway of this name begins here before its end."""
        ...


class Storage(Protocol):
    """The places of one gateway's log. Nothing is opened before it is asked for."""

    @property
    def anchor(self) -> Path:
        """The file that keeps the newest checkpoint this gateway saw; local to it, apart from the log."""
        ...

    @property
    def shared(self) -> bool:
        """Whether gateways of other names may be using the same log now."""
        ...

    def lock(self, patience: float = 0.0) -> Lock:
        """Keep other gateways away that this one must not run beside. For a whole gateway, not for one worker of it. May wait.

        Args:
            patience: seconds to wait for workers to end whose gateway has ended before them.

        Raises:
            StoreLocked: one is running.
            StoreUnavailable: that cannot be told now.
        """
        ...

    def watch(self) -> Hold:
        """For a worker, whose gateway holds the lock: whether the store can be used."""
        ...

    def make_missing(self, signer: LogSigner) -> None:
        """Make what the very first start needs; nothing that was there before is ever made anew. With the lock held.

        Raises:
            LogCorrupt: a part is missing that must have been there; an operator has to put it back.
            StoreUnavailable, StorePoisoned: it cannot be made, or read.
        """
        ...

    def open_reader(self) -> LogReader:
        """The log, for reading. May be opened beside a running gateway; `StoreUnavailable` if it cannot be."""
        ...

    def open_log(self, signer: LogSigner, clock: Clock, origin: Origin, space: SpaceLimits | None = None) -> LogStore:
        """The log, for appending; several processes may.

        Args:
            signer: the log's key.
            clock: for entries' times.
            origin: who writes.
            space: free-space watermarks, where the log has a disk of its own; None for the defaults.

        Raises:
            StoreUnavailable: it is missing, locked, or cannot be reached.
            StorePoisoned: it cannot be written durably, or its head is not sound.
        """
        ...

    def open_keys(self) -> KeyStore:
        """The data keys.

        Raises:
            StoreUnavailable: they are missing, locked, or cannot be reached.
            StorePoisoned: they cannot be written durably.
        """
        ...

    def free_bytes(self) -> int | None:
        """Bytes free where the log is; None where that is another machine's matter."""
        ...


class _Nothing:
    """Holds nothing, and has nothing to say."""

    def look(self) -> str:
        return ""

    def release(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Files:
    """Log and data keys in SQLite files on this machine, for one gateway."""

    log: Path
    data_keys: Path
    anchor: Path
    clock_jump: float = CLOCK_JUMP_S
    shared: bool = False  # its lock keeps every other gateway away

    def lock(self, patience: float = 0.0) -> Lock:
        """See `Storage`."""
        return StoreLock(self.log, patience=patience)

    def watch(self) -> Hold:
        """See `Storage`: a file that cannot be used is found out at the next batch."""
        return _Nothing()

    def make_missing(self, signer: LogSigner) -> None:
        """See `Storage`."""
        make_missing(self.log, self.data_keys, signer, anchor=self.anchor)

    def open_reader(self) -> LogReader:
        """See `Storage`."""
        return SqliteReader(self.log)

    def open_log(self, signer: LogSigner, clock: Clock, origin: Origin, space: SpaceLimits | None = None) -> LogStore:
        """See `Storage`."""
        steps = clock_steps(clock, origin)
        return SqliteLog(self.log, signer=signer, clock=clock, clock_entry=steps, space=space, clock_jump=self.clock_jump)

    def open_keys(self) -> KeyStore:
        """See `Storage`."""
        return SqliteKeys(self.data_keys)

    def free_bytes(self) -> int | None:
        """See `Storage`; 0 where the folder is gone: the log says so itself."""
        try:
            return shutil.disk_usage(self.log.parent).free
        except OSError:
            return 0


def storage_of(settings: Settings) -> Storage:
    """Where the settings say that everything is.

    Raises:
        SettingsInvalid: a file that says how a database is reached is wrong.
    """
    log = settings.log
    if log.path is not None and log.data_keys is not None:
        return Files(log.path, log.data_keys, log.anchor or anchor_beside(log.data_keys), log.clock_jump)
    from linkage.runtime.databases import databases_of  # noqa: PLC0415 (who keeps the log in a file loads no libpq)

    return databases_of(log)
