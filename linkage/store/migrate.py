"""Takes a log and its data keys out of their SQLite files into empty PostgreSQL databases: every row as it stands, nothing else.

Each of the two is copied in one transaction, so that whoever is killed in the middle leaves nothing of it; beginning again is always
safe. What is there and is not the same log, or holds a key that the files do not, is never touched.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, LiteralString

import apsw
import psycopg

from linkage.errors import LogCorrupt
from linkage.store.contract import Head, StoreUnavailable
from linkage.store.postgres_open import Connection, connect, told
from linkage.store.postgres_schema import LOCKED_HEAD, head_of, read_head
from linkage.store.sqlite_open import open_reading, unavailable
from linkage.store.sqlite_read import SqliteReader

Copying = Generator[int, None, None]
"""Gives, now and then, how many rows were copied since the last time. Ended before its end it leaves nothing behind."""

_TOLD_EVERY: Final = 2000
_PATIENCE_S: Final = 86_400.0
"""Seconds for one answer: the last one comes when everything is on the server's disk."""

_TABLES: Final[tuple[tuple[LiteralString, LiteralString, LiteralString], ...]] = (
    # table in SQLite, table in PostgreSQL, columns
    ("leaf", "linkage_log.leaf", "idx, hash, data, eid, kind, ref, ms"),
    ("node", "linkage_log.node", "level, idx, hash"),
    ("checkpoint", "linkage_log.checkpoint", "size, root, note, ms"),
    ("open_intent", "linkage_claims.open_intent", "eid, idx, ms"),
    ("visit_end", "linkage_claims.visit_end", "visit, until_ms"),
    ("attempt", "linkage_claims.attempt", "key, ms, eid, until_ms"),
    ("request", "linkage_claims.request", "key, digest, eid, state, reply, until_ms"),
    ("quota", "linkage_claims.quota", "key, day, spent"),
    ("quota_taken", "linkage_claims.quota_taken", "eid, key, day"),
)
_KEY_COLUMNS: Final = "id, wrapped, kek, pseudonym, epoch, made_ms, expires_ms"


def rows_of(log: Path, data_keys: Path) -> int:
    """How many rows there are to copy.

    Raises:
        StoreUnavailable: a file cannot be read.
    """
    with _reading(log) as files:
        found = sum(_count(files, table) for table, *_ in _TABLES)
    with _reading(data_keys) as files:
        return found + _count(files, "data_key")


def expect_same(log: Path, owner: str) -> None:
    """Look whether a log may go into a database, before anything is copied. Arguments and errors as those of `copy_log`."""
    with _writing(owner) as target:
        _expect_room(log, target)


def is_copied(owner: str) -> bool:
    """Whether a log with entries is in the database: an earlier attempt was done, and gateways may have gone on there since.

    Waits some seconds for whoever is just filling it.

    Args:
        owner: libpq connection string of the database, as the role that owns what is laid out there.

    Raises:
        LogCorrupt: it holds something that is no log.
        StoreUnavailable: the database cannot be used now.
    """
    with _writing(owner) as target:
        if target.execute("SELECT to_regclass('linkage_log.head') IS NULL").fetchone() == (True,):
            return False
        target.execute("SET LOCAL lock_timeout = '5s'")
        return head_of(target.execute(LOCKED_HEAD, binary=True).fetchone()).size > 0


def copy_log(log: Path, owner: str) -> Copying:
    """Copy a log into a database where an empty log of the same id is laid out. Where it is there already, nothing is done.

    Args:
        log: the file; nobody writes it meanwhile.
        owner: libpq connection string of the database, as the role that owns what is laid out there.

    Raises:
        LogCorrupt: the database holds another log, or a part of this one, or one that went on in another way.
        StoreUnavailable: the file or the database cannot be used now; nothing was copied.
    """
    with _writing(owner) as target:
        held, head = _expect_room(log, target)
        if held.size or not head.size:
            return
        _be_alone(target)
        with _reading(log) as files:
            for table, into, columns in _TABLES:
                yield from _copy(files, table, target, into, columns)
        _set_head(target, head)


def copy_keys(data_keys: Path, owner: str) -> Copying:
    """Copy data keys into a database where a store for them is laid out. They are there afterwards as they are in the file.

    Args:
        data_keys: the file; nobody writes it meanwhile. Its log is not in its database yet: where it is, keys may have been forgotten,
            and would come back.
        owner: libpq connection string of the database, as the role that owns what is laid out there.

    Raises:
        LogCorrupt: the database holds a key that the file does not: it is another log's, or in use.
        StoreUnavailable: the file or the database cannot be used now; nothing was copied.
    """
    with _writing(owner) as target:
        target.execute("CREATE TEMPORARY TABLE arriving (LIKE linkage_keys.data_key) ON COMMIT DROP")
        with _reading(data_keys) as files:
            columns = _KEY_COLUMNS if _has_column(files, "expires_ms") else _KEY_COLUMNS.removesuffix(", expires_ms")
            yield from _copy(files, "data_key", target, "arriving", columns)
        if _number(target, "SELECT count(*) FROM (SELECT id FROM linkage_keys.data_key EXCEPT SELECT id FROM arriving) foreign_key"):
            raise LogCorrupt("the database holds data keys that the file does not, and is left as it is; migrate into an empty one")
        # Whatever an attempt that was given up has left may since have been wrapped anew.
        target.execute("DELETE FROM linkage_keys.data_key")
        target.execute(f"INSERT INTO linkage_keys.data_key ({_KEY_COLUMNS}) SELECT {_KEY_COLUMNS} FROM arriving")  # noqa: S608 (names of our own)


