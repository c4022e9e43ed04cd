"""Three roles, each with the rights it needs: the gateway's adds and cannot change, the owner's is no gateway, the pruner's prunes."""

import psycopg
import pytest

from linkage.clock import SystemClock
from linkage.store.contract import Kind, Once, StorePoisoned, StoreUnavailable, VisitEnd
from linkage.store.postgres_schema import create_postgres_log, pruner_of
from tests.postgres import GATEWAY, OWNER, Database, Server
from tests.small_log import SIGNER, append_one, draft, intent
from tests.store.contract.places import GUARDS, PostgresPlace, assert_holds


def opened(conninfo: str) -> None:
    PostgresPlace(conninfo).open().close()


@pytest.mark.parametrize("who", ["owner", "superuser"])
def test_a_gateway_does_not_run_as_the_owner(who: str, database: Database) -> None:
    with pytest.raises(StorePoisoned, match="owns the log"):
        opened(getattr(database, who))


@pytest.mark.parametrize("table", ["leaf", "node", "checkpoint"])
def test_a_gateway_does_not_run_with_more_rights_than_it_needs(table: str, database: Database) -> None:
    for right in ("UPDATE", "DELETE", "TRUNCATE", "UPDATE (hash)" if table == "node" else "UPDATE (ms)"):
        with psycopg.connect(database.owner) as owner:
            owner.execute(f"GRANT {right} ON linkage_log.{table} TO {GATEWAY}")
        with pytest.raises(StorePoisoned, match="may change entries: REVOKE"):
            opened(database.gateway)
        with psycopg.connect(database.owner) as owner:
            owner.execute(f"REVOKE {right} ON linkage_log.{table} FROM {GATEWAY}")
    opened(database.gateway)


@pytest.mark.parametrize("gone", ["DROP TRIGGER {guard} ON linkage_log.{table}", "ALTER TABLE linkage_log.{table} ENABLE TRIGGER {guard}"])
def test_a_gateway_does_not_write_to_a_log_whose_triggers_are_gone_or_can_be_passed_by(gone: str, database: Database) -> None:
    opened(database.gateway)
    with psycopg.connect(database.owner) as owner:
        for guard in reversed(GUARDS):
            owner.execute(gone.format(guard=guard, table=guard.rpartition("_")[0]))
            owner.commit()
            with pytest.raises(StorePoisoned, match=rf"triggers: .*{guard}.* missing or not always enabled"):
                opened(database.gateway)


GATEWAY_MAY_NOT = (
    *(f"UPDATE linkage_log.{table} SET {column} = {column}" for table, column in (("leaf", "ms"), ("node", "hash"), ("checkpoint", "ms"))),
    *(f"{verb} linkage_log.{table}" for verb in ("DELETE FROM", "TRUNCATE") for table in ("head", "leaf", "node", "checkpoint")),
    "UPDATE linkage_log.head SET origin = 'other'",
    "UPDATE linkage_log.head SET log_uuid = log_uuid",
    "UPDATE linkage_log.head SET schema = 2",
    "INSERT INTO linkage_log.head SELECT * FROM linkage_log.head",
    *(f"DELETE FROM linkage_claims.{table}" for table in ("visit_end", "request", "quota")),
    *(f"TRUNCATE linkage_claims.{table}" for table in ("open_intent", "visit_end", "attempt", "request", "quota", "quota_taken")),
    "UPDATE linkage_claims.open_intent SET idx = 0",
    "ALTER TABLE linkage_log.leaf DISABLE TRIGGER USER",
    "DROP SCHEMA linkage_log CASCADE",
    "CREATE TABLE linkage_log.mine (x int)",
    f"SET ROLE {OWNER}",
    f"SET ROLE {pruner_of(GATEWAY)}",
)
OWNER_MAY_NOT = (
    *(f"UPDATE linkage_log.{table} SET {column} = {column}" for table, column in (("leaf", "ms"), ("node", "hash"), ("checkpoint", "ms"))),
    *(f"{verb} linkage_log.{table}" for verb in ("DELETE FROM", "TRUNCATE") for table in ("head", "leaf", "node", "checkpoint")),
    "UPDATE linkage_log.head SET size = size - 1",
    "UPDATE linkage_log.head SET size = size",
    "UPDATE linkage_log.head SET size = size + 1, last_ms = last_ms - 1",
    "UPDATE linkage_log.head SET size = size + 1, origin = 'other'",
    "UPDATE linkage_log.head SET size = size + 1, log_uuid = decode(repeat('00', 16), 'hex')",
    "INSERT INTO linkage_log.leaf SELECT * FROM linkage_log.leaf ON CONFLICT (idx) DO UPDATE SET ms = 0",
)


