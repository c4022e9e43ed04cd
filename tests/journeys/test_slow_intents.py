"""An intent that takes long to become durable: what is left of the deadline is counted anew before anybody is asked."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import apsw
import pytest

from linkage.errors import Reason
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved, refusal, until
from tests.journeys.world import OFFICER, Desk, World


@contextmanager
def time_passes_while_the_log_is_held(world: World) -> Iterator[None]:
    """Another process holds the log's file."""
    connection = apsw.Connection(str(world.folder / "log.db"))
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def _refused_in_vain(world: World, call: "asyncio.Task[object]") -> None:
    asked = len(world.dopa.received)
    with time_passes_while_the_log_is_held(world):
        await until(lambda: world.gateway.journal._writer._busy_since is not None or call.done())
        world.clock.advance(25)

    said = await refusal(world, call, Reason.DEADLINE_TOO_SHORT)

    assert said.receipt is not None
    assert "outcome" == proved(world, said.receipt)["kind"]
    assert asked == len(world.dopa.received)


async def test_a_verification_whose_intent_ate_its_time_asks_nobody_and_costs_no_attempt(world: World, desk: Desk) -> None:
    for _ in range(6):
        call: asyncio.Task[object] = asyncio.create_task(desk.verify())
        await _refused_in_vain(world, call)

    assert pb.VERDICT_MATCH == (await desk.verify()).verdict
    assert 7 == len(entries(world, "intent"))


@pytest.mark.parametrize("renewed", [False, True])
async def test_a_lookup_whose_intent_ate_its_time_asks_nobody(world: World, desk: Desk, renewed: bool) -> None:
    session = await desk.login()
    world.clock.advance(3590 if renewed else 0)
    visit = (await desk.verify()).visit.token

    await _refused_in_vain(world, asyncio.create_task(desk.look_up(visit, session)))


async def test_a_login_whose_intent_ate_its_time_asks_nobody(world: World, desk: Desk) -> None:
    from linkage.v1 import agency_session_pb2

    officer = world.dopa.people[OFFICER]
    begin = agency_session_pb2.BeginLoginRequest(
        recipient="doe",
        source="dopa",
        officer_number=officer.number,
        smart_card=agency_session_pb2.SmartCardMethod(chip_number=officer.chip),
    )

    async def begun() -> object:
        return await desk.sessions.BeginLogin(begin, metadata=desk.metadata, timeout=20)

    await _refused_in_vain(world, asyncio.create_task(begun()))
