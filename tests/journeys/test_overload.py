"""More calls than the gateway has places for: refused at once, counted, and over as soon as the rush is."""

import asyncio
from pathlib import Path

from grpc.aio import AioRpcError

from linkage.errors import Reason
from linkage.v1 import lookup_pb2
from tests.journeys.logbook import entries, refusal, until
from tests.journeys.world import build_place, refused, running


async def test_a_rush_is_turned_away_with_a_time_to_wait_and_those_inside_are_served(tmp_path: Path) -> None:
    async with running(build_place(tmp_path / "world", more="max_concurrent = 4")) as world:
        desks = [world.desk() for _ in range(4)]
        session, visit = await desks[0].login(), (await desks[0].verify()).visit.token
        world.dopa.knobs.slow = 0.5
        intents = len(entries(world, "intent"))
        inside = [asyncio.create_task(desks[0].look_up(visit, session)) for _ in range(4)]
        await until(lambda: len(entries(world, "intent")) == intents + 4)

        said = await refusal(world, desks[1].look_up(visit, session), Reason.OVERLOADED)
        rush = await asyncio.gather(*(desk.look_up(visit, session) for desk in desks[1:] for _ in range(3)), return_exceptions=True)

        assert 1.0 == said.retry_seconds
        assert {"OVERLOADED"} == {refused(one).reason for one in rush if isinstance(one, AioRpcError)}
        assert [lookup_pb2.ANSWER_FOUND] * 4 == [reply.answer for reply in await asyncio.gather(*inside)]
        assert intents + 4 == len(entries(world, "intent"))
        assert lookup_pb2.ANSWER_FOUND == (await desks[1].look_up(visit, session)).answer
        await world.gateway._tally.record(everything=True)
        assert 10 == entries(world, "refused_many")[-1]["facts"]["count"]
        assert b'linkage_refusals_total{reason="OVERLOADED"} 10.0' in world.metrics()
        for desk in desks:
            await desk.close()
