"""`linkage audit create` and `migrate`: databases are laid out once, and a log keeps every index, byte and proof on its way into them."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from linkage.client.receipts import check_receipt
from linkage.errors import LogCorrupt, SettingsInvalid
from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.store.backend import KeyRow
from linkage.store.lock import StoreLock
from linkage.store.migrated import MIGRATED
from linkage.store.postgres_schema import create_postgres_log
from linkage.store.sqlite_create import put_away
from linkage.v1 import receipt_pb2
from tests.cli.conftest import Linkage
from tests.cli.migrating import filled, new_settings, signer_of, words
from tests.journeys.place import Place
from tests.journeys.replicas import secret
from tests.journeys.world import running
from tests.postgres import GATEWAY, Database
from tests.small_log import ORIGIN, draft

ROOT = Path(__file__).parents[2]


def test_the_databases_are_laid_out_once_and_then_left_as_they_are(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    new = new_settings(place, *databases)
    again = "audit", "create", "--config", new, "--owner", place.folder / "owner.pg", "--json"
    first, second = linkage(*again), linkage(*again)

    assert (0, 0) == (first.code, second.code)
    made = [[ended.page[what]["made"] for what in ("log", "data_keys")] for ended in (first, second)]
    assert [[True, True], [False, False]] == made
    assert "was there already and is left as it is" in linkage(*again[:-1]).said

    secret(place.folder / "owner.pg", "user=linkage_gateway")
    assert "another role: a gateway must not own its log" in linkage(*again[:-1]).said
    (place.folder / "owner.pg").chmod(0o644)
    assert "permissions 644" in linkage(*again[:-1]).said
    assert "a log in a file is made by the gateway's first start" in linkage(*again[:3], place.settings_file, *again[4:-1]).said


def test_a_lost_database_is_never_laid_out_anew_beside_the_other(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    new = new_settings(place, *databases)
    create = "audit", "create", "--config", new, "--owner", place.folder / "owner.pg"
    assert 0 == linkage(*create).code
    storage = storage_of(load(new))
    keys = storage.open_keys()
    keys.put([KeyRow(bytes(16), bytes(60), "k1", None, None, 0)])
    keys.close()
    with pytest.raises(LogCorrupt, match="empty, but keys for it were made"):
        storage.make_missing(signer_of(place))
    log = storage.open_log(signer_of(place), place.clock, ORIGIN)
    log.append([draft()])
    log.close()
    with psycopg.connect(databases[1].owner) as connection:
        connection.execute("DROP SCHEMA linkage_keys CASCADE")
    ended = linkage(*create)
    assert 1 == ended.code
    assert "data keys: missing, but the log has entries" in ended.said
    with psycopg.connect(databases[0].superuser) as connection:
        connection.execute("DROP SCHEMA linkage_log, linkage_claims CASCADE")
    assert 0 == linkage(*create).code, "neither was ever used, as far as can be told"
    keys = storage.open_keys()
    keys.put([KeyRow(bytes(16), bytes(60), "k1", None, None, 0)])
    keys.close()
    with psycopg.connect(databases[0].superuser) as connection:
        connection.execute("DROP SCHEMA linkage_log, linkage_claims CASCADE")
    assert "log: missing, but keys for it were made" in linkage(*create).said


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("log.pg", "host=127.0.0.1 user=linkage_gateway", "no dbname"),
        ("log.pg", "host=127.0.0.1 hush-hush", "something else"),
        ("keys.pg", None, "No such file"),
    ],
)
def test_a_file_that_says_wrongly_how_a_database_is_reached_is_named_and_not_repeated(
    linkage: Linkage, place: Place, databases: tuple[Database, Database], file: str, text: str | None, expected: str
) -> None:
    new = new_settings(place, *databases)
    (place.folder / file).unlink()
    if text is not None:
        secret(place.folder / file, text)
    ended = linkage("serve", "--check", "--config", new)
    assert 2 == ended.code
    assert expected in ended.said
    assert file in ended.said
    assert "hush-hush" not in ended.said


def test_log_and_data_keys_are_in_two_databases(linkage: Linkage, place: Place, databases: tuple[Database, Database]) -> None:
    ended = linkage("serve", "--check", "--config", new_settings(place, databases[0], databases[0]))
    assert 2 == ended.code
    assert "the log's own database" in ended.said


async def test_a_gateway_goes_on_in_postgres_where_it_stopped_in_its_file(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    new = new_settings(place, *databases)
    async with running(place) as world:
        desk = world.desk()
        reply = await desk.verify()
        await desk.close()
    old_storage = storage_of(load(place.settings_file))
    with old_storage.open_reader() as reader:
        before = reader.consistent(lambda log: (log.head(), list(log.entries(0, 100)), list(log.checkpoints(0, 100))))

    ended = linkage(*words(place, new))

    assert 0 == ended.code, ended.said
    with storage_of(load(new)).open_reader() as reader:
        after = reader.consistent(lambda log: (log.head(), list(log.entries(0, 100)), list(log.checkpoints(0, 100))))
    assert before == after
    assert (before[0].size, before[0].root.hex()) == (ended.page["entries"], ended.page["root"])
    assert sorted(ended.page["put_away"]) == [str(place.folder / f"{name}{MIGRATED}") for name in ("data-keys.db", "log.db")]
    with pytest.raises(SettingsInvalid):
        async with running(place):
            pass
    assert "put away already" in linkage(*words(place, new)[:-1]).said

    new.rename(place.settings_file)
    async with running(place) as world:
        desk = world.desk()
        receipt = (await desk.receipts.GetReceipt(receipt_pb2.GetReceiptRequest(request_id=reply.request_id))).receipts[-1]
        await desk.close()
    assert reply.receipt.leaf == receipt.leaf
    assert check_receipt(receipt.leaf, receipt.tlog_proof.encode(), place.vkey).index == reply.receipt.index


def test_a_log_in_use_is_not_migrated(linkage: Linkage, place: Place, databases: tuple[Database, Database]) -> None:
    filled(place, 1)
    new = new_settings(place, *databases)
    with StoreLock(place.folder / "log.db"):
        ended = linkage(*words(place, new)[:-1])
    assert (3, True) == (ended.code, "held by another gateway" in ended.said)


def test_a_database_that_holds_something_else_is_left_as_it_is(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    filled(place, 1)
    new = new_settings(place, *databases)
    assert 0 == linkage("audit", "create", "--config", new, "--owner", place.folder / "owner.pg").code

    ended = linkage(*words(place, new)[:-1])

    assert (1, True) == (ended.code, "the database holds another log, which is left as it is" in ended.said)
    assert (place.folder / "log.db").exists()
    foreign = storage_of(load(new)).open_keys()
    assert not foreign.holds_any(), "nothing was copied"
    foreign.put([KeyRow(b"f" * 16, bytes(60), "k1", None, None, 0)])
    with psycopg.connect(databases[0].superuser) as connection:
        connection.execute("DROP SCHEMA linkage_log, linkage_claims CASCADE")
    with storage_of(load(place.settings_file)).open_reader() as reader:
        log_uuid = reader.consistent(lambda log: log.head().log_uuid)
    create_postgres_log(databases[0].owner, signer_of(place), gateway_role=GATEWAY, log_uuid=log_uuid)

    ended = linkage(*words(place, new)[:-1])

    assert (1, True) == (ended.code, "holds data keys that the file does not" in ended.said)
    assert foreign.of_pseudonym(bytes(32)) == []
    foreign.close()


def test_a_migration_that_is_killed_is_run_again_and_ends_as_if_it_never_had_been(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    filled(place, 70, size=30)
    new = new_settings(place, *databases)
    command = [sys.executable, "-c", _KILLED, *map(str, words(place, new))]
    for steps in (1, 4):  # laid out; in the midst of the log's entries
        killed = subprocess.run([*command, str(steps)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert -signal.SIGKILL == killed.returncode, killed.stdout + killed.stderr
        assert (place.folder / "log.db").exists()

    put_away(place.folder / "data-keys.db", place.folder / f"data-keys.db{MIGRATED}")  # the first thing that is done at the end

    ended = linkage(*words(place, new))

    assert (0, 2101) == (ended.code, ended.page["entries"]), ended.said
    assert all((place.folder / anchor).exists() for anchor in ("data-keys.db.anchor", "new.anchor"))
    keys = storage_of(load(new)).open_keys()
    assert len(keys.of_pseudonym(bytes(32))) == 20
    keys.close()
    with storage_of(load(new)).open_reader() as reader:
        assert 1 == len(reader.consistent(lambda log: log.open_intents(2**62, 10)))


_KILLED = """
import os, signal, sys
from linkage.cli import audit_migrate
from linkage.cli.main import app
steps = int(sys.argv.pop())
whole = audit_migrate.follow
def follow(work, what, **named):
    if what != "copying":
        return whole(work, what, **named)
    for _ in range(steps):
        next(work)
    os.kill(os.getpid(), signal.SIGKILL)
audit_migrate.follow = follow
app()
"""