def settle(owner: str) -> None:
    """Have the server look at what was just copied, so that the first start is as quick as any: many rows that came at once are unknown to it.

    Args:
        owner: libpq connection string of the database, as the role that owns what is laid out there.

    Raises:
        StoreUnavailable: not now; nothing is lost by that, the server does it later by itself.
    """
    with connect(owner, reply_s=_PATIENCE_S) as target:
        try:
            target.execute("VACUUM (ANALYZE, SKIP_LOCKED)")
        except psycopg.Error as cause:
            raise StoreUnavailable(told("the database", cause)) from cause


def _expect_room(log: Path, target: Connection) -> tuple[Head, Head]:
    with SqliteReader(log) as reader:
        head = reader.consistent(lambda old: old.head())
    held = read_head(target)
    if (held.origin, held.log_uuid) != (head.origin, head.log_uuid):
        raise LogCorrupt("the database holds another log, which is left as it is; migrate into an empty one")
    if held.size:
        _expect_continues(target, held, head)
    return held, head


def _expect_continues(target: Connection, held: Head, head: Head) -> None:
    """An earlier attempt was done, and gateways may have gone on since: then the old log's newest checkpoint is in the new one."""
    row = target.execute("SELECT root FROM linkage_log.checkpoint WHERE size = %s", (head.size,)).fetchone()
    if held.size < head.size or row != (head.root,):
        raise LogCorrupt(
            "the database holds this log in another form, and is left as it is; drop both databases, and migrate into new ones"
        )


def _be_alone(target: Connection) -> None:
    """Nobody else appends, or migrates, until this is over; the empty log's own checkpoint gives way to the one that is copied."""
    if target.execute("SELECT size FROM linkage_log.head WHERE id = 1 FOR UPDATE").fetchone() != (0,):
        raise StoreUnavailable("the database: somebody else has just begun to fill it")
    target.execute("ALTER TABLE linkage_log.checkpoint DISABLE TRIGGER checkpoint_stays")
    target.execute("DELETE FROM linkage_log.checkpoint WHERE size = 0")
    target.execute("ALTER TABLE linkage_log.checkpoint ENABLE ALWAYS TRIGGER checkpoint_stays")


def _set_head(target: Connection, head: Head) -> None:
    target.execute(
        "UPDATE linkage_log.head SET size = %s, frontier = %s, root = %s, last_ms = %s, note = %s WHERE id = 1",
        (head.size, b"".join(head.frontier), head.root, head.last_ms, head.note),
    )
    for table in ("leaf", "node", "checkpoint"):
        target.execute(f"ANALYZE linkage_log.{table}")


def _copy(files: apsw.Connection, table: str, target: Connection, into: str, columns: str) -> Copying:
    if not _is_there(files, table):
        return  # a log begun with an earlier version
    waiting = 0
    with target.cursor().copy(f"COPY {into} ({columns}) FROM STDIN") as copy:
        for row in files.execute(f"SELECT {columns} FROM {table}"):  # noqa: S608 (names of our own)
            copy.write_row(row)
            waiting += 1
            if waiting == _TOLD_EVERY:
                yield waiting
                waiting = 0
    yield waiting


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    files = open_reading(path)
    try:
        files.execute("BEGIN")
        yield files
    except apsw.Error as cause:
        raise unavailable(path, cause) from cause
    finally:
        files.close(True)


@contextmanager
def _writing(owner: str) -> Iterator[Connection]:
    """One transaction: all of it is done when the block ends, or nothing."""
    with connect(owner, reply_s=_PATIENCE_S) as target:
        try:
            with target.transaction():
                yield target
        except psycopg.Error as cause:
            raise StoreUnavailable(told("the database", cause)) from cause


def _count(files: apsw.Connection, table: str) -> int:
    if not _is_there(files, table):
        return 0
    found: tuple[int] | Any = files.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 (a name of our own)
    return int(found[0])


def _is_there(files: apsw.Connection, table: str) -> bool:
    return files.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)).fetchone() is not None


def _has_column(files: apsw.Connection, column: str) -> bool:
    return files.execute("SELECT 1 FROM pragma_table_info('data_key') WHERE name = ?", (column,)).fetchone() is not None


def _number(target: Connection, query: LiteralString) -> int:
    row = target.execute(query).fetchone()
    return 0 if row is None else int(row[0])
