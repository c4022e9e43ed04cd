from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.auditing import AUDITOR
from tests.journeys.joint import Joint, joint_counter
from tests.journeys.world import Desk, Place, World, build_place, running


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return build_place(tmp_path / "world")


@pytest.fixture
async def world(place: Place) -> AsyncIterator[World]:
    async with running(place) as world:
        yield world


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    desk = world.desk()
    yield desk
    await desk.close()


@pytest.fixture
async def open_desk(world: World) -> AsyncIterator[Callable[..., Desk]]:
    """Opens further desks, and closes them at the end."""
    opened: list[Desk] = []

    def open_one(*args: Any, **more: Any) -> Desk:
        opened.append(world.desk(*args, **more))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.close()


@pytest.fixture
async def joint(tmp_path: Path) -> AsyncIterator[Joint]:
    """A joint counter with six agencies besides ThaID."""
    async with joint_counter(tmp_path / "joint") as joint:
        yield joint


@pytest.fixture
async def auditor(open_desk: Callable[..., Desk]) -> Desk:
    """An auditor's connection."""
    return open_desk(AUDITOR, token="")
