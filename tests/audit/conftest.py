import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from linkage.audit.journal import Journal
from linkage.audit.search import Searcher
from linkage.runtime.demo_agencies import serving
from tests.audit.searching import searcher_of
from tests.audit.witnesses import Somebody
from tests.audit.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    await world.close()


@pytest.fixture
async def journal(world: World) -> Journal:
    return world.journal()


@pytest.fixture
def searcher(world: World, journal: Journal) -> Iterator[Searcher]:
    with contextlib.closing(searcher_of(world, world.sealing)) as searcher:
        yield searcher


@pytest.fixture(scope="module")
def somebody() -> Iterator[Somebody]:
    served = Somebody()
    with serving(served) as served.url:
        yield served


@pytest.fixture(scope="module")
def somebody_else() -> Iterator[Somebody]:
    served = Somebody()
    with serving(served) as served.url:
        yield served
