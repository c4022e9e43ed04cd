"""Callers who hang up: whatever was begun has its outcome in the log, and nothing is lost."""

import asyncio
from collections.abc import Callable

import apsw
import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from linkage.v1 import lookup_pb2
from tests.journeys.logbook import entries, until
from tests.journeys.world import Desk, World


async def _settled(world: World) -> list[str]:
    """What the outcomes of all intents say, once every intent has one."""
    for _ in range(300):
        intents = {leaf["eid"] for leaf in entries(world, "intent")}
        closed = {leaf["ref"]: leaf["facts"]["result"] for leaf in entries(world, "outcome", "recovered")}
        if intents == set(closed):
            return list(closed.values())
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_a_caller_who_hangs_up_while_the_agency_is_asked_leaves_a_cancelled_outcome(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.slow = 5.0
    asked = len(world.dopa.received)
    call = asyncio.create_task(desk.look_up(visit, session))
    await until(lambda: len(world.dopa.received) > asked)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert "cancelled" == (await _settled(world))[-1]


async def test_a_deadline_that_passes_while_the_agency_is_asked_leaves_an_outcome(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.slow = 9.0

    with pytest.raises(AioRpcError) as error:
        await desk.look_up(visit, session, timeout=1.5)

    assert error.value.code() in (StatusCode.DEADLINE_EXCEEDED, StatusCode.UNAVAILABLE)
    assert (await _settled(world))[-1] in ("cancelled", "refused")


async def test_callers_who_hang_up_at_any_moment_leave_no_intent_open_and_no_query_without_intent(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.slow = 0.01

    async def hurried(patience: float) -> object:
        try:
            async with asyncio.timeout(patience):
                return await desk.look_up(visit, session)
        except TimeoutError:
            return None

    replies = await asyncio.gather(*(hurried(0.0005 * n) for n in range(120)))

    results = await _settled(world)
    answered = [reply for reply in replies if isinstance(reply, lookup_pb2.LookupResponse)]
    assert len(answered) <= results.count("found")
    assert set(results) <= {"found", "cancelled", "abandoned", "match", "login_begun", "login_confirmed"}
    assert {one.request_id for one in world.dopa.received} <= {leaf["eid"] for leaf in entries(world, "intent")}
    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer


async def test_a_caller_who_hangs_up_on_a_refusal_is_counted_and_recorded(world: World, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(subject="officer-0099")
    await desk.channel.channel_ready()
    other = apsw.Connection(str(world.folder / "log.db"))
    other.execute("BEGIN IMMEDIATE")  # another process holds the log
    call = asyncio.create_task(desk.verify())
    await until(lambda: world.gateway.journal._writer._busy_since is not None)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: b'linkage_refusals_total{reason="OFFICER_SUSPENDED"} 1.0' in world.metrics())
    assert [] == entries(world, "denied")
    other.execute("ROLLBACK")
    other.close()

    await until(lambda: entries(world, "denied"))
