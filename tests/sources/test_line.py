"""So many at once, so many in line, the rest turned away at once."""

import asyncio
from collections.abc import Mapping
from typing import Any

from linkage.sources.adapter import Found, Link, Unavailable
from linkage.sources.breaker import BreakerState
from linkage.sources.bulkhead import Bulkhead
from linkage.terms import FieldName, RecordType
from linkage.transport import NotConnected

Fixture = Any
BOAT = RecordType("harbour.boat")
NAME = FieldName("name")
FOUND = {BOAT: Found({NAME: "Nok Nang Nuan"})}
NOT_SENT = NotConnected("no connection came about")


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event of its own)
            await asyncio.sleep(0.005)


async def test_only_so_many_are_under_way_and_the_rest_wait_their_turn(world: Fixture) -> None:
    harbour = world(concurrency=2)
    under_way, most = 0, 0

    async def counted(link: Link) -> Mapping[RecordType, Any]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return FOUND

    harbour.does(counted)
    answers = await asyncio.gather(*(harbour.boat() for _ in range(4)))
    assert all(isinstance(answer, Found) for answer in answers)
    assert most == 2


async def test_beyond_a_full_line_the_answer_is_at_once_no(world: Fixture) -> None:
    harbour = world(concurrency=2)
    release = asyncio.Event()

    async def slowly(link: Link) -> Mapping[RecordType, Any]:
        await release.wait()
        return FOUND

    harbour.does(slowly)
    asking = [asyncio.create_task(harbour.boat()) for _ in range(4)]
    await until(lambda: harbour.source.health().waiting == 2)
    assert await harbour.boat() == Unavailable("line full", retry_after=1.0)
    release.set()
    assert all(isinstance(answer, Found) for answer in await asyncio.gather(*asking))
    assert (harbour.source.health().under_way, harbour.source.health().waiting) == (0, 0)


async def test_who_waits_in_line_past_the_deadline_asked_nobody(world: Fixture) -> None:
    harbour = world(concurrency=1, breaker={"failures": 1, "open_seconds": 10.0})
    release = asyncio.Event()

    async def slowly(link: Link) -> Mapping[RecordType, Any]:
        await release.wait()
        return FOUND

    harbour.does(slowly)
    first = asyncio.create_task(harbour.boat())
    await until(lambda: harbour.source.health().under_way == 1)
    assert await harbour.boat(budget=0.05) == Unavailable("no place in time", retry_after=1.0)
    release.set()
    assert isinstance(await first, Found)
    assert harbour.source.health().state is BreakerState.CLOSED
    assert [seen.attempts for seen in harbour.watcher.seen] == [0, 1]


async def test_a_line_behind_an_agency_that_fails_is_told_when_the_breaker_opens(world: Fixture) -> None:
    harbour = world(concurrency=1, breaker={"failures": 1, "open_seconds": 10.0}, attempts=1)
    asked = []

    async def fails_slowly(link: Link) -> Mapping[RecordType, Any]:
        asked.append(link)
        await asyncio.sleep(0.05)
        raise NOT_SENT

    harbour.does(fails_slowly)
    answers = await asyncio.gather(*(harbour.boat() for _ in range(2)))
    assert [answer.why for answer in answers] == ["not connected", "breaker open"]
    assert len(asked) == 1


async def test_who_goes_away_from_the_line_takes_no_place_with_it() -> None:
    line = Bulkhead(2)
    assert [line.enters() for _ in range(3)] == [True, True, False]
    first, second = asyncio.create_task(line.wait()), asyncio.create_task(line.wait())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    assert (line.inside, line.waiting) == (2, 1)
    line.leave()
    assert not line.enters(), "a place that is given to the line is nobody else's"
    second.cancel()  # it has its place, and has not come to know of it
    await asyncio.gather(first, second, return_exceptions=True)
    assert (line.inside, line.waiting) == (1, 0)
    assert [line.enters() for _ in range(2)] == [True, False]


async def test_a_place_passes_over_whoever_is_going_away() -> None:
    line = Bulkhead(2)
    assert line.enters()
    assert line.enters()
    going, staying = asyncio.create_task(line.wait()), asyncio.create_task(line.wait())
    await asyncio.sleep(0)
    going.cancel()
    line.leave()
    await staying
    await asyncio.gather(going, return_exceptions=True)
    assert (line.inside, line.waiting) == (2, 0)
