"""Two gateways of one name never run side by side, whatever becomes of the connection that says so."""

from collections.abc import Iterator

import psycopg
import pytest

from linkage.store.contract import StoreUnavailable
from linkage.store.lock import StoreLocked
from linkage.store.postgres_lock import ReplicaLock
from tests.postgres import Database, Server
from tests.store.black_hole import BlackHole


@pytest.fixture(scope="module")
def database(postgres: Server) -> Database:
    return postgres.fresh_database()


@pytest.fixture
def held(database: Database) -> Iterator[ReplicaLock]:
    with ReplicaLock(database.gateway, "a") as held:
        yield held


def cut_off(database: Database) -> None:
    with psycopg.connect(database.superuser) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


def test_a_name_is_held_once_until_it_is_let_go(held: ReplicaLock, database: Database) -> None:
    with pytest.raises(StoreLocked, match="replica a: another gateway runs under this name, from the same machine"):
        ReplicaLock(database.gateway, "a")
    with ReplicaLock(database.gateway, "b") as other:
        assert (held.look(), other.look()) == ("", "")
    held.release()
    ReplicaLock(database.gateway, "a").release()
    held.release()
    assert held.look() == ""


def test_a_name_whose_connection_was_lost_is_taken_again(held: ReplicaLock, database: Database) -> None:
    cut_off(database)
    assert "the database does not answer" in held.look()
    assert held.look() == ""
    with pytest.raises(StoreLocked):
        ReplicaLock(database.gateway, "a")


def test_who_finds_its_name_taken_meanwhile_must_end(held: ReplicaLock, database: Database) -> None:
    cut_off(database)
    with ReplicaLock(database.gateway, "a"):
        assert "the database does not answer" in held.look()
        for _ in range(2):
            with pytest.raises(StoreLocked, match="another gateway runs under this name"):
                held.look()


def test_a_gateway_that_was_cut_off_without_a_word_takes_its_name_from_its_own_lost_connection(
    postgres: Server, database: Database
) -> None:
    with BlackHole(postgres.port) as way, ReplicaLock(database.through(way.port).gateway, "c", reply_s=0.3) as held:
        way.swallow()
        assert "the database does not answer" in held.look()
        way.let_through()
        assert held.look() == ""
        with pytest.raises(StoreLocked):
            ReplicaLock(database.gateway, "c")


def test_the_database_beside_it_is_asked_after_as_well(postgres: Server, database: Database) -> None:
    beside = postgres.fresh_database()
    with ReplicaLock(database.gateway, "d", beside=beside.gateway) as held:
        assert held.look() == ""
        postgres.drop(beside)
        assert held.look().startswith("data keys: the database does not answer")
        assert held.look().startswith("data keys: database cannot be reached")


def test_a_name_cannot_be_taken_where_there_is_no_database(postgres: Server) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        ReplicaLock(postgres.database("nowhere").gateway, "a")
