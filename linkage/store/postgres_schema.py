"""The log's tables in PostgreSQL: entries, nodes and checkpoints are only ever added to; one head row says where the log ends.

Three roles. The owner lays out and serves no request. The gateway's role reads and adds, moves the head, and takes claims. A third,
which nobody can log in as, owns the one function that removes claims whose time is over, and may do nothing else.

The triggers refuse a slip of any of these hands, the owner's too. They are no proof against somebody who owns the database: what is
evidence are the signed checkpoints that left the process.
"""

import os
from typing import Any, Final

import psycopg
from psycopg import sql

from linkage.errors import LogCorrupt
from linkage.store.contract import Head, NotLaidOut, StoreUnavailable
from linkage.store.log_time import REFUSED_MS
from linkage.store.postgres_open import Connection, connect, told
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.tree import EMPTY_ROOT

SCHEMA_VERSION = 1

_TABLES: Final = """
CREATE SCHEMA linkage_log;
CREATE TABLE linkage_log.head (
  id int PRIMARY KEY CHECK (id = 1),
  schema int NOT NULL,
  origin text NOT NULL,
  log_uuid bytea NOT NULL CHECK (octet_length(log_uuid) = 16),
  size bigint NOT NULL CHECK (size >= 0),
  frontier bytea NOT NULL CHECK (octet_length(frontier) % 32 = 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  last_ms bigint NOT NULL,
  note text NOT NULL
) WITH (fillfactor = 10);  -- its versions stay on one page, and are cleared away in passing
CREATE TABLE linkage_log.leaf (
  idx bigint PRIMARY KEY CHECK (idx >= 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  data bytea NOT NULL CHECK (octet_length(data) <= 65535),
  eid bytea NOT NULL CHECK (octet_length(eid) = 16),
  kind text NOT NULL,
  ref bytea CHECK (octet_length(ref) = 16),
  ms bigint NOT NULL
);
CREATE UNIQUE INDEX leaf_eid ON linkage_log.leaf (eid);
CREATE UNIQUE INDEX leaf_ref ON linkage_log.leaf (ref) WHERE kind IN ('outcome', 'recovered');
CREATE TABLE linkage_log.node (
  level int NOT NULL CHECK (level >= 1),
  idx bigint NOT NULL CHECK (idx >= 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (level, idx)
);
CREATE TABLE linkage_log.checkpoint (
  size bigint PRIMARY KEY CHECK (size >= 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  note text NOT NULL,
  ms bigint NOT NULL
);
-- What follows is derived from the entries, or serves the claims: it changes and is purged.
CREATE SCHEMA linkage_claims;
CREATE TABLE linkage_claims.open_intent (eid bytea PRIMARY KEY, idx bigint NOT NULL, ms bigint NOT NULL);
CREATE INDEX open_intent_idx ON linkage_claims.open_intent (idx);
CREATE TABLE linkage_claims.visit_end (visit bytea PRIMARY KEY, until_ms bigint NOT NULL);
CREATE INDEX visit_end_until ON linkage_claims.visit_end (until_ms);
CREATE TABLE linkage_claims.attempt (
  key bytea NOT NULL,
  ms bigint NOT NULL,
  eid bytea NOT NULL,
  until_ms bigint NOT NULL,
  PRIMARY KEY (key, ms, eid)
);
CREATE INDEX attempt_eid ON linkage_claims.attempt (eid);
CREATE INDEX attempt_until ON linkage_claims.attempt (until_ms);
CREATE TABLE linkage_claims.request (
  key bytea PRIMARY KEY,
  digest bytea NOT NULL,
  eid bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'concluded', 'retryable')),
  reply bytea,
  until_ms bigint NOT NULL
);
CREATE INDEX request_eid ON linkage_claims.request (eid);
CREATE INDEX request_until ON linkage_claims.request (until_ms);
CREATE TABLE linkage_claims.quota (
  key bytea NOT NULL,
  day bigint NOT NULL,
  spent bigint NOT NULL CHECK (spent >= 0),
  PRIMARY KEY (key, day)
) WITH (fillfactor = 70);
CREATE INDEX quota_day ON linkage_claims.quota (day);
-- What an intent that is still open took, so that it can be given back.
CREATE TABLE linkage_claims.quota_taken (eid bytea NOT NULL, key bytea NOT NULL, day bigint NOT NULL, PRIMARY KEY (eid, key));
CREATE INDEX quota_taken_day ON linkage_claims.quota_taken (day);
"""

