"""What cannot be recorded is not asked and not released: AUDIT_UNAVAILABLE at once, and a health that says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from linkage.errors import Reason
from linkage.store.backend import LogStore
from linkage.store.sqlite_log import SqliteLog
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, refusal, until
from tests.journeys.world import Desk, Place, World, refused, running

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
LOOKUPS = "linkage.v1.LookupService"


async def _health(desk: Desk, *names: str) -> list[int]:
    await desk.world.gateway._health.look()
    check = health_pb2_grpc.HealthStub(desk.channel).Check
    return [(await check(health_pb2.HealthCheckRequest(service=name), timeout=5)).status for name in names]


async def test_a_healthy_gateway_serves_everywhere(world: World, desk: Desk) -> None:
    assert [SERVING] * 8 == await _health(desk, "", LOOKUPS, "log", "disk", "clock", "keys", "source.dopa", "source.thaid")
    assert b"linkage_log_ok 1.0" in world.metrics()


async def test_health_can_be_asked_without_an_officer_and_by_nobody_without_a_certificate(world: World, desk: Desk) -> None:
    desk.metadata = ()

    assert [SERVING] == await _health(desk, "")


@asynccontextmanager
async def _log_taken_away(world: World) -> AsyncIterator[None]:
    log = world.folder / "log.db"
    log.rename(world.folder / "elsewhere.db")
    yield
    (world.folder / "elsewhere.db").rename(log)


async def test_with_the_log_taken_away_nothing_is_asked_and_the_health_says_so(place: Place) -> None:
    async with running(place) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify()).visit.token
        asked = len(world.dopa.received)
        async with _log_taken_away(world):
            said = await refusal(world, desk.look_up(visit, session), Reason.AUDIT_UNAVAILABLE)
            await refusal(world, desk.verify(), Reason.AUDIT_UNAVAILABLE)
            await refusal(world, desk.look_up(visit, session, "father_number"), Reason.AUDIT_UNAVAILABLE)
            assert [NOT_SERVING, NOT_SERVING, NOT_SERVING, SERVING] == await _health(desk, "", LOOKUPS, "log", "source.dopa")
            assert b"linkage_log_ok 0.0" in world.metrics()
        assert asked == len(world.dopa.received)
        assert grpc.StatusCode.UNAVAILABLE == said.code
        assert pytest.approx(1.0, abs=0.25) == said.retry_seconds
        await desk.close()


@pytest.mark.parametrize("seconds", [86_400, -1_750_000_000], ids=["a day forward", "1970"])
async def test_a_clock_stepped_while_a_lookup_is_under_way_releases_nothing_and_all_goes_on_when_it_is_right(
    seconds: float, place: Place
) -> None:
    place.settings_file.write_text(place.settings_file.read_text().replace('path = "log.db"', 'path = "log.db"\nappend_timeout = 0.6'))
    async with running(place) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify()).visit.token
        world.dopa.knobs.slow = 0.2
        asked = len(world.dopa.received)
        call = asyncio.create_task(refusal(world, desk.look_up(visit, session), Reason.AUDIT_UNAVAILABLE))
        await until(lambda: len(world.dopa.received) > asked)
        world.clock.step_wall(seconds)
        await call  # neither hangs nor is cut off: deadlines run on the other clock
        assert [NOT_SERVING, NOT_SERVING, NOT_SERVING, SERVING] == await _health(desk, "", "log", "clock", "disk")
        assert asked + 1 == len(world.dopa.received)
        world.clock.step_wall(-seconds)
        world.clock.advance(6)  # what went wrong shows for five seconds
        assert [SERVING] * 4 == await _health(desk, "", "log", "clock", "disk")
        assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
        times = [leaf["t"] for leaf in entries(world)]
        assert times == sorted(times)
        await desk.close()


async def test_data_keys_that_cannot_be_stored_refuse_what_needs_a_new_one_and_the_health_names_them(world: World, desk: Desk) -> None:
    with _locked(world.folder / "data-keys.db"):
        asked = len(world.dopa.received)
        await refusal(world, desk.verify(), Reason.AUDIT_UNAVAILABLE)
        assert asked == len(world.dopa.received)
        assert [NOT_SERVING, NOT_SERVING, SERVING, SERVING] == await _health(desk, "", "keys", "disk", "clock")
    assert pb.VERDICT_MATCH == (await desk.verify()).verdict
    assert [SERVING, SERVING] == await _health(desk, "", "keys")


async def test_a_disk_that_is_nearly_full_refuses_what_is_new_finishes_what_is_begun_and_recovers_by_itself(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.slow = 0.5
    begun = asyncio.create_task(desk.look_up(visit, session))
    asked = len(world.dopa.received)
    await until(lambda: len(world.dopa.received) > asked)
    with monkeypatch.context() as tight:
        tight.setattr(world.gateway.journal._writer._log, "_free", lambda _path: 20 * 2**20)

        await refusal(world, desk.look_up(visit, session), Reason.AUDIT_UNAVAILABLE)

        assert [NOT_SERVING, NOT_SERVING, NOT_SERVING] == await _health(desk, "", "log", "disk")
        assert lookup_pb2.ANSWER_FOUND == (await begun).answer
        assert asked + 1 == len(world.dopa.received)
    world.clock.advance(6)
    assert [SERVING, SERVING, SERVING] == await _health(desk, "", "log", "disk")
    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer


async def test_a_disk_that_is_full_refuses_by_name_without_hanging_and_recovers_by_itself(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    pages = await world.gateway.journal.with_log(lambda log: _pages(log, most=None))
    await world.gateway.journal.with_log(lambda log: _pages(log, most=pages))
    async with asyncio.timeout(10):
        while not (reason := await _refusal_of(desk, visit, session)):  # what still fits into the pages that are there
            pass
    assert reason == "AUDIT_UNAVAILABLE"
    assert [NOT_SERVING, NOT_SERVING, NOT_SERVING, SERVING] == await _health(desk, "", "log", "disk", "clock")
    await world.gateway.journal.with_log(lambda log: _pages(log, most=10**6))
    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
    assert [SERVING, SERVING, SERVING] == await _health(desk, "", "log", "disk")


def _pages(log: LogStore, most: int | None) -> int:
    """Let the log's file have so many pages at most; gives how many it has."""
    assert isinstance(log, SqliteLog)
    if most is not None:
        log._connection.execute(f"PRAGMA max_page_count={most}")
    return int(log._connection.execute("PRAGMA page_count").get)


