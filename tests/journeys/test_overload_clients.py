"""What the published service config makes of a full gateway, in gRPC's own hands: it waits as long as it is told, and gives up in a storm."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from linkage.client import Counter, Refused
from linkage.v1 import lookup_pb2
from tests.journeys.logbook import until
from tests.journeys.world import Desk, World, build_place, running


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[World]:
    """A world whose gateway has two places: one for each counter while the other is there, too."""
    async with running(build_place(tmp_path / "world", more="max_concurrent = 2")) as world:
        yield world


def _client(desk: Desk) -> Counter:
    (_, authorization), *_ = desk.metadata
    folder, certificate = desk.world.folder, desk.certificate
    target, token = f"localhost:{desk.world.gateway.port}", authorization.removeprefix("Bearer ")
    return Counter.connect(target, folder / "ca.pem", certificate, certificate.with_suffix(".key"), token, deadline_s=20)


def _turned_away(world: World) -> int:
    lines = world.metrics().decode().splitlines()
    return round(sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith('linkage_refusals_total{reason="OVERLOADED"}')))


async def _holding(world: World, desk: Desk, seconds: float) -> "tuple[str, asyncio.Task[lookup_pb2.LookupResponse]]":
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.slow = seconds
    asked = len(world.dopa.received)
    held = asyncio.create_task(desk.look_up(visit, session))
    await until(lambda: asked + 1 == len(world.dopa.received))
    return visit, held


async def test_a_call_that_finds_no_place_is_made_again_by_itself_when_it_was_told_to_and_is_served(narrow: World) -> None:
    desk = narrow.desk()
    visit, held = await _holding(narrow, desk, 0.5)

    with _client(desk) as counter:
        ending = asyncio.create_task(asyncio.to_thread(counter.end_visit, visit))
        await until(lambda: _turned_away(narrow) > 0)
        assert lookup_pb2.ANSWER_FOUND == (await held).answer
        await ending

    assert 1 <= _turned_away(narrow) <= 3
    await desk.close()


async def test_a_program_that_is_refused_again_and_again_runs_out_of_retries_and_is_told_why(narrow: World) -> None:
    desk = narrow.desk()
    visit, held = await _holding(narrow, desk, 8.0)

    with _client(desk) as counter:
        ends = await asyncio.gather(*(asyncio.to_thread(counter.end_visit, visit) for _ in range(24)), return_exceptions=True)

    assert {"OVERLOADED"} == {end.reason for end in ends if isinstance(end, Refused)}
    assert 24 == len([end for end in ends if isinstance(end, Refused)])
    assert _turned_away(narrow) <= 24 + 10
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    await desk.close()