_GUARDS: Final = """
CREATE FUNCTION linkage_log.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE FUNCTION linkage_log.refuse_shrinking() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.size <= OLD.size OR NEW.last_ms < OLD.last_ms OR NEW.origin <> OLD.origin OR NEW.log_uuid <> OLD.log_uuid
     OR NEW.schema < OLD.schema THEN
    RAISE EXCEPTION 'the head only grows' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER head_stays BEFORE DELETE OR TRUNCATE ON linkage_log.head EXECUTE FUNCTION linkage_log.refuse();
CREATE TRIGGER head_grows BEFORE UPDATE ON linkage_log.head FOR EACH ROW EXECUTE FUNCTION linkage_log.refuse_shrinking();
ALTER TABLE linkage_log.head ENABLE ALWAYS TRIGGER head_stays, ENABLE ALWAYS TRIGGER head_grows;
CREATE TRIGGER leaf_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON linkage_log.leaf EXECUTE FUNCTION linkage_log.refuse();
ALTER TABLE linkage_log.leaf ENABLE ALWAYS TRIGGER leaf_stays;
CREATE TRIGGER node_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON linkage_log.node EXECUTE FUNCTION linkage_log.refuse();
ALTER TABLE linkage_log.node ENABLE ALWAYS TRIGGER node_stays;
CREATE TRIGGER checkpoint_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON linkage_log.checkpoint EXECUTE FUNCTION linkage_log.refuse();
ALTER TABLE linkage_log.checkpoint ENABLE ALWAYS TRIGGER checkpoint_stays;
"""

_PRUNE: Final = """
CREATE FUNCTION linkage_claims.prune(now_ms bigint, at_most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- over by the server's own clock as well: no caller can let go of what still counts
  over bigint := least(now_ms, (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
  -- a clock set back within what the log accepts makes a visit's token valid again, and a quota's day today
  long_over bigint := over - {margin};
  day_now bigint := (long_over + 7 * 3600000) / 86400000;  -- in Thailand, UTC+7
  gone bigint;
  total bigint := 0;
BEGIN
  DELETE FROM linkage_claims.request
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM linkage_claims.request WHERE until_ms <= over LIMIT at_most));
  GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;
  DELETE FROM linkage_claims.attempt
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM linkage_claims.attempt WHERE until_ms <= over LIMIT at_most));
  GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;
  DELETE FROM linkage_claims.visit_end
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM linkage_claims.visit_end WHERE until_ms <= long_over LIMIT at_most));
  GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;
  DELETE FROM linkage_claims.quota
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM linkage_claims.quota WHERE day < day_now LIMIT at_most));
  GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;
  DELETE FROM linkage_claims.quota_taken
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM linkage_claims.quota_taken WHERE day < day_now LIMIT at_most));
  GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;
  RETURN total;
END $$;
"""

_RIGHTS: Final = """
GRANT USAGE ON SCHEMA linkage_log, linkage_claims TO {gateway};
GRANT SELECT, INSERT ON linkage_log.leaf, linkage_log.node, linkage_log.checkpoint TO {gateway};
GRANT SELECT, UPDATE (size, frontier, root, last_ms, note) ON linkage_log.head TO {gateway};
GRANT SELECT, INSERT, DELETE ON linkage_claims.open_intent, linkage_claims.attempt, linkage_claims.quota_taken TO {gateway};
GRANT SELECT, INSERT, UPDATE ON linkage_claims.request, linkage_claims.visit_end, linkage_claims.quota TO {gateway};
REVOKE ALL ON FUNCTION linkage_claims.prune FROM PUBLIC;
GRANT EXECUTE ON FUNCTION linkage_claims.prune TO {gateway};
GRANT USAGE ON SCHEMA linkage_claims TO {pruner};
GRANT SELECT, DELETE ON linkage_claims.request, linkage_claims.attempt, linkage_claims.visit_end, linkage_claims.quota,
  linkage_claims.quota_taken TO {pruner};
"""

# A function is handed over by a member of its new owner's role, which may make things in its schema; both for a moment only.
_HAND_OVER: Final = """
GRANT {pruner} TO CURRENT_USER;
GRANT CREATE ON SCHEMA linkage_claims TO {pruner};
ALTER FUNCTION linkage_claims.prune OWNER TO {pruner};
REVOKE CREATE ON SCHEMA linkage_claims FROM {pruner};
REVOKE {pruner} FROM CURRENT_USER;
"""


def pruner_of(gateway_role: str) -> str:
    """The role that may let go of claims whose time is over. Nobody can log in as it."""
    return f"{gateway_role}_pruner"


