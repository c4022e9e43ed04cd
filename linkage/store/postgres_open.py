"""Connects to PostgreSQL so that a commit is durable and nothing is waited for without end, or not at all.

What a server promises can be changed while we run, and behind one name another server may come to stand: every new connection is
checked again. Errors are told by their type and SQLSTATE alone, once there is a connection: the server's own text may quote rows.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import Diagnostic

from linkage.store.conninfo import address_of
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.postgres_pipeline import Pipeline

_T = TypeVar("_T")

logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # what it tells beside an exception may quote rows, and is in the exception

OLDEST: Final = 130000
"""The oldest server taken, as PostgreSQL numbers them."""
_CONNECT_S: Final = 3
_REPLY_S: Final = 6.0
"""Seconds for one round trip. Longer than any statement may take there, so that it ends only a connection on which nothing comes back."""

_SECRET: Final = ("password", "sslpassword")
_LONGEST: Final = 500
"""Characters of libpq's reason: a name that leads to many addresses gives one for each."""
_PARAMETERS: Final[dict[str, str | int]] = {
    "connect_timeout": _CONNECT_S,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,  # ms
    "client_encoding": "UTF8",
    "application_name": "linkage",
}

BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
LIMITS: Final = (
    # a frozen holder of a lock is ended by the server itself, before those who wait for it give up twice
    "SELECT set_config('lock_timeout', '2s', true), set_config('statement_timeout', '3s', true),"
    " set_config('idle_in_transaction_session_timeout', '2s', true), set_config('client_min_messages', 'warning', true),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"
)
"""What a writing transaction sets for itself alone, so that it may share its connection with others in a pooler."""
NOW: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
"""Asks for the server's own time, Unix ms."""


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which every round trip ends, and which remembers whether the server warned of something."""

    reply_s: float = _REPLY_S
    warned: bool = False

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        """Wait for the server, at most ``reply_s`` seconds; then the connection is of no use any more."""
        try:
            return super().wait(gen, interval, self.reply_s if timeout is None else timeout)
        except psycopg.OperationalError as cause:
            if is_lost(cause):
                self.close()
            raise

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """Several statements in one round trip; the server's idle timeouts run behind them."""
        if self._pipeline is None:
            self._pipeline = Pipeline(self)
        with super().pipeline() as pipeline:
            yield pipeline

    def heed(self, notice: Diagnostic) -> None:
        """Remember a warning."""
        if (notice.severity_nonlocalized or notice.severity) == "WARNING":
            self.warned = True


Cursor = psycopg.Cursor[tuple[Any, ...]]


def server_ms(asked: Cursor) -> int:
    """What the server answered to `NOW`."""
    row = asked.fetchone()
    if row is None:
        raise StoreUnavailable("database: does not say what time it is")
    return int(row[0])


