from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from linkage.audit.journal import Journal
from tests.audit.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    await world.close()


@pytest.fixture
async def journal(world: World) -> Journal:
    return world.journal()
