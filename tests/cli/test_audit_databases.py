"""What is said of databases that cannot be used, and of a log's files after its migration."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from linkage.errors import SettingsInvalid
from linkage.store.contract import StoreUnavailable
from linkage.store.migrated import MIGRATED
from linkage.store.postgres_create import create_missing
from linkage.store.postgres_open import connect
from linkage.store.sqlite_log import SqliteLog
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.tree import EMPTY_ROOT
from tests.cli.conftest import Linkage
from tests.cli.migrating import filled, new_settings, signer_of, words
from tests.journeys.place import Place
from tests.journeys.replicas import secret
from tests.postgres import GATEWAY, Database
from tests.small_log import draft


def served(settings: Path) -> tuple[int, str]:
    """How a gateway that does not start ends, and what it says."""
    command = [sys.executable, "-m", "linkage.cli.main", "serve", "--config", str(settings), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return ended.returncode, str(json.loads(ended.stdout))


@pytest.mark.parametrize("back", [(), ("log.db", "data-keys.db")], ids=["put away", "put back"])
def test_a_log_that_was_migrated_is_refused_under_its_old_settings_even_where_its_files_were_put_back(
    linkage: Linkage, place: Place, databases: tuple[Database, Database], back: tuple[str, ...]
) -> None:
    filled(place, 1)
    (place.folder / "log.db.index").touch()
    migrated = linkage(*words(place, new_settings(place, *databases))[:-1])
    assert f"{place.folder / 'data-keys.db'}{MIGRATED} still holds data keys" in migrated.said
    assert f"may be removed: {place.folder / 'log.db.index'}, {place.folder / 'log.db.lock'}" in migrated.said
    assert "Never put the old files back" in migrated.said
    for name in back:
        (place.folder / f"{name}{MIGRATED}").rename(place.folder / name)

    code, said = served(place.settings_file)

    assert 2 == code
    assert all(text in said for text in ("log.db", "a log that was migrated to PostgreSQL", "the settings that name its databases"))
    log = place.folder / ("log.db" if back else f"log.db{MIGRATED}")
    with pytest.raises(SettingsInvalid):
        SqliteLog(log, signer=signer_of(place), clock=place.clock, clock_entry=lambda _: draft())
    (place.folder / "log.vkey").write_text(f"{signer_of(place).verifier.text}\n")
    assert 0 == linkage("audit", "verify", "--log", log, "--vkey", place.folder / "log.vkey").code, "it may still be read"


def test_an_owner_without_rights_is_named_with_what_it_lacks(linkage: Linkage, place: Place, databases: tuple[Database, Database]) -> None:
    new = new_settings(place, *databases)
    with psycopg.connect(databases[0].superuser) as connection:
        connection.execute("CREATE ROLE nobodys_owner LOGIN")
    secret(place.folder / "owner.pg", "user=nobodys_owner")

    ended = linkage("audit", "create", "--config", new, "--owner", place.folder / "owner.pg", "--json")

    assert 2 == ended.code
    (problem,) = ended.page["problems"]
    assert ("--owner", True) == (problem["key"], "role nobodys_owner" in problem["got"])
    assert databases[1].name in problem["file"]
    assert "CREATEROLE" in problem["expected"]


@pytest.mark.parametrize(("file", "key"), [("log.pg", "log.postgres"), ("keys.pg", "log.data_keys_postgres")])
def test_a_database_that_cannot_be_reached_is_named_with_its_setting_and_the_servers_reason(
    place: Place, databases: tuple[Database, Database], file: str, key: str
) -> None:
    new = new_settings(place, *databases)
    create_missing(databases[0].owner, databases[1].owner, signer_of(place), log_role=GATEWAY, keys_role=GATEWAY)
    secret(place.folder / file, "host=127.0.0.1 port=1 dbname=nowhere user=somebody password=hush-hush")

    code, said = served(new)

    assert 3 == code
    assert all(text in said for text in (key, "host=127.0.0.1 port=1 dbname=nowhere user=somebody", "Connection refused"))
    assert "hush-hush" not in said


def test_a_reason_that_repeats_a_password_is_left_out(databases: tuple[Database, Database]) -> None:
    absent = psycopg.conninfo.make_conninfo(databases[0].gateway, dbname="nowhere")
    with pytest.raises(StoreUnavailable, match='database "nowhere" does not exist'):
        connect(absent)
    with pytest.raises(StoreUnavailable) as raised:
        connect(psycopg.conninfo.make_conninfo(absent, password="exist"))
    assert "exist" not in str(raised.value)


def test_databases_that_are_not_laid_out_are_a_usage_error_of_a_verification_and_a_lost_log_is_a_finding(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    new = new_settings(place, *databases)

    ended = linkage("audit", "verify", "--config", new)

    assert 2 == ended.code
    assert "linkage audit create" in ended.said
    (place.folder / "new.anchor").write_text(sign_checkpoint(signer_of(place), 0, EMPTY_ROOT))
    assert 1 == linkage("audit", "verify", "--config", new).code