def columns(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    """Rows, of which there is at least one, as the arrays that ``unnest`` makes rows of again."""
    return tuple(list(column) for column in zip(*rows, strict=True))


def told(what: str, cause: psycopg.Error) -> str:
    """A failure in a few words, without the server's own."""
    return f"{what}: {type(cause).__name__} {cause.sqlstate or ''}".rstrip()


def _reason(cause: psycopg.Error, conninfo: str) -> str:
    """Why libpq could not connect, in its own words: no row was asked for yet. Without them where they repeat a secret."""
    words = " ".join(str(cause).split())
    given = conninfo_to_dict(conninfo)
    if any(str(given.get(name) or "") in words for name in _SECRET if given.get(name)):
        return type(cause).__name__
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def is_lost(cause: psycopg.Error) -> bool:
    """Whether the connection is over: nothing came back, or the server said that it ends it."""
    if cause.sqlstate is None:
        return not isinstance(cause, psycopg.errors.PipelineAborted)  # said of what stood behind a statement that failed
    return cause.sqlstate.startswith(("08", "57P"))


def connect(conninfo: str, *, reply_s: float = _REPLY_S) -> Connection:
    """A connection in autocommit: transactions are begun by name.

    Args:
        conninfo: libpq connection string; its own timeouts, encoding and name are replaced.
        reply_s: seconds that one round trip may take.

    Raises:
        StoreUnavailable: no server answers, or it refuses us.
    """
    try:
        where = psycopg.conninfo.make_conninfo(conninfo, **_PARAMETERS)
    except psycopg.ProgrammingError:  # it quotes what it could not read, which may be the password
        raise StoreUnavailable("database: its connection string is not one that libpq reads") from None
    try:
        made = Connection.connect(where, autocommit=True, prepare_threshold=None)  # poolers differ over prepared statements
    except psycopg.Error as cause:
        raise StoreUnavailable(f"database cannot be reached: {address_of(where)}: {_reason(cause, where)}") from cause
    made.reply_s = reply_s
    made.add_notice_handler(made.heed)
    return made


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server says of itself, in its own words: settings as this session has them, and where it stands."""

    server_version_num: str
    server_encoding: str
    fsync: str
    full_page_writes: str
    synchronous_commit: str
    data_sync_retry: str
    standby: str = "off"


_SETTINGS: Final = tuple(field.name for field in fields(ServerState) if field.name != "standby")


def check_server(connection: psycopg.Connection[Any]) -> None:
    """Refuse a server that may lose what it has acknowledged, and one that nothing can be written to. Raises as `check_state`."""
    check_state(state_of(connection))


def state_of(connection: psycopg.Connection[Any]) -> ServerState:
    """Ask the server what it promises."""
    asked = ", ".join(f"current_setting('{name}')" for name in _SETTINGS)
    row = connection.execute(f"SELECT {asked}, CASE WHEN pg_is_in_recovery() THEN 'on' ELSE 'off' END").fetchone()
    if row is None:
        raise StoreUnavailable("database: says nothing of its settings")
    return ServerState(*row)


def check_state(state: ServerState) -> None:
    """Refuse a server that may lose what it has acknowledged.

    Raises:
        StorePoisoned: the server has to be changed first; the message says what.
        StoreUnavailable: a standby: nothing can be written there, nothing was.
    """
    if int(state.server_version_num) < OLDEST:
        raise StorePoisoned(f"PostgreSQL: got version {state.server_version_num}, expected {OLDEST} or newer: upgrade the server")
    for unsafe, why in _unsafe(state):
        if unsafe:
            raise StorePoisoned(why)
    if state.standby != "off":
        raise StoreUnavailable("database: the server is a standby: connect to the primary, or promote this one")


def _unsafe(state: ServerState) -> tuple[tuple[bool, str], ...]:
    return (
        (state.server_encoding != "UTF8", "database encoding: expected UTF8: create the database anew with ENCODING 'UTF8'"),
        (state.fsync != "on", "fsync: expected on: a crash would lose acknowledged entries; set fsync = on and reload the server"),
        (state.full_page_writes != "on", "full_page_writes: expected on: a crash could tear pages; set full_page_writes = on and reload"),
        (
            state.synchronous_commit not in ("on", "remote_apply"),
            "synchronous_commit: expected on or remote_apply: acknowledged entries could be lost; set it for server, database and role",
        ),
        (state.data_sync_retry != "off", "data_sync_retry: expected off: a failed sync would be forgotten; set it to off and restart"),
    )


class Session:
    """One writing connection that is made when it is needed, checked when it is made, and made again when it was lost."""

    def __init__(self, conninfo: str, check: Callable[[Connection], None], *, reply_s: float = _REPLY_S) -> None:
        """Take where to connect to, and what must hold of every connection besides the server's own promises."""
        self._conninfo = conninfo
        self._check = check
        self._reply_s = reply_s
        self._connection: Connection | None = None

    @property
    def alive(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None and not self._connection.closed

    def connection(self) -> Connection:
        """The connection, made now if there is none.

        Raises:
            StoreUnavailable: no server answers, or it is a standby.
            StorePoisoned: the server, the database or our role is not as it must be.
        """
        if self._connection is not None and not self._connection.closed:
            return self._connection
        made = connect(self._conninfo, reply_s=self._reply_s)
        try:
            check_server(made)
            self._check(made)
        except psycopg.Error as cause:
            made.close()
            raise StoreUnavailable(told("database cannot be used", cause)) from cause
        except BaseException:  # whatever it is: cleaned up after, and raised again
            made.close()
            raise
        self._connection = made
        return made

    def drop(self) -> None:
        """Close the connection; what was not committed on it never will be, unless its commit was sent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rollback(self) -> None:
        """Undo what is under way, or close the connection where even that cannot be said to it."""
        connection = self._connection
        if connection is None or connection.closed:
            return
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            return
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self.drop()
