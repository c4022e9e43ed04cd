import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from linkage.client import Counter
from tests.journeys.place import COUNTER_1, Place, build_place
from tests.journeys.world import World, running


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return build_place(tmp_path / "world")


@pytest.fixture
async def world(place: Place) -> AsyncIterator[World]:
    async with running(place) as world:
        yield world


@pytest.fixture
async def counter(world: World) -> AsyncIterator[Counter]:
    """A counter as counter software opens it. Its calls block, so tests make them in a thread: the gateway serves in this one."""
    certificate, key = world.certificate(COUNTER_1, "cm-01-counter-1")
    target = f"localhost:{world.gateway.port}"
    with Counter.connect(target, world.folder / "ca.pem", certificate, key, world.token(certificate), deadline_s=10) as counter:
        yield counter


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield silent.getsockname()[1]
