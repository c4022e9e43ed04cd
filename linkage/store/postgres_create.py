"""The two databases of a log, laid out together by the role that owns them; what is there already is never touched."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from linkage.errors import LogCorrupt, Problem, SettingsInvalid
from linkage.store.conninfo import place_of, role_of
from linkage.store.contract import StoreUnavailable
from linkage.store.postgres_keys import create_postgres_keys
from linkage.store.postgres_open import connect, told
from linkage.store.postgres_schema import create_postgres_log
from linkage.tlog.log_keys import LogSigner


def create_missing(
    log: str, data_keys: str, signer: LogSigner, *, log_role: str, keys_role: str, log_uuid: bytes | None = None
) -> tuple[bool, bool]:
    """Lay out what is not there yet; whether the log was, and the data keys were, made just now.

    Keys come first, so that a making that was cut off can be told from a lost log.

    Args:
        log: libpq connection string of the log's database, as its owner.
        data_keys: that of the data keys' database, as its owner.
        signer: the log's key.
        log_role: the role that gateways use the log as.
        keys_role: the role that they use the data keys as.
        log_uuid: the log's own id, where it is to be that of another; None for a random one.

    Raises:
        LogCorrupt: one of the two is missing though the other was in use; an operator has to put it back.
        SettingsInvalid: the owner's role may not do so.
        StoreUnavailable: a database cannot be reached, or not be laid out.
    """
    has_log, has_keys = _holds(log, "linkage_log"), _holds(data_keys, "linkage_keys")
    if has_log and not has_keys and _is_used(log, "SELECT 1 FROM linkage_log.leaf LIMIT 1"):
        raise LogCorrupt("data keys: missing, but the log has entries; put them back, or what it sealed can never be read again")
    if has_keys and not has_log and _is_used(data_keys, "SELECT 1 FROM linkage_keys.data_key LIMIT 1"):
        raise LogCorrupt("log: missing, but keys for it were made; put it back: a log never begins anew under the same name")
    if not has_keys:
        with _owning(data_keys):
            create_postgres_keys(data_keys, keys_role)
    if not has_log:
        with _owning(log):
            create_postgres_log(log, signer, gateway_role=log_role, log_uuid=log_uuid)
    return not has_log, not has_keys


@contextmanager
def _owning(conninfo: str) -> Iterator[None]:
    """Name the role that lacks a right: it does not get one by waiting."""
    try:
        yield
    except StoreUnavailable as failure:
        if not isinstance(failure.__cause__, psycopg.errors.InsufficientPrivilege):
            raise
        expected = "a role that owns the database, and that may create roles (CREATEROLE)"
        got = f"role {role_of(conninfo)}, which lacks a right"
        raise SettingsInvalid((Problem(place_of(conninfo), "--owner", got, expected),)) from failure


def _holds(conninfo: str, schema: str) -> bool:
    return _is_used(conninfo, "SELECT 1 FROM pg_namespace WHERE nspname = %s", schema)


def _is_used(conninfo: str, query: str, *wanted: str) -> bool:
    with _owning(conninfo), connect(conninfo) as connection:
        try:
            return connection.execute(query, wanted).fetchone() is not None
        except psycopg.Error as cause:
            raise StoreUnavailable(told("database cannot be used", cause)) from cause