def test_the_server_refuses_the_gateways_role_whatever_it_does_not_need(place: PostgresPlace, database: Database) -> None:
    place.open().append([draft() for _ in range(4)])
    with psycopg.connect(database.gateway, autocommit=True) as gateway:
        for statement in GATEWAY_MAY_NOT:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                gateway.execute(statement)
    assert_holds(place, [])


@pytest.mark.parametrize("who", ["owner", "superuser, as replication does"])
def test_the_owners_own_hand_cannot_change_what_is_written(who: str, place: PostgresPlace, database: Database) -> None:
    place.open().append([draft() for _ in range(4)])
    with psycopg.connect(database.owner if who == "owner" else database.superuser, autocommit=True) as owner:
        if who != "owner":
            owner.execute("SET session_replication_role = replica")
        for statement in OWNER_MAY_NOT:
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=r"only added to|only grows"):
                owner.execute(statement)
    assert_holds(place, [])


def test_the_pruner_may_only_prune(database: Database) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as operator:
        operator.execute(f"SET ROLE {pruner_of(GATEWAY)}")
        for statement in (
            "SELECT 1 FROM linkage_log.leaf",
            "SELECT 1 FROM linkage_log.head",
            "DELETE FROM linkage_claims.open_intent",
            "UPDATE linkage_claims.quota SET spent = 0",
            "CREATE TABLE linkage_claims.mine (x int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                operator.execute(statement)
        row = operator.execute("SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = %s", (pruner_of(GATEWAY),)).fetchone()
        assert row == (False, False)


def test_what_is_not_over_by_the_servers_clock_is_not_pruned_whatever_a_gateway_says(place: PostgresPlace) -> None:
    log, clock = place.open(), SystemClock()
    append_one(log, intent(Once(b"key", b"digest")))
    append_one(log, draft(Kind.VISIT_END, visit_end=VisitEnd(b"v" * 16, clock.now_ms() + 60_000)))
    assert log.purge(clock.now_ms() + 10**12) == 0


def test_a_log_that_exists_is_never_laid_out_anew(place: PostgresPlace, database: Database) -> None:
    append_one(place.open(), draft())
    with pytest.raises(StoreUnavailable, match="exists already"):
        create_postgres_log(database.owner, SIGNER, gateway_role=GATEWAY)
    assert_holds(place, [])


def test_a_log_is_laid_out_as_a_whole_or_not_at_all(postgres: Server) -> None:
    database = postgres.fresh_database()
    with pytest.raises(StoreUnavailable, match="the gateway's role: does not exist"):
        create_postgres_log(database.owner, SIGNER, gateway_role="nobody_of_this_name")
    with pytest.raises(StorePoisoned, match="holds no log"):
        opened(database.gateway)
    create_postgres_log(database.owner, SIGNER, gateway_role=GATEWAY)
    opened(database.gateway)
    postgres.drop(database)


def test_a_pruner_that_could_log_in_is_refused(postgres: Server) -> None:
    database = postgres.fresh_database()
    with psycopg.connect(database.superuser, autocommit=True) as operator:
        operator.execute("CREATE ROLE other_gateway LOGIN")
        operator.execute(f"CREATE ROLE {pruner_of('other_gateway')} LOGIN")
    with pytest.raises(StoreUnavailable, match="expected NOLOGIN"):
        create_postgres_log(database.owner, SIGNER, gateway_role="other_gateway")
    postgres.drop(database)
