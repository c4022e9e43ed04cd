from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.clock import FakeClock
from linkage.store.backend import LogStore
from tests.postgres import Server
from tests.store.contract.places import Place, PostgresPlace, SqlitePlace, lay_out


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty log, in each backend."""
    if request.param == "sqlite":
        here: Place = SqlitePlace(tmp_path / "log.db")
        yield here
        here.close()
        return
    server = request.getfixturevalue("postgres")
    assert isinstance(server, Server)
    database = server.fresh_database(lay_out)
    here = PostgresPlace(database.gateway, database.owner)
    yield here
    here.close()
    server.drop(database)


@pytest.fixture
def log(place: Place, clock: FakeClock) -> LogStore:
    return place.open(clock)
