"""What is done beside a migration, and what one leaves that fails or is cut off: nothing acknowledged is lost, nobody forgotten comes back."""

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import apsw
import psycopg
import pytest

from linkage.errors import LogCorrupt
from linkage.runtime.migration import Migration
from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.store.anchor import Anchor
from linkage.store.backend import KeyRow, KeyStore, LogReader, LogStore
from linkage.store.contract import StoreUnavailable
from linkage.store.migrate import copy_keys
from linkage.store.moving import begin_moving, end_moving
from tests.cli.conftest import Linkage
from tests.cli.migrating import filled, new_settings, signer_of, words
from tests.journeys.place import Place
from tests.postgres import Database
from tests.small_log import NO_WATERMARKS, ORIGIN, append_one, draft

_T = TypeVar("_T")
_KEY = bytes([3]) * 16


def through(steps: Generator[object, None, _T]) -> _T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            done: _T = end.value
            return done


def migration(place: Place, new: Path) -> Migration:
    return Migration(load(place.settings_file), load(new), place.folder / "owner.pg")


def opened(place: Place) -> tuple[LogStore, KeyStore]:
    """The old log and its keys, as an audit command beside the migration has them open."""
    storage = storage_of(load(place.settings_file))
    return storage.open_log(signer_of(place), place.clock, ORIGIN, NO_WATERMARKS), storage.open_keys()


def size_of(settings: Path) -> int:
    def size(log: LogReader) -> int:
        return log.head().size

    with storage_of(load(settings)).open_reader() as reader:
        return reader.consistent(size)


def is_laid_out(database: Database, schema: str) -> bool:
    with psycopg.connect(database.superuser) as connection:
        return connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is not None


def test_from_the_copys_beginning_on_the_old_log_and_its_keys_take_nothing_more_also_from_who_has_them_open(
    place: Place, databases: tuple[Database, Database]
) -> None:
    filled(place, 1)
    new = new_settings(place, *databases)
    log, keys = opened(place)
    moving = migration(place, new)
    with moving.holding():
        checked = through(moving.check())
        before = append_one(log, draft())
        copying = moving.copy(checked)
        next(copying)
        storage = storage_of(load(place.settings_file))
        anew = lambda: storage.open_log(signer_of(place), place.clock, ORIGIN), storage.open_keys
        for refused in (lambda: log.append([draft()]), lambda: keys.forget([_KEY]), *anew):
            with pytest.raises(StoreUnavailable, match="on its way into a database"):
                refused()
        assert keys.get(_KEY) is not None
        through(copying)
        moving.finish(through(moving.verify()))
    keys.close()

    assert before.index + 1 == size_of(new), "what was acknowledged before is there"


def test_a_migration_that_fails_before_the_log_is_copied_lets_the_old_one_go_on(place: Place, databases: tuple[Database, Database]) -> None:
    filled(place, 1)
    moving = migration(place, new_settings(place, *databases))
    log, keys = opened(place)
    with pytest.raises(psycopg.OperationalError), moving.holding():  # noqa: PT012 (all of it is what fails)
        copying = moving.copy(through(moving.check()))
        for _ in range(4):
            next(copying)
        raise psycopg.OperationalError
    append_one(log, draft())
    keys.forget([_KEY])
    log.close()
    keys.close()


