"""The log in PostgreSQL, which any number of gateways on any number of machines append to.

Plain synchronous code for one thread of each process. Nothing is ever waited for without end: where the server does not answer, a
batch is refused, and where that leaves a commit unknown, it is looked for before anything else is written.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import psycopg

from linkage.clock import Clock
from linkage.errors import LogCorrupt
from linkage.store.contract import Draft, Head, OpenIntent, Result, SpaceLimits, StorePoisoned, StoreUnavailable
from linkage.store.log_time import APART_S, CLOCK_JUMP_S, LogTime
from linkage.store.postgres_append import Appender
from linkage.store.postgres_commit import PATIENCE_S, begin
from linkage.store.postgres_open import NOW, Connection, Session, server_ms, told
from linkage.store.postgres_read import PostgresReader
from linkage.store.postgres_rights import check_rights
from linkage.tlog.log_keys import LogSigner

_T = TypeVar("_T")
_PRUNE: Final = "SELECT linkage_claims.prune(%b::bigint, %b::int)"


class PostgresLog:
    """A log opened for appending."""

    def __init__(
        self,
        conninfo: str,
        *,
        signer: LogSigner,
        clock: Clock,
        clock_entry: Callable[[int], Draft],
        space: SpaceLimits | None = None,
        clock_jump: float = CLOCK_JUMP_S,
        clock_apart: float = APART_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Connect to an existing log and check the server, our rights, and the log's head.

        Args:
            conninfo: libpq connection string, as the gateway's role.
            signer: the log's key.
            clock: for entries' times.
            clock_entry: makes the draft that records a step of the wall clock, given in milliseconds.
            space: not heeded here: the disk is the server's own, which refuses a batch when it is full.
            clock_jump: seconds that the wall clock may step ahead while this process runs.
            clock_apart: seconds that it may be from the server's own; beyond them nothing is written, and `trouble` says so.
            patience_s: seconds for which it is tried to learn what became of a commit that was not answered.

        Raises:
            StoreUnavailable: the server does not answer, or is a standby.
            StorePoisoned: it cannot be written durably there, by this role; or it is no log, or its head is not sound.
        """
        del space
        self._conninfo = conninfo
        self._poison = ""
        self._trouble = ""
        self._time = LogTime(clock, clock_jump, clock_apart)
        self._session = Session(conninfo, self._check)
        try:
            self._appender = Appender(self._session, signer, self._time, clock_entry, patience_s=patience_s)
        except psycopg.Error as cause:
            self._session.drop()
            raise StoreUnavailable(told("database cannot be used", cause)) from cause
        except LogCorrupt as cause:
            self._session.drop()
            raise StorePoisoned(f"log: {cause}") from cause

    @property
    def head(self) -> Head:
        """The newest head this process knows; another process may have moved it on."""
        return self._appender.head

    @property
    def poison(self) -> str:
        """Why nothing is written by this object any more; empty while it can write."""
        return self._poison

    def reader(self) -> PostgresReader:
        """A new read-only connection to the same log."""
        return PostgresReader(self._conninfo)

    def trouble(self) -> str:
        """Why an intent would be refused now, in a few words; empty if nothing is known. Cheap, and for any thread."""
        return self._poison or self._trouble or self._appender.clock_trouble()

    def lost(self) -> str:
        """Why nothing can be written any more, whatever is waited for; empty if nothing is known. Cheap, and for any thread."""
        return self._poison

    def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Write one batch, durable on return; one result for each draft, in order.

        Raises:
            StoreUnavailable: certainly nothing was written; a later batch may succeed.
            StorePoisoned: unknown what was written, or the log is not as it was left; every later batch raises it, too.
        """
        return self._guarded(lambda: self._appender.append(drafts) if drafts else [])

    def open_intents(self, before_ms: int, at_most: int) -> tuple[OpenIntent, ...]:
        """Intents recorded at or before this time that nothing has closed; `StoreUnavailable` if they cannot be read."""
        with self.reader() as reader:
            return reader.open_intents(before_ms, at_most)

    def purge(self, now_ms: int, at_most: int = 1000) -> int:
        """Delete rows of claims whose time is over, up to so many of each kind; gives their number.

        What is not over by the server's clock either stays. The server's `linkage_claims.prune` does it: our own role could not.

        Raises:
            StoreUnavailable: not now.
            StorePoisoned: as `append`.
        """

        def run() -> int:
            try:
                # Under the head's lock: a batch reads what is pruned.
                connection, _, (pruned, now) = begin(
                    self._session, lambda sends: (sends.execute(_PRUNE, (now_ms, at_most)), sends.execute(NOW))
                )
                self._time.heed(server_ms(now))
                connection.execute("COMMIT")  # whether it is done or not, nothing is lost
            except psycopg.Error as cause:
                self._session.rollback()
                raise StoreUnavailable(told("purge", cause)) from cause
            row = pruned.fetchone()
            return 0 if row is None else int(row[0])

        return self._guarded(run)

    def close(self) -> None:
        """Close the connection."""
        self._poison = self._poison or "closed"
        self._session.drop()

    def _check(self, connection: Connection) -> None:
        """Check a new connection, and note the server's time."""
        check_rights(connection)
        self._time.heed(server_ms(connection.execute(NOW)))

    def _guarded(self, run: Callable[[], _T]) -> _T:
        if self._poison:
            raise StorePoisoned(self._poison)
        try:
            result = run()
        except StorePoisoned as cause:
            self._poison = str(cause)
            self._session.drop()
            raise
        except StoreUnavailable as cause:
            if not self._session.alive or isinstance(cause.__cause__, psycopg.errors.DiskFull):
                self._trouble = str(cause)  # until something is written again: the sweeper tries every few seconds
            raise
        self._trouble = ""
        return result
