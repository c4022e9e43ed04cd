"""The log's tables in SQLite: entries, nodes and checkpoints are only ever added to; one head row says where the log ends.

The schema version in the head is that of these. Tables that serve the claims alone may be newer than the log they stand in: they hold
nothing that a reader of the log needs, and are added to an older log when it is opened for writing.

The triggers stop a slip of our own hand. They are no proof against somebody who owns the file: what is evidence are the signed
checkpoints that left the process.
"""

import apsw

from linkage.errors import LogCorrupt
from linkage.store.contract import Head
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.tree import EMPTY_ROOT

SCHEMA_VERSION = 1

_TABLES = """
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  schema INTEGER NOT NULL,
  origin TEXT NOT NULL,
  log_uuid BLOB NOT NULL CHECK (length(log_uuid) = 16),
  size INTEGER NOT NULL CHECK (size >= 0),
  frontier BLOB NOT NULL CHECK (length(frontier) % 32 = 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  last_ms INTEGER NOT NULL,
  note TEXT NOT NULL
) STRICT;
CREATE TABLE leaf (
  idx INTEGER PRIMARY KEY CHECK (idx >= 0),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  data BLOB NOT NULL CHECK (length(data) <= 65535),
  eid BLOB NOT NULL CHECK (length(eid) = 16),
  kind TEXT NOT NULL,
  ref BLOB CHECK (length(ref) = 16),
  ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX leaf_eid ON leaf (eid);
CREATE UNIQUE INDEX leaf_ref ON leaf (ref) WHERE kind IN ('outcome', 'recovered');
CREATE TABLE node (
  level INTEGER NOT NULL CHECK (level >= 1),
  idx INTEGER NOT NULL CHECK (idx >= 0),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (
  size INTEGER PRIMARY KEY CHECK (size >= 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  note TEXT NOT NULL,
  ms INTEGER NOT NULL
) STRICT;
-- What follows is derived from the entries, or serves the claims: it changes and is purged.
CREATE TABLE open_intent (
  eid BLOB PRIMARY KEY,
  idx INTEGER NOT NULL,
  ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE visit_end (
  visit BLOB PRIMARY KEY,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE attempt (
  key BLOB NOT NULL,
  ms INTEGER NOT NULL,
  eid BLOB NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (key, ms, eid)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_eid ON attempt (eid);
CREATE INDEX attempt_until ON attempt (until_ms);
CREATE TABLE request (
  key BLOB PRIMARY KEY,
  digest BLOB NOT NULL,
  eid BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'concluded', 'retryable')),
  reply BLOB,
  until_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX request_eid ON request (eid);
CREATE INDEX request_until ON request (until_ms);
"""

_ADDED = """
CREATE TABLE IF NOT EXISTS quota (
  key BLOB NOT NULL,
  day INTEGER NOT NULL,
  spent INTEGER NOT NULL CHECK (spent >= 0),
  PRIMARY KEY (key, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS quota_day ON quota (day);
-- What an intent that is still open took, so that it can be given back.
CREATE TABLE IF NOT EXISTS quota_taken (
  eid BLOB NOT NULL,
  key BLOB NOT NULL,
  day INTEGER NOT NULL,
  PRIMARY KEY (eid, key)
) STRICT, WITHOUT ROWID;
"""
"""Tables that logs begun with an earlier version lack."""

_GUARD = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END;
"""

_HEAD_GUARDS = """
CREATE TRIGGER head_no_delete BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'the head is never removed'); END;
CREATE TRIGGER head_grows BEFORE UPDATE ON head
WHEN NEW.size <= OLD.size OR NEW.last_ms < OLD.last_ms OR NEW.origin <> OLD.origin OR NEW.log_uuid <> OLD.log_uuid
BEGIN SELECT RAISE(ABORT, 'the head only grows'); END;
"""


def lay_out(connection: apsw.Connection, signer: LogSigner, log_uuid: bytes) -> None:
    """Make the tables and the head of an empty log with its signed checkpoint of size 0, in one transaction."""
    note = sign_checkpoint(signer, 0, EMPTY_ROOT)
    with connection:
        connection.execute(_TABLES)
        connection.execute(_ADDED)
        for table in ("leaf", "node", "checkpoint"):
            for verb in ("UPDATE", "DELETE"):
                connection.execute(_GUARD.format(table=table, verb=verb))
        connection.execute(_HEAD_GUARDS)
        connection.execute(
            "INSERT INTO head VALUES (1, ?, ?, ?, 0, x'', ?, 0, ?)",
            (SCHEMA_VERSION, signer.verifier.name, log_uuid, EMPTY_ROOT, note),
        )
        connection.execute("INSERT INTO checkpoint VALUES (0, ?, ?, 0)", (EMPTY_ROOT, note))


def add_newer_tables(connection: apsw.Connection) -> None:
    """Add to a log of before what serves the claims of today. Its entries stay as they are; several processes may do so at once."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'quota_taken'").fetchone() is None:
        connection.execute(f"BEGIN IMMEDIATE; {_ADDED} COMMIT")


_HEAD = "SELECT schema, origin, log_uuid, size, frontier, root, last_ms, note FROM head WHERE id = 1"


def _version_alone(connection: apsw.Connection) -> tuple[int] | None:
    """The version of a head that has other columns than ours; None where there is no head."""
    try:
        found = connection.execute("SELECT schema FROM head WHERE id = 1").fetchone()
    except apsw.SQLError:
        return None
    return None if found is None else (int(found[0]),)


def read_head(connection: apsw.Connection) -> Head | None:
    """The head row; None where there is none, or it is of an older schema version, or the database is no log.

    Raises:
        LogCorrupt: it is of a newer version.
    """
    try:
        row = connection.execute(_HEAD).fetchone()
    except apsw.SQLError:  # no such table or column
        row = _version_alone(connection)
    if row is not None and row[0] > SCHEMA_VERSION:
        raise LogCorrupt(
            f"head: got schema version {row[0]}, expected {SCHEMA_VERSION}: install the release of linkage that wrote it, or newer"
        )
    if row is None or row[0] != SCHEMA_VERSION or len(row) == 1:
        return None
    _, origin, log_uuid, size, frontier, root, last_ms, note = row
    hashes = tuple(frontier[at : at + 32] for at in range(0, len(frontier), 32))
    return Head(origin, log_uuid, size, hashes, root, last_ms, note)