async def _refusal_of(desk: Desk, visit: str, session: str) -> str:
    try:
        await desk.look_up(visit, session)
    except grpc.aio.AioRpcError as error:
        return refused(error).reason
    return ""


async def test_a_log_that_is_locked_refuses_in_time_and_goes_on_when_it_is_free(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    asked = len(world.dopa.received)
    with _locked(world.folder / "log.db"):
        await refusal(world, desk.look_up(visit, session), Reason.AUDIT_UNAVAILABLE)
        assert [NOT_SERVING] == await _health(desk, "log")
    assert asked == len(world.dopa.received)

    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
    assert [SERVING] == await _health(desk, "log")


async def test_an_outcome_that_cannot_be_recorded_releases_nothing_and_its_intent_is_closed_at_the_next_start(place: Place) -> None:
    text = place.settings_file.read_text().replace('path = "log.db"', 'path = "log.db"\nappend_timeout = 0.6')
    place.settings_file.write_text(text)
    async with running(place) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify()).visit.token
        world.dopa.knobs.slow = 0.3
        asked = len(world.dopa.received)
        call = asyncio.create_task(refusal(world, desk.look_up(visit, session), Reason.AUDIT_UNAVAILABLE))
        await until(lambda: len(world.dopa.received) > asked)
        with _locked(world.folder / "log.db"):
            await call
        await desk.close()
    async with running(place) as world:
        open_ones = {leaf["eid"] for leaf in entries(world, "intent")} - {leaf["ref"] for leaf in entries(world, "outcome", "recovered")}
        assert set() == open_ones


async def test_more_than_the_log_can_take_is_overload_also_for_refusals(place: Place) -> None:
    text = place.settings_file.read_text().replace('path = "log.db"', 'path = "log.db"\nqueue = 16')
    place.settings_file.write_text(text)
    async with running(place) as world:
        desk = world.desk()
        visit = (await desk.verify()).visit.token
        reasons: list[str] = []

        async def ask() -> None:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await desk.look_up(visit, "", "father_number")
            said = refused(error.value)
            reasons.append(said.reason)
            assert said.reason != "OVERLOADED" or said.retry_seconds

        with _locked(world.folder / "log.db"):
            calls = [asyncio.create_task(ask()) for _ in range(60)]
            await asyncio.sleep(0.4)
        await asyncio.gather(*calls)

        assert {"OVERLOADED", "FIELD_NOT_AGREED"} == set(reasons)
        assert pb.VERDICT_MATCH == (await desk.verify()).verdict
        await world.gateway._tally.record(everything=True)
        counted = {leaf["facts"]["reason"]: leaf["facts"]["count"] for leaf in entries(world, "refused_many")}
        assert {"OVERLOADED": reasons.count("OVERLOADED")} == counted
        await desk.close()


class _locked:  # noqa: N801 (reads as what it does)
    """Another process holds the file."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()
