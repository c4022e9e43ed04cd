from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.clock import FakeClock
from linkage.store.sqlite_log import SqliteLog
from tests.postgres import Database, Server
from tests.small_log import fresh_log
from tests.store.contract.places import PostgresPlace, lay_out


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(path: Path, clock: FakeClock) -> Iterator[SqliteLog]:
    log = fresh_log(path, clock)
    yield log
    log.close()


@pytest.fixture
def database(postgres: Server) -> Iterator[Database]:
    """An empty log in PostgreSQL."""
    database = postgres.fresh_database(lay_out)
    yield database
    postgres.drop(database)


@pytest.fixture
def place(database: Database) -> Iterator[PostgresPlace]:
    """The same, as tests of the contract see it."""
    place = PostgresPlace(database.gateway, database.owner)
    yield place
    place.close()
