"""A log in PostgreSQL is written durably and by a role that cannot change it, or not at all."""

import logging
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from linkage.errors import AuditUnavailable
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.postgres_log import PostgresLog
from linkage.store.postgres_open import BEGIN, LIMITS, ServerState, check_state, connect, state_of
from tests.postgres import GATEWAY, Database, Server
from tests.small_log import append_one, draft
from tests.store.contract.places import PostgresPlace, assert_holds


def opened(conninfo: str) -> None:
    PostgresPlace(conninfo).open().close()


SAFE = ServerState("180004", "UTF8", "on", "on", "on", "off")


def test_a_server_that_keeps_what_it_acknowledges_is_taken() -> None:
    check_state(SAFE)
    check_state(replace(SAFE, synchronous_commit="remote_apply", server_version_num="130000"))


@pytest.mark.parametrize(
    ("setting", "value", "what_to_do"),
    [
        ("server_version_num", "120022", "upgrade the server"),
        ("server_encoding", "SQL_ASCII", "ENCODING 'UTF8'"),
        ("fsync", "off", "set fsync = on"),
        ("full_page_writes", "off", "set full_page_writes = on"),
        ("synchronous_commit", "off", "expected on or remote_apply"),
        ("synchronous_commit", "local", "expected on or remote_apply"),
        ("synchronous_commit", "remote_write", "expected on or remote_apply"),
        ("data_sync_retry", "on", "set it to off"),
    ],
)
def test_a_server_that_may_lose_entries_is_refused_with_what_to_change(setting: str, value: str, what_to_do: str) -> None:
    with pytest.raises(StorePoisoned, match=what_to_do):
        check_state(replace(SAFE, **{setting: value}))


def test_a_standby_is_refused_and_nothing_was_written() -> None:
    with pytest.raises(StoreUnavailable, match="connect to the primary"):
        check_state(replace(SAFE, standby="on"))


def test_the_server_is_asked_for_what_this_session_has(database: Database) -> None:
    with connect(make_conninfo(database.gateway, options="-c synchronous_commit=local")) as connection:
        assert state_of(connection) == replace(SAFE, synchronous_commit="local", server_version_num=state_of(connection).server_version_num)


def test_a_database_in_another_encoding_is_refused(postgres: Server) -> None:
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as operator:
        operator.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(StorePoisoned, match="expected UTF8"):
        opened(postgres.database("ascii").gateway)


@contextmanager
def configured(server: Server, setting: str, value: str) -> Iterator[None]:
    """A setting of the whole server, as its operator would change it."""

    def put(statement: str, expected: str) -> None:
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as operator:
            operator.execute(statement)
            operator.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with psycopg.connect(server.conninfo("postgres")) as fresh:
                if fresh.execute("SELECT current_setting(%s)", (setting,)).fetchone() == (expected,):
                    return
        pytest.fail("the server does not read its settings")

    put(f"ALTER SYSTEM SET {setting} = '{value}'", value)
    try:
        yield
    finally:
        put(f"ALTER SYSTEM RESET {setting}", "on")


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_an_unsafe_server_is_refused_at_the_start_and_whenever_a_connection_is_made_anew(
    setting: str, postgres: Server, database: Database, place: PostgresPlace
) -> None:
    log = place.open()
    append_one(log, draft())
    with configured(postgres, setting, "off"):
        with pytest.raises(StorePoisoned, match=f"{setting}: expected on"):
            opened(database.gateway)
        append_one(log, draft())
        with psycopg.connect(database.superuser) as operator:
            operator.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", (GATEWAY,))
        with pytest.raises(StorePoisoned, match=f"{setting}: expected on"):
            log.append([draft()])
    assert setting in log.lost()


def test_a_session_that_does_not_wait_for_its_commits_is_refused(database: Database) -> None:
    with pytest.raises(StorePoisoned, match="synchronous_commit"):
        opened(make_conninfo(database.gateway, options="-c synchronous_commit=off"))


