"""What opens a source's breaker, what does not, and who may probe."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from linkage.sources.adapter import Found, Link, Malformed, NotFound, Probed, Query, Refused, RefusedCause, Unavailable
from linkage.sources.breaker import BreakerState
from linkage.terms import CitizenNumber, FieldName, RecordType, ServiceId, VisitPerson
from linkage.transport import NotConnected

Fixture = Any
BOAT = RecordType("harbour.boat")
NAME = FieldName("name")
FOUND = {BOAT: Found({NAME: "Nok Nang Nuan"})}
NOT_SENT = NotConnected("no connection came about")
THREE_FAILURES = {"failures": 3, "open_seconds": 10.0}
QUERY = Query(VisitPerson(CitizenNumber("1101700230708")), ServiceId("boat_licence"), {BOAT: (NAME,)})


def url_of(link: Link) -> str:
    return str(link.settings.url)  # type: ignore[attr-defined]


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event of its own)
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "raised", [httpx.ReadError("x"), httpx.ReadTimeout("x"), Malformed("x"), NOT_SENT], ids=lambda raised: type(raised).__name__
)
async def test_what_the_agency_fails_at_opens_the_breaker(raised: Exception, world: Fixture) -> None:
    harbour = world(breaker=THREE_FAILURES, attempts=1)
    harbour.does(raised)
    for _ in range(3):
        await harbour.boat()
    assert harbour.source.health().state is BreakerState.OPEN
    fetched = await harbour.source.fetch(QUERY, "doe", "an-id", 5.0)
    assert (fetched.answers[BOAT], fetched.attempts) == (Unavailable("breaker open", retry_after=10.0), 0)


async def test_what_is_asked_without_a_citizen_opens_and_closes_no_breaker(world: Fixture) -> None:
    harbour = world(breaker=THREE_FAILURES)

    async def granted() -> Any:
        return (await harbour.source.probe({BOAT}, "doe", "an-id", 5.0)).value

    harbour.does(httpx.ReadError("x"))
    assert [await granted() for _ in range(5)] == [Unavailable("transport")] * 5
    assert harbour.source.health().state is BreakerState.CLOSED
    for _ in range(3):
        await harbour.boat()
    assert await granted() == Unavailable("breaker open", retry_after=10.0)
    harbour.does(Probed({BOAT: True}))
    harbour.clock.advance(10)
    assert await granted() == Probed({BOAT: True})
    assert harbour.source.health().last_success_ms == harbour.clock.now_ms()
    assert harbour.source.health().state is BreakerState.HALF_OPEN


async def test_5xx_opens_the_breaker_and_a_probe_closes_it(world: Fixture, office: Fixture) -> None:
    failing = await office("503 down")
    harbour = world(failing.url, breaker=THREE_FAILURES)
    for _ in range(5):
        await harbour.boat()
    assert len(failing.requests) == 3
    failing.answers = ["200 Nok Nang Nuan"]
    harbour.clock.advance(10)
    assert isinstance(await harbour.boat(), Found)
    assert harbour.source.health().state is BreakerState.CLOSED
    assert harbour.watcher.states == [BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]


@pytest.mark.parametrize(
    "said",
    [
        NotFound(),
        Refused(RefusedCause.QUOTA, "429"),
        Refused(RefusedCause.NOT_ENTITLED, "403"),
        Found({NAME: None}),
    ],
    ids=lambda said: type(said).__name__,
)
async def test_an_answer_of_any_kind_does_not_open_it(said: Any, world: Fixture) -> None:
    harbour = world(breaker=THREE_FAILURES)
    harbour.does({BOAT: said})
    for _ in range(10):
        assert await harbour.boat() == said
    assert harbour.source.health().state is BreakerState.CLOSED


async def test_a_code_nobody_knows_inside_http_200_does_not_open_it(world: Fixture, office: Fixture) -> None:
    """Else five odd cards in a row would close the agency for every counter."""

    async def unknown_code(link: Link) -> Mapping[RecordType, Any]:
        await link.client.get(url_of(link))
        return {BOAT: Unavailable("code 99")}

    harbour = world((await office("200 code 99")).url, breaker=THREE_FAILURES)
    harbour.does(unknown_code)
    for _ in range(10):
        assert await harbour.boat() == Unavailable("code 99")
    assert harbour.source.health().state is BreakerState.CLOSED


async def test_a_defect_of_the_adapter_does_not_open_it(world: Fixture) -> None:
    harbour = world(breaker=THREE_FAILURES)
    harbour.does(KeyError("name"))
    for _ in range(10):
        await harbour.boat()
    assert harbour.source.health().state is BreakerState.CLOSED


async def test_hurried_callers_do_not_open_it(world: Fixture) -> None:
    harbour = world(breaker=THREE_FAILURES)
    harbour.does(lambda link: asyncio.sleep(30))
    for _ in range(5):
        assert await harbour.boat(budget=0.02) == Unavailable("timeout")
    assert harbour.source.health().state is BreakerState.CLOSED


async def test_silence_for_the_sources_whole_time_opens_it(world: Fixture) -> None:
    harbour = world(breaker=THREE_FAILURES, timeout=0.05)
    harbour.does(lambda link: asyncio.sleep(30))
    for _ in range(3):
        await harbour.boat()
    assert harbour.source.health().state is BreakerState.OPEN


async def test_half_open_asks_once_while_others_are_told_at_once(world: Fixture) -> None:
    harbour = world(breaker=THREE_FAILURES, attempts=1)
    harbour.does(NOT_SENT)
    for _ in range(3):
        await harbour.boat()
    harbour.clock.advance(10)
    asked = []
    release = asyncio.Event()

    async def slowly(link: Link) -> Mapping[RecordType, Any]:
        asked.append(link)
        await release.wait()
        return FOUND

    harbour.does(slowly)
    probe = asyncio.create_task(harbour.boat())
    await until(lambda: asked)
    assert [await harbour.boat() for _ in range(5)] == [Unavailable("breaker open", retry_after=1.0)] * 5
    release.set()
    assert isinstance(await probe, Found)
    assert len(asked) == 1
    assert isinstance(await harbour.boat(), Found)


async def test_a_probe_whose_caller_went_away_leaves_the_way_open(world: Fixture) -> None:
    harbour = world(breaker=THREE_FAILURES, attempts=1)
    harbour.does(NOT_SENT)
    for _ in range(3):
        await harbour.boat()
    harbour.clock.advance(10)
    harbour.does(lambda link: asyncio.sleep(30))
    probe = asyncio.create_task(harbour.boat())
    await until(lambda: harbour.source.health().under_way == 1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    harbour.does(FOUND)
    assert isinstance(await harbour.boat(), Found)


async def test_health_says_when_the_agency_last_answered(world: Fixture) -> None:
    harbour = world()
    assert harbour.source.health().last_success_ms is None
    harbour.does(FOUND)
    await harbour.boat()
    answered = harbour.clock.now_ms()
    harbour.clock.advance(60)
    harbour.does(Malformed("x"))
    await harbour.boat()
    assert harbour.source.health().last_success_ms == answered
