"""One gateway under one name: an advisory lock in the log's database, held by a connection of its own.

Gateways of different names write one log side by side. Two of one name would take each other's requests under way for their own
orphans. The lock ends with its connection; a connection that is lost without a word is found out by the server within seconds.
"""

import hashlib
import threading
import time
from typing import Final, Self

import psycopg

from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.lock import StoreLock, StoreLocked
from linkage.store.postgres_open import Connection, Session

_REPLY_S: Final = 3.0
_ENDS_WITHIN_S: Final = 2.0
"""Seconds that the server may take to end a connection."""
_SERVER_FINDS_OUT: Final = (
    "SELECT set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '3', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
"""Within 14 seconds of the host of a holder falling silent its name is free. Of no effect, and no error, on unix sockets."""
_HOLDER: Final = """
SELECT held.pid, coalesce(host(who.client_addr), 'the same machine')
FROM pg_locks held LEFT JOIN pg_stat_activity who ON who.pid = held.pid
WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1
  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND held.classid = ((%(key)s::bigint >> 32) & 4294967295)::oid AND held.objid = (%(key)s::bigint & 4294967295)::oid
"""


class ReplicaLock:
    """The lock on a replica's name. Released by `release` and by the process's end, however it ends."""

    def __init__(self, conninfo: str, replica: str, *, beside: str | None = None, reply_s: float = _REPLY_S) -> None:
        """Take the lock.

        Args:
            conninfo: the log's database.
            replica: this gateway's name in the log.
            beside: another database that this gateway needs, which `look` asks after as well; None for none.
            reply_s: seconds after which a server that says nothing counts as lost.

        Raises:
            StoreLocked: another gateway runs under this name.
            StoreUnavailable: the database cannot be reached.
            StorePoisoned: the server is not as it must be.
        """
        self._replica = replica
        self._key = int.from_bytes(hashlib.sha256(f"linkage replica {replica}".encode()).digest()[:8], "big", signed=True)
        self._own_backend = 0
        self._mutex = threading.Lock()  # `look` and `release` come from different threads
        self._released = False
        self._session = Session(conninfo, self._take, reply_s=reply_s)
        self._beside = None if beside is None else Session(beside, lambda _: None, reply_s=reply_s)
        self._session.connection()

    def look(self) -> str:
        """Whether the databases answer, taking the lock anew where its connection was lost; why they cannot be used now, or empty.

        May take seconds: not for an event loop.

        Raises:
            StoreLocked: meanwhile another gateway has taken the name. This one must end.
        """
        with self._mutex:
            if self._released:
                return ""
            why = _asked("log", self._session)
            return why or ("" if self._beside is None else _asked("data keys", self._beside))

    def release(self) -> None:
        """Let it go; a second call does nothing."""
        with self._mutex:
            self._released = True
            self._session.drop()
            if self._beside is not None:
                self._beside.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self, connection: Connection) -> None:
        connection.execute(_SERVER_FINDS_OUT)
        if not self._taken(connection):
            holder, where = connection.execute(_HOLDER, {"key": self._key}).fetchone() or (None, "")
            if holder is None or holder != self._own_backend:
                raise StoreLocked(f"replica {self._replica}: another gateway runs under this name, from {where or 'elsewhere'}")
            # The server has not found out yet that our own last connection is lost.
            connection.execute("SELECT pg_terminate_backend(%s)", (holder,))
            if not self._soon_taken(connection):
                raise StoreUnavailable(f"replica {self._replica}: its lost connection still holds the name")
        self._own_backend = connection.info.backend_pid

    def _soon_taken(self, connection: Connection) -> bool:
        until = time.monotonic() + _ENDS_WITHIN_S
        while not self._taken(connection):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def _taken(self, connection: Connection) -> bool:
        return connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone() == (True,)


class DatabasesWatch:
    """Asks after the log's and the data keys' databases, for a worker: the name is held by the process that started it."""

    def __init__(self, log: str, data_keys: str, *, reply_s: float = _REPLY_S) -> None:
        """Take both connection strings; nothing is connected before the first `look`."""
        self._sessions = {what: Session(at, lambda _: None, reply_s=reply_s) for what, at in (("log", log), ("data keys", data_keys))}
        self._mutex = threading.Lock()
        self._released = False

    def look(self) -> str:
        """Why the databases cannot be used now, or empty. May take seconds: not for an event loop."""
        with self._mutex:
            asked = () if self._released else self._sessions.items()
            return next((why for what, session in asked if (why := _asked(what, session))), "")

    def release(self) -> None:
        """Hang up; a second call does nothing."""
        with self._mutex:
            self._released = True
            for session in self._sessions.values():
                session.drop()


class HeldHere:
    """A replica's name, and this machine's own lock beside its anchor, which workers inherit: the name is free when its session ends."""

    def __init__(self, name: ReplicaLock, here: StoreLock) -> None:
        self._name, self._here = name, here

    @property
    def descriptor(self) -> int:
        """See `StoreLock`."""
        return self._here.descriptor

    def look(self) -> str:
        """See `ReplicaLock`."""
        return self._name.look()

    def release(self) -> None:
        """Let both go; a second call does nothing."""
        self._name.release()
        self._here.release()


def _asked(what: str, session: Session) -> str:
    try:
        session.connection().execute("SELECT 1")
    except psycopg.Error as cause:
        session.drop()
        return f"{what}: the database does not answer ({type(cause).__name__})"
    except (StoreUnavailable, StorePoisoned) as cause:
        return f"{what}: {cause}"
    return ""
