"""Begins and commits, and finds out what became of a commit that was sent and not answered, or answered with a warning.

PostgreSQL warns where it commits without the standby that it should have waited for: a failover could then lose the batch. The same
holds for a connection that ends. So the log is asked: over a new connection, which waits for the head's lock until the old
transaction is over, and whose own commit, if it comes without a warning, is behind the batch's on every disk that counts.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import psycopg

from linkage.errors import LogCorrupt
from linkage.store.contract import Head, StorePoisoned, StoreUnavailable
from linkage.store.head_check import check_head
from linkage.store.postgres_open import BEGIN, LIMITS, Connection, Cursor, Session, is_lost, told
from linkage.store.postgres_schema import LOCKED_HEAD, head_of
from linkage.tlog.log_keys import LogVerifier

_T = TypeVar("_T")

PATIENCE_S: Final = 60.0
"""Seconds for which it is tried to learn what became of a commit: a server restarts within it."""
_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


class CommitUnknownError(Exception):
    """The commit was sent; whether it was done, on every server that counts, is not known."""


def begin(session: Session, ask: Callable[[Connection], _T]) -> tuple[Connection, Cursor, _T]:
    """Begin a transaction that writes: its limits, the head's row locked, and what ``ask`` sends behind that, in one round trip.

    A firewall, or the server's restart, may have ended a connection on which nothing was said for long: then another is made.

    Raises:
        psycopg.Error: not begun.
        StoreUnavailable, StorePoisoned: as `Session.connection`.
    """
    idle = session.alive
    try:
        return _begin(session.connection(), ask)
    except psycopg.OperationalError as cause:
        if not idle or not is_lost(cause):
            raise
        session.drop()
        return _begin(session.connection(), ask)


def _begin(connection: Connection, ask: Callable[[Connection], _T]) -> tuple[Connection, Cursor, _T]:
    with connection.pipeline():
        connection.execute(BEGIN)
        connection.execute(LIMITS)
        locked = connection.execute(LOCKED_HEAD, binary=True)
        asked = ask(connection)
    return connection, locked, asked


def commit(connection: Connection) -> None:
    """Commit. On return what the transaction wrote is durable, on the standbys too that the server waits for.

    Raises:
        CommitUnknownError: anything else came back, or nothing. The connection is of no use any more.
    """
    connection.warned = False
    try:
        cursor = connection.execute("COMMIT")
    except psycopg.Error as cause:
        raise CommitUnknownError(told("commit", cause)) from cause
    if connection.warned or cursor.statusmessage != "COMMIT":
        raise CommitUnknownError("commit: the server warned" if connection.warned else "commit: rolled back")


def stands(session: Session, batch: Mapping[bytes, tuple[int, bytes]], known: Head, key: LogVerifier, patience_s: float) -> bool:
    """Whether a batch whose commit is unknown stands in the log, durably.

    Args:
        session: without a connection; it makes new ones.
        batch: where each of its entries would stand, and its hash, by id.
        known: the newest head this process had checked before.
        key: the log's key.
        patience_s: seconds to try for.

    Raises:
        StorePoisoned: it cannot be learnt in time, or the log is not as it was left.
    """
    until, pause = time.monotonic() + patience_s, _PAUSE_S
    while True:
        try:
            return _judged(_look(session, batch, known, key), batch)
        except (psycopg.Error, CommitUnknownError, StoreUnavailable) as cause:
            session.drop()
            if time.monotonic() + pause > until:
                raise StorePoisoned("commit: it is unknown whether the batch is durable") from cause
        except LogCorrupt as cause:
            session.drop()
            raise StorePoisoned(f"log: {cause}") from cause
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def _look(session: Session, batch: Mapping[bytes, tuple[int, bytes]], known: Head, key: LogVerifier) -> dict[bytes, tuple[int, bytes]]:
    connection, locked, entries = begin(
        session,
        lambda sends: sends.execute(
            "SELECT eid, idx, hash FROM linkage_log.leaf WHERE eid = ANY (%b::bytea[])", (list(batch),), binary=True
        ),
    )
    check_head(head_of(locked.fetchone()), known, key)
    found = {eid: (index, digest) for eid, index, digest in entries}
    commit(connection)
    return found


def _judged(found: dict[bytes, tuple[int, bytes]], batch: Mapping[bytes, tuple[int, bytes]]) -> bool:
    if not found:
        return False
    if found != batch:
        raise LogCorrupt("a batch of which only a part stands in it")
    return True