@pytest.mark.parametrize(("session", "transaction"), [("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")])
def test_every_transaction_sets_its_own_limits_and_waits_for_its_commit(session: str, transaction: str, database: Database) -> None:
    with connect(make_conninfo(database.gateway, options=f"-c synchronous_commit={session}")) as connection:
        connection.execute(BEGIN)
        connection.execute(LIMITS)
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "client_min_messages", "synchronous_commit")
        asked = ", ".join(f"current_setting('{name}')" for name in names)
        assert connection.execute(f"SELECT {asked}").fetchone() == ("2s", "3s", "2s", "warning", transaction)
        connection.execute("ROLLBACK")


def test_a_log_of_a_newer_schema_is_refused_with_what_to_install(place: PostgresPlace) -> None:
    place.tamper("UPDATE head SET schema = 2")
    with pytest.raises(StorePoisoned, match="got schema version 2, expected 1: install the release of linkage that wrote it"):
        place.open()


MALFORMED = "host=127.0.0.1 password=gut geheim"


def test_a_connection_string_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        opened(MALFORMED)
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


def test_a_statement_that_fails_costs_neither_the_connection_nor_a_log_line(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), connect(database.gateway) as connection:

        def until_it_fails() -> None:
            with connection.pipeline():
                for _ in range(1000):  # until the server's answer is there, while more is being sent
                    connection.execute("SELECT 1 / 0")
                    time.sleep(0.001)

        with pytest.raises(psycopg.errors.DivisionByZero):
            until_it_fails()
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert [record for record in caplog.records if record.name.startswith("psycopg")] == []


def test_a_server_that_says_nothing_is_not_waited_for(database: Database) -> None:
    with connect(database.gateway, reply_s=0.2) as connection:
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(30)")
        assert connection.closed


def on_insert(database: Database, does: str) -> None:
    """Have something happen whenever an entry is written, as a failing server would; an empty string: nothing any more."""
    with psycopg.connect(database.superuser) as operator:
        operator.execute("DROP TRIGGER IF EXISTS fails ON linkage_log.leaf")
        if does:
            body = f"CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NULL; END $$"
            operator.execute(body)
            operator.execute("CREATE TRIGGER fails AFTER INSERT ON linkage_log.leaf EXECUTE FUNCTION fails()")


def test_a_full_disk_refuses_batches_by_name_until_there_is_room(place: PostgresPlace, database: Database) -> None:
    log = place.open()
    kept = append_one(log, draft())
    on_insert(database, "RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'")
    refused = draft()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="DiskFull 53100"):
            log.append([refused])
    assert "DiskFull" in log.trouble()
    assert log.lost() == ""
    on_insert(database, "")
    later = append_one(log, refused)
    assert log.trouble() == ""
    assert_holds(place, [(kept.eid, 0), (later.eid, 1)])


def test_a_database_that_reports_damage_ends_this_process_writing(place: PostgresPlace, database: Database) -> None:
    log = place.open()
    on_insert(database, "RAISE EXCEPTION 'damaged' USING ERRCODE = 'data_corrupted'")
    with pytest.raises(StorePoisoned, match="DataCorrupted"):
        log.append([draft()])
    assert log.lost()


def test_a_batch_that_hangs_is_given_up_and_so_is_one_that_waits_for_it(place: PostgresPlace, database: Database) -> None:
    hangs, waits = place.open(), place.open()
    on_insert(database, "PERFORM pg_sleep(30)")
    told: list[str] = []

    def append(log: PostgresLog) -> None:
        with pytest.raises(AuditUnavailable) as caught:
            log.append([draft()])
        told.append(str(caught.value))

    began = time.monotonic()
    threads = [threading.Thread(target=append, args=(log,)) for log in (hangs, waits)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(told) == ["append: LockNotAvailable 55P03", "append: QueryCanceled 57014"]
    assert time.monotonic() - began < 15
    on_insert(database, "")
    assert append_one(hangs, draft()).index == 0
    assert append_one(waits, draft()).index == 1