def create_postgres_log(conninfo: str, signer: LogSigner, *, gateway_role: str, log_uuid: bytes | None = None) -> None:
    """Lay out an empty log whose origin is the signer's name, in one transaction: all of it is there afterwards, or nothing.

    What exists is never touched: a log that has gone missing is for its operator to explain, not to be begun anew.

    Args:
        conninfo: the database, as the role that is to own the log; it must be able to create roles where the pruner's is not there yet.
        signer: the log's key.
        gateway_role: the role that gateways log in as; it must exist, and be another.
        log_uuid: the log's own id, 16 bytes; None for a random one.

    Raises:
        StoreUnavailable: the database has a log already, or it cannot be laid out.
    """
    with connect(conninfo) as connection:
        try:
            with connection.transaction():
                _lay_out(connection, signer, gateway_role, os.urandom(16) if log_uuid is None else log_uuid)
        except psycopg.errors.DuplicateSchema as cause:
            raise StoreUnavailable("the database holds a log, or a part of one: it exists already") from cause
        except psycopg.Error as cause:
            raise StoreUnavailable(told("the log cannot be laid out", cause)) from cause


def _lay_out(connection: Connection, signer: LogSigner, gateway_role: str, log_uuid: bytes) -> None:
    connection.execute(_TABLES)
    connection.execute(_GUARDS)
    connection.execute(sql.SQL(_PRUNE).format(margin=sql.Literal(REFUSED_MS)))
    pruner = pruner_of(gateway_role)
    _find_roles(connection, gateway_role, pruner)
    names = {"gateway": sql.Identifier(gateway_role), "pruner": sql.Identifier(pruner)}
    for statements in (_RIGHTS, _HAND_OVER):
        connection.execute(sql.SQL(statements).format(**names))
    note = sign_checkpoint(signer, 0, EMPTY_ROOT)
    connection.execute(
        "INSERT INTO linkage_log.head VALUES (1, %s, %s, %s, 0, ''::bytea, %s, 0, %s)",
        (SCHEMA_VERSION, signer.verifier.name, log_uuid, EMPTY_ROOT, note),
    )
    connection.execute("INSERT INTO linkage_log.checkpoint VALUES (0, %s, %s, 0)", (EMPTY_ROOT, note))


def _find_roles(connection: Connection, gateway: str, pruner: str) -> None:
    found: dict[str, bool] = dict(
        connection.execute("SELECT rolname, rolcanlogin OR rolsuper FROM pg_roles WHERE rolname IN (%s, %s)", (gateway, pruner)).fetchall()
    )
    if gateway not in found:
        raise StoreUnavailable("the gateway's role: does not exist: create it first, with LOGIN and nothing more")
    if found.get(pruner, False):
        raise StoreUnavailable("the pruner's role: may log in, or is a superuser: expected NOLOGIN")
    if pruner not in found:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(pruner)))


_HEAD: Final = "SELECT schema, origin, log_uuid, size, frontier, root, last_ms, note FROM linkage_log.head WHERE id = 1"
LOCKED_HEAD: Final = f"{_HEAD} FOR UPDATE"  # the sequencer: one batch at a time, whoever writes it


def head_of(row: tuple[Any, ...] | None) -> Head:
    """The head from its row.

    Raises:
        LogCorrupt: there is none, or it is of another schema version.
    """
    if row is None:
        raise LogCorrupt("head: got none, expected one row")
    schema, origin, log_uuid, size, frontier, root, last_ms, note = row
    if schema > SCHEMA_VERSION:
        raise LogCorrupt(
            f"head: got schema version {schema}, expected {SCHEMA_VERSION}: install the release of linkage that wrote it, or newer"
        )
    if schema != SCHEMA_VERSION:
        raise LogCorrupt(f"head: got schema version {schema}, expected {SCHEMA_VERSION}")
    hashes = tuple(frontier[at : at + 32] for at in range(0, len(frontier), 32))
    return Head(origin, log_uuid, size, hashes, root, last_ms, note)


def read_head(connection: Connection) -> Head:
    """The head as it stands now.

    Raises:
        NotLaidOut: the database holds no log.
        LogCorrupt: it holds one of another schema version.
    """
    try:
        return head_of(connection.execute(_HEAD, binary=True).fetchone())
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as cause:
        raise NotLaidOut("head: got none, expected one row: the database holds no log") from cause
    except psycopg.errors.UndefinedColumn as cause:
        raise LogCorrupt("head: got other columns, expected those of a log") from cause
