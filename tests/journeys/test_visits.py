"""A visit is good for its counter, officer and service, for its time, at every gateway; and once ended, nowhere."""

import asyncio
import base64
from collections.abc import Callable

import pytest
from grpc.aio import AioRpcError

from linkage.errors import Reason
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.world import COUNTER_1, COUNTER_2, Desk, Place, World, running

Open = Callable[..., Desk]


async def _visit(desk: Desk) -> str:
    token: str = (await desk.verify()).visit.token
    return token


async def _end(desk: Desk, visit: str) -> pb.EndVisitResponse:
    return await desk.verification.EndVisit(pb.EndVisitRequest(visit_token=visit), metadata=desk.metadata, timeout=20)


async def test_a_visit_outlives_its_gateway(place: Place) -> None:
    async with running(place) as world:
        desk = world.desk()
        visit = await _visit(desk)
        await desk.close()
    async with running(place) as world:
        desk = world.desk()
        session = await desk.login()

        assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
        await desk.close()


async def test_a_visit_that_was_ended_stays_ended_when_its_gateway_starts_anew(place: Place) -> None:
    async with running(place) as world:
        desk = world.desk()
        visit = await _visit(desk)
        await _end(desk, visit)
        await desk.close()
    async with running(place) as world:
        desk = world.desk()
        session = await desk.login()

        await refusal(world, desk.look_up(visit, session), Reason.VISIT_ENDED)
        await desk.close()


async def test_once_a_visit_has_ended_no_lookup_of_it_is_recorded_and_nobody_is_asked(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), await _visit(desk)
    before = asyncio.gather(*(desk.look_up(visit, session) for _ in range(20)), return_exceptions=True)
    ended = await _end(desk, visit)
    asked, size = len(world.dopa.received), len(entries(world, "intent"))
    refusals = [refusal(world, desk.look_up(visit, session), Reason.VISIT_ENDED) for _ in range(5)]
    await asyncio.gather(*refusals)

    place_of_end = proved(world, ended.receipt)
    assert "visit_end" == place_of_end["kind"]
    for reply in await before:
        assert isinstance(reply, lookup_pb2.LookupResponse | AioRpcError)
    log = entries(world)
    at = next(i for i, leaf in enumerate(log) if leaf["eid"] == ended.request_id)
    assert not [leaf for leaf in log[at:] if leaf["kind"] == "intent"]
    assert size == len(entries(world, "intent"))
    assert asked >= len({one.request_id for one in world.dopa.received if one.operation == "request"})
    assert {one.request_id for one in world.dopa.received} <= {leaf["eid"] for leaf in log[:at]}


async def test_ending_a_visit_twice_or_after_its_time_is_no_error(world: World, desk: Desk) -> None:
    visit = await _visit(desk)
    await _end(desk, visit)
    world.clock.advance(16 * 60)

    proved(world, (await _end(desk, visit)).receipt)


async def test_a_visit_ends_by_itself_after_fifteen_minutes(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), await _visit(desk)
    world.clock.advance(15 * 60 - 1)
    await desk.look_up(visit, session)
    world.clock.advance(1)

    await refusal(world, desk.look_up(visit, session), Reason.VISIT_EXPIRED)


async def test_a_visit_is_of_no_use_to_another_counter_or_officer(world: World, desk: Desk, open_desk: Open) -> None:
    visit = await _visit(desk)
    for other in (open_desk(COUNTER_2), open_desk(COUNTER_1, subject="officer-0002")):
        session = await other.login()
        asked = len(world.dopa.received)
        await refusal(world, other.look_up(visit, session), Reason.VISIT_NOT_YOURS)
        await refusal(world, _end(other, visit), Reason.VISIT_NOT_YOURS)
        assert asked == len(world.dopa.received)
    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, await desk.login())).answer


async def test_a_visit_for_one_service_is_none_for_another(world: World, desk: Desk) -> None:
    visit = await _visit(desk)

    await refusal(world, desk.look_up(visit, "x", service="elderly_allowance"), Reason.VISIT_FOR_ANOTHER_SERVICE)


@pytest.mark.parametrize("spoil", ["changed", "cut", "longer", "another text"])
async def test_a_visit_token_that_was_tampered_with_opens_nothing(world: World, desk: Desk, spoil: str) -> None:
    visit = await _visit(desk)
    raw = bytearray(base64.urlsafe_b64decode(visit + "=" * (-len(visit) % 4)))
    raw[-1] ^= 1
    spoilt = {
        "changed": base64.urlsafe_b64encode(raw).rstrip(b"=").decode(),
        "cut": visit[:-8],
        "longer": visit + "AAAA",
        "another text": "visit",
    }[spoil]

    await refusal(world, desk.look_up(spoilt, "session"), Reason.VISIT_INVALID)
    await refusal(world, _end(desk, spoilt), Reason.VISIT_INVALID)


async def test_the_token_of_an_agency_login_is_no_visit(world: World, desk: Desk) -> None:
    session = await desk.login()

    await refusal(world, desk.look_up(session, session), Reason.VISIT_INVALID)
