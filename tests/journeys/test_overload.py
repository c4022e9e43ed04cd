"""More calls than the gateway has places for: refused at once and by name, others unharmed, and over as soon as the rush is."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc.aio import AioRpcError
from grpc_health.v1 import health_pb2, health_pb2_grpc

from linkage.errors import Reason
from linkage.rpc.pacing import TOLD_AT_ONCE
from linkage.v1 import catalogue_pb2, lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.auditing import AUDITOR
from tests.journeys.logbook import entries, refusal, until
from tests.journeys.world import COUNTER_2, Desk, World, build_place, refused, running


@asynccontextmanager
async def _crowded(folder: Path, places: int) -> AsyncIterator[World]:
    """A world whose gateway has so many places; at the end all are free, nothing waits, and every intent has its outcome."""
    async with running(build_place(folder / "world", more=f"max_concurrent = {places}")) as world:
        yield world
        await until(lambda: b"linkage_places_taken 0.0" in world.metrics())
        assert 0 == world.gateway.journal.health().queued
        assert {leaf["eid"] for leaf in entries(world, "intent")} == {leaf["ref"] for leaf in entries(world, "outcome")}


async def _at_work(desk: Desk) -> tuple[str, str]:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    return visit, session


async def _held(world: World, desk: Desk, count: int, seconds: float = 0.5) -> "list[asyncio.Task[lookup_pb2.LookupResponse]]":
    """Lookups of this desk that are at a slow agency now."""
    visit, session = await _at_work(desk)
    world.dopa.knobs.slow = seconds
    asked = len(world.dopa.received)
    held = [asyncio.create_task(desk.look_up(visit, session)) for _ in range(count)]
    await until(lambda: asked + count == len(world.dopa.received))
    return held


async def _came(call: Any) -> str:
    """What became of a call, in a word."""
    try:
        reply = await call
    except AioRpcError as error:
        return refused(error).reason
    assert isinstance(reply, Message)
    return "answered"


async def test_a_counters_rush_is_turned_away_with_a_time_to_wait_and_those_inside_are_served(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=18) as world:
        desks = [world.desk() for _ in range(3)]
        inside = await _held(world, desks[0], 2)
        intents = len(entries(world, "intent"))

        said = await refusal(world, desks[1].verify(), Reason.OVERLOADED)
        rush = await asyncio.gather(*(_came(desk.verify()) for desk in desks[1:] for _ in range(5)))

        assert said.retry_seconds is not None
        assert 0.0 < said.retry_seconds <= 2.0
        assert ["OVERLOADED"] * 10 == rush
        assert [lookup_pb2.ANSWER_FOUND] * 2 == [reply.answer for reply in await asyncio.gather(*inside)]
        assert intents == len(entries(world, "intent"))
        assert pb.VERDICT_MATCH == (await desks[1].verify()).verdict
        await world.gateway._tally.record(everything=True)
        assert 11 == entries(world, "refused_many")[-1]["facts"]["count"]
        assert b'linkage_refusals_total{reason="OVERLOADED"} 11.0' in world.metrics()
        assert b'linkage_admissions_total{result="share"} 11.0' in world.metrics()
        assert b'linkage_call_seconds_count{method="linkage.v1.VerificationService/VerifyIdentity"} 2.0' in world.metrics()
        for desk in desks:
            await desk.close()


async def test_the_time_to_wait_is_told_to_the_officer_and_to_grpc_alike(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=2) as world:
        desk = world.desk()
        inside = await _held(world, desk, 1)

        caught = [await asyncio.gather(desk.verify(), return_exceptions=True) for _ in range(5)]

        pushbacks = []
        for (error,) in caught:
            assert isinstance(error, AioRpcError)
            trailers: Any = error.trailing_metadata()
            pushbacks.append(int(dict(trailers)["grpc-retry-pushback-ms"]))
            assert pushbacks[-1] / 1000 == refused(error).retry_seconds
        assert len({*pushbacks}) > 1
        await asyncio.gather(*inside)
        await desk.close()


async def test_with_every_place_taken_a_newcomer_is_refused_and_health_still_answers(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=2) as world:
        first, second, auditor = world.desk(), world.desk(COUNTER_2), world.desk(AUDITOR, token="")
        inside = await _held(world, first, 1)
        world.dopa.knobs.slow = 0.0
        inside += await _held(world, second, 1)

        said = await refusal(world, auditor.catalogue.ListServices(catalogue_pb2.ListServicesRequest()), Reason.OVERLOADED)
        health = await health_pb2_grpc.HealthStub(auditor.channel).Check(health_pb2.HealthCheckRequest(), timeout=5)

        assert grpc.StatusCode.RESOURCE_EXHAUSTED == said.code
        assert health_pb2.HealthCheckResponse.SERVING == health.status
        assert b'linkage_admissions_total{result="full"} 1.0' in world.metrics()
        await asyncio.gather(*inside)
        for desk in (first, second, auditor):
            await desk.close()


async def test_a_counter_that_retries_without_a_pause_leaves_every_call_of_another_alone(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=27) as world:
        storming, calm = world.desk(), world.desk(COUNTER_2)
        (visit, session), (own_visit, own_session) = await _at_work(storming), await _at_work(calm)
        world.dopa.knobs.slow = 0.02
        came, over = Counter[str](), asyncio.Event()

        async def storm() -> None:
            while not over.is_set():
                came[await _came(storming.look_up(visit, session))] += 1

        rush = [asyncio.create_task(storm()) for _ in range(24)]
        await until(lambda: came["OVERLOADED"] > 50)
        answers = [await calm.look_up(own_visit, own_session) for _ in range(20)]
        over.set()
        await asyncio.gather(*rush)

        assert {lookup_pb2.ANSWER_FOUND} == {reply.answer for reply in answers}
        assert {"answered", "OVERLOADED"} == {*came}
        for desk in (storming, calm):
            await desk.close()


async def test_refusals_of_a_counter_that_does_not_wait_are_kept_from_it_for_a_while_and_nobody_elses_calls(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=2) as world:
        storming, calm = world.desk(), world.desk(COUNTER_2)
        (inside,) = await _held(world, storming, 1, seconds=4.0)  # longer than the rush needs on a busy machine
        world.dopa.knobs.slow = 0.0

        rush = [asyncio.create_task(_came(storming.verify())) for _ in range(TOLD_AT_ONCE * 4)]
        await until(lambda: world.gateway.equipment.metrics.refusals_kept._value.get() > 0)
        said = await calm.verify()

        assert pb.VERDICT_MATCH == said.verdict
        assert {"OVERLOADED"} == {*await asyncio.gather(*rush)}
        assert lookup_pb2.ANSWER_FOUND == (await inside).answer
        assert pb.VERDICT_MATCH == (await storming.verify()).verdict
        for desk in (storming, calm):
            await desk.close()


async def test_after_a_storm_a_counter_that_was_not_there_is_served_at_once_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=27) as world:
        desks = [world.desk(), world.desk(COUNTER_2)]
        work = [await _at_work(desk) for desk in desks]
        world.dopa.knobs.slow = 0.02
        asked, intents = len(world.dopa.received), len(entries(world, "intent"))

        came = Counter(
            await asyncio.gather(
                *(_came(desk.look_up(visit, session)) for _ in range(100) for desk, (visit, session) in zip(desks, work, strict=True))
            )
        )
        world.dopa.knobs.slow = 0.0
        newcomer = world.desk()

        assert pb.VERDICT_MATCH == (await newcomer.verify()).verdict
        assert {"answered", "OVERLOADED"} == {*came}
        assert came["answered"] == len(entries(world, "intent")) - intents - 1
        assert came["answered"] == len(world.dopa.received) - asked - 2  # the newcomer's card, and whether its holder is alive
        for desk in (*desks, newcomer):
            await desk.close()


async def test_a_hundred_times_the_same_question_without_an_id_are_a_hundred_questions(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=1_000) as world:
        desk = world.desk()
        visit, session = await _at_work(desk)
        asked, intents = len(world.dopa.received), len(entries(world, "intent"))

        replies = await asyncio.gather(*(desk.look_up(visit, session) for _ in range(100)))

        assert {lookup_pb2.ANSWER_FOUND} == {reply.answer for reply in replies}
        assert (asked + 100, intents + 100) == (len(world.dopa.received), len(entries(world, "intent")))
        await desk.close()


async def test_a_call_that_is_given_up_gives_its_place_back(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=2) as world:
        desk = world.desk()
        (inside,) = await _held(world, desk, 1)

        inside.cancel()

        await until(lambda: b"linkage_places_taken 0.0" in world.metrics())
        world.dopa.knobs.slow = 0.0
        assert pb.VERDICT_MATCH == (await desk.verify()).verdict
        await desk.close()


async def test_a_refusal_by_the_door_and_one_by_a_corridor_give_their_place_back(tmp_path: Path) -> None:
    async with _crowded(tmp_path, places=1) as world:
        desk, stranger = world.desk(), world.desk(token="")
        for _ in range(3):
            await refusal(world, stranger.verify(), Reason.OFFICER_TOKEN_MISSING)
            await refusal(world, desk.verify(citizen_number="x"), Reason.MALFORMED_REQUEST)
            await refusal(world, desk.verify(service="nothing_of_this_name"), Reason.UNKNOWN_SERVICE)

        assert pb.VERDICT_MATCH == (await desk.verify()).verdict
        for each in (desk, stranger):
            await each.close()
