"""The data keys, in both backends: durable before they are used, found by pseudonym, and gone when they are forgotten."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from linkage.store.backend import KeyRow, KeyStore
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.postgres_keys import PostgresKeys, create_postgres_keys
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from tests.postgres import GATEWAY, Database, Server

Opens = Callable[[], KeyStore]


def row(pseudonym: bytes | None = b"p" * 32, *, kek: str = "k1", epoch: str = "e1", expires_ms: int | None = None) -> KeyRow:
    return KeyRow(os.urandom(16), os.urandom(60), kek, pseudonym, epoch if pseudonym else None, 1_767_225_600_000, expires_ms)


def lay_out(database: Database) -> None:
    create_postgres_keys(database.owner, GATEWAY)


@pytest.fixture(params=["sqlite", "postgres"])
def open_keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opens]:
    """Opens the same keys again and again."""
    opened: list[KeyStore] = []

    def keep(keys: KeyStore) -> KeyStore:
        opened.append(keys)
        return keys

    if request.param == "sqlite":
        create_keys(tmp_path / "keys.db")
        yield lambda: keep(SqliteKeys(tmp_path / "keys.db"))
    else:
        server: Server = request.getfixturevalue("postgres")
        database = server.fresh_database(lay_out)
        yield lambda: keep(PostgresKeys(database.gateway))
    for keys in opened:
        keys.close()


@pytest.fixture
def keys(open_keys: Opens) -> KeyStore:
    return open_keys()


def test_rows_are_found_by_id_and_by_pseudonym_also_after_a_restart(open_keys: Opens) -> None:
    one, two, other = row(), row(expires_ms=5), row(b"q" * 32)
    keys = open_keys()
    assert not keys.holds_any()
    keys.put([one, two, other])
    keys.close()
    again = open_keys()
    assert again.holds_any()
    assert (one, two) == (again.get(one.id), again.get(two.id))
    assert sorted([one, two], key=lambda each: each.id) == list(again.of_pseudonym(b"p" * 32))
    assert again.get(os.urandom(16)) is None


def test_a_row_gains_its_pseudonym_once_and_changes_in_nothing_else(keys: KeyStore) -> None:
    unknown = row(None, expires_ms=7)
    keys.put([unknown])
    keys.put([KeyRow(unknown.id, b"another", "k2", b"p" * 32, "e1", 1, 8)])
    keys.put([KeyRow(unknown.id, b"another", "k2", b"q" * 32, "e2", 1, 9)])
    assert keys.get(unknown.id) == replace(unknown, pseudonym=b"p" * 32, epoch="e1")


def test_a_row_that_comes_twice_in_one_batch_is_stored_once_with_its_pseudonym(keys: KeyStore) -> None:
    unknown = row(None)
    keys.put([unknown, replace(unknown, pseudonym=b"p" * 32, epoch="e1"), replace(unknown, pseudonym=b"q" * 32, epoch="e2")])
    assert keys.get(unknown.id) == replace(unknown, pseudonym=b"p" * 32, epoch="e1")


def test_the_sealing_keys_that_wrap_what_is_there_are_named_once_each_and_sorted(keys: KeyStore) -> None:
    assert keys.keks() == ()
    keys.put([row(kek="k2"), row(kek="k10"), row(None, kek="k2")])
    assert keys.keks() == ("k10", "k2")
    keys.rewrap([replace(each, kek="k10") for each in keys.not_under("k10", 9)])
    assert keys.keks() == ("k10",)


def test_the_epochs_that_are_there_are_named_once_each_and_sorted(keys: KeyStore) -> None:
    assert keys.epochs() == ()
    keys.put([row(None), *(row(epoch=epoch) for epoch in ("k1.2026-11", "k1", "k2.2026-01", "k1.2026-11"))])
    assert keys.epochs() == ("k1", "k1.2026-11", "k2.2026-01")


def test_keys_under_another_kek_are_found_a_few_at_a_time_and_wrapped_anew(keys: KeyStore) -> None:
    old = [row(kek=kek) for kek in ("k1", "k1", "k3")]
    keys.put([*old, row(kek="k2")])
    while found := keys.not_under("k2", 2):
        assert len(found) <= 2
        keys.rewrap([replace(each, wrapped=b"anew" + each.id, kek="k2", pseudonym=b"x" * 32) for each in found])
    assert [keys.get(each.id) for each in old] == [replace(each, wrapped=b"anew" + each.id, kek="k2") for each in old]


def test_a_key_that_is_gone_stays_gone_when_it_is_wrapped_anew(keys: KeyStore) -> None:
    gone = row()
    keys.put([gone])
    keys.forget([gone.id])
    keys.rewrap([gone])
    assert keys.get(gone.id) is None


def test_keys_expire_from_their_time_on_and_not_without_one(keys: KeyStore) -> None:
    first, second, never = row(expires_ms=10), row(expires_ms=20), row()
    keys.put([second, never, first])
    assert keys.expired(9, 10) == ()
    assert keys.expired(10, 10) == (first.id,)
    assert keys.expired(99, 10) == (first.id, second.id)
    assert keys.expired(99, 1) == (first.id,)


def test_what_is_forgotten_is_found_no_more_and_the_rest_stays(keys: KeyStore) -> None:
    kept, gone = row(), row()
    keys.put([kept, gone])
    keys.forget([gone.id, os.urandom(16)])
    keys.forget([])
    assert keys.get(gone.id) is None
    assert keys.of_pseudonym(b"p" * 32) == [kept]


def test_what_one_gateway_stores_another_finds_and_forgets(open_keys: Opens) -> None:
    one, other, shared = open_keys(), open_keys(), row()
    one.put([shared])
    assert other.get(shared.id) == shared
    other.forget([shared.id])
    assert one.get(shared.id) is None


def test_a_closed_store_takes_no_key(keys: KeyStore) -> None:
    keys.close()
    assert keys.lost() == "closed"
    with pytest.raises(StorePoisoned, match="closed"):
        keys.put([row()])


def test_keys_are_never_laid_out_twice_nor_taken_from_where_there_are_none(postgres: Server) -> None:
    database = postgres.fresh_database(lay_out)
    with pytest.raises(StoreUnavailable, match="exist already"):
        create_postgres_keys(database.owner, GATEWAY)
    with pytest.raises(StoreUnavailable, match="linkage audit create"):
        PostgresKeys(postgres.fresh_database().gateway)
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        PostgresKeys(postgres.database("nowhere").gateway)


def test_keys_of_a_newer_release_are_refused_and_what_to_do_is_said(postgres: Server) -> None:
    database = postgres.fresh_database(lay_out)
    with psycopg.connect(database.owner) as connection:
        connection.execute("UPDATE linkage_keys.about SET schema = 2")
    with pytest.raises(StorePoisoned, match="got schema version 2, expected 1: install the release"):
        PostgresKeys(database.gateway)


def test_the_gateways_role_cannot_change_the_tables_themselves(postgres: Server) -> None:
    database = postgres.fresh_database(lay_out)
    for statement in ("DROP TABLE linkage_keys.data_key", "TRUNCATE linkage_keys.data_key", "UPDATE linkage_keys.about SET schema = 9"):
        with psycopg.connect(database.gateway) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_a_connection_that_was_cut_off_is_made_anew(postgres: Server) -> None:
    database = postgres.fresh_database(lay_out)
    keys, stored = PostgresKeys(database.gateway), row()
    with psycopg.connect(database.superuser) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'linkage_gateway' AND datname = current_database()"
        )
    keys.put([stored])
    assert keys.get(stored.id) == stored
    keys.close()