def test_what_a_migration_that_was_killed_holds_is_let_go_on_demand_unless_the_log_was_copied(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    filled(place, 1)
    new = new_settings(place, *databases)
    begin_moving(place.folder / "log.db", place.folder / "data-keys.db")  # the first thing that is done; then killed
    with pytest.raises(StoreUnavailable, match="with --give-up to use it here"):
        opened(place)

    assert 0 == linkage(*words(place, new), "--give-up").code

    log, keys = opened(place)
    append_one(log, draft())
    log.close()
    keys.close()
    moving = migration(place, new)
    with moving.holding():
        through(moving.copy(through(moving.check())))
    ended = linkage(*words(place, new)[:-1], "--give-up")
    assert (1, True) == (ended.code, "a gateway may have gone on there" in ended.said)
    with pytest.raises(StoreUnavailable, match="on its way into a database"):
        opened(place)


def test_who_was_forgotten_in_the_databases_does_not_come_back_when_the_migration_is_run_again(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    filled(place, 1)
    new = new_settings(place, *databases)
    moving = migration(place, new)
    with moving.holding():
        through(moving.copy(through(moving.check())))  # killed before the files are put away
    storage = storage_of(load(new))
    log, keys = storage.open_log(signer_of(place), place.clock, ORIGIN), storage.open_keys()
    append_one(log, draft())
    Anchor(storage.anchor).offer(log.head.note)
    log.close()
    keys.forget([_KEY])
    keys.put([KeyRow(b"n" * 16, bytes(60), "k1", None, None, 0)])

    assert 0 == linkage(*words(place, new)).code

    assert (None, True) == (keys.get(_KEY), keys.get(b"n" * 16) is not None)
    keys.close()


def test_keys_that_were_wrapped_anew_after_an_attempt_that_was_given_up_are_copied_as_they_are_now(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    filled(place, 1)
    new = new_settings(place, *databases)
    moving = migration(place, new)
    with moving.holding():
        copying = moving.copy(through(moving.check()))
        next(copying)
        copying.close()
        through(copy_keys(place.folder / "data-keys.db", databases[1].owner))
    log, keys = opened(place)
    keys.rewrap([KeyRow(_KEY, bytes(range(60)), "k2", None, None, 0)])
    log.close()
    keys.close()

    assert 0 == linkage(*words(place, new)).code

    copied = storage_of(load(new)).open_keys()
    row = copied.get(_KEY)
    assert row is not None
    assert (bytes(range(60)), "k2") == (row.wrapped, row.kek)
    copied.close()


def test_a_log_that_was_written_to_all_the_same_is_not_put_away(place: Place, databases: tuple[Database, Database]) -> None:
    filled(place, 1)
    moving = migration(place, new_settings(place, *databases))
    with moving.holding():
        through(moving.copy(through(moving.check())))
        report = through(moving.verify())
        end_moving(place.folder / "log.db", place.folder / "data-keys.db")
        log, keys = opened(place)
        append_one(log, draft())
        with pytest.raises(LogCorrupt, match="written to since it was copied"):
            moving.finish(report)
    log.close()
    keys.close()
    assert (place.folder / "log.db").exists()


def test_a_damaged_log_is_named_as_the_old_one_by_index_and_nothing_is_laid_out(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    filled(place, 1)
    connection = apsw.Connection(str(place.folder / "log.db"))
    connection.execute("DROP TRIGGER leaf_no_update; UPDATE leaf SET data = zeroblob(10) WHERE idx = 2")
    connection.close()
    new = new_settings(place, *databases)

    ended, told = linkage(*words(place, new)[:-1]), linkage(*words(place, new))

    assert (1, 1) == (ended.code, told.code)
    assert "leaf 2: its bytes do not have its hash" in ended.said
    assert f"{place.folder / 'log.db'}, the old log, is damaged; nothing was copied" in ended.said
    assert ("leaf", 2) in {(one["what"], one["index"]) for one in told.page["findings"]}
    moving = migration(place, new)
    with moving.holding(), pytest.raises(LogCorrupt, match="does not verify; nothing was copied"):
        moving.copy(through(moving.check()))
    assert [False, False] == [is_laid_out(databases[0], "linkage_log"), is_laid_out(databases[1], "linkage_keys")]
    log, keys = opened(place)
    log.close()
    keys.close()


def test_an_anchor_of_another_log_in_the_new_settings_is_named_before_anything_is_laid_out(
    linkage: Linkage, place: Place, databases: tuple[Database, Database]
) -> None:
    filled(place, 1)
    new = new_settings(place, *databases)
    anchor = place.folder / "new.anchor"
    anchor.write_text("not a checkpoint")

    ended = linkage(*words(place, new)[:-1])

    assert (1, True) == (ended.code, f"{anchor}: note: got no blank line" in ended.said)
    assert not is_laid_out(databases[0], "linkage_log")
    assert f"{anchor}: note: got no blank line" in linkage("audit", "verify", "--config", new).said
