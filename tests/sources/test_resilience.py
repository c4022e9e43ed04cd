"""The line, the breaker, the tries, the deadline and the seam, around a tiny adapter."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import structlog

from linkage.sources.adapter import Found, Link, Malformed, Query, Unavailable
from linkage.sources.breaker import BreakerState
from linkage.terms import CitizenNumber, FieldName, RecordType, ServiceId, VisitPerson
from linkage.transport import NotConnected, WrongOrigin
from tests.ports import free_port

Fixture = Any
BOAT = RecordType("harbour.boat")
NAME = FieldName("name")
NUMBER = "1101700230708"
FOUND = {BOAT: Found({NAME: "Nok Nang Nuan"})}
NOT_SENT = NotConnected("no connection came about")
QUERY = Query(VisitPerson(CitizenNumber(NUMBER)), ServiceId("boat_licence"), {BOAT: (NAME,)})


class OfItsOwn(BaseException):
    """What no ``except Exception`` catches."""


def url_of(link: Link) -> str:
    return str(link.settings.url)  # type: ignore[attr-defined]


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event of its own)
            await asyncio.sleep(0.005)


# ---- tries ------------------------------------------------------------------------------------------------------------


async def test_an_answer_is_given_after_one_try(world: Fixture, office: Fixture) -> None:
    harbour = world((await office("200 Nok Nang Nuan")).url)
    fetched = await harbour.source.fetch(QUERY, "doe", "an-id", 5.0)
    assert fetched.answers[BOAT].fields == {NAME: "Nok Nang Nuan"}
    assert fetched.attempts == 1


async def test_a_request_that_was_not_sent_is_tried_again(world: Fixture) -> None:
    harbour = world(f"http://127.0.0.1:{free_port()}", attempts=3)
    assert await harbour.boat() == Unavailable("not connected")
    assert harbour.watcher.seen[0].attempts == 3


async def test_an_agency_that_is_back_by_the_second_try_answers(world: Fixture, office: Fixture) -> None:
    open_office = await office("200 Nok Nang Nuan")
    tries = []

    async def second_time_lucky(link: Link) -> Mapping[RecordType, Any]:
        tries.append(link.timeout)
        if len(tries) == 1:
            raise NOT_SENT
        return FOUND

    harbour = world(open_office.url)
    harbour.does(second_time_lucky)
    fetched = await harbour.source.fetch(QUERY, "doe", "an-id", 5.0)
    assert (fetched.answers, fetched.attempts) == (FOUND, 2)
    assert tries[1] < tries[0] <= 2.0


async def test_a_request_that_may_have_been_sent_is_not_tried_again(world: Fixture, office: Fixture) -> None:
    closing = await office("")
    harbour = world(closing.url, attempts=3)
    assert await harbour.boat() == Unavailable("cut off")
    assert len(closing.requests) == 1
    assert harbour.watcher.seen[0].attempts == 1


async def test_nothing_is_tried_again_once_an_earlier_request_of_the_same_call_left(world: Fixture, office: Fixture) -> None:
    """An adapter may need two requests; that the second did not leave says nothing of the first."""
    login = await office("200 token")

    async def two_requests(link: Link) -> Mapping[RecordType, Any]:
        await link.client.get(url_of(link))
        raise NOT_SENT

    harbour = world(login.url, attempts=3)
    harbour.does(two_requests)
    assert await harbour.boat() == Unavailable("not connected")
    assert len(login.requests) == 1


async def test_no_pause_runs_past_the_deadline(world: Fixture) -> None:
    """What really happened is said at once, instead of a timeout after a pause that could lead nowhere."""
    random.seed(2)  # a first pause of 96 ms

    async def just_before_the_end(link: Link) -> Mapping[RecordType, Any]:
        await asyncio.sleep(link.timeout - 0.05)
        raise NOT_SENT

    harbour = world(attempts=3)
    harbour.does(just_before_the_end)
    assert await harbour.boat(budget=0.2) == Unavailable("not connected")
    assert harbour.watcher.seen[0].attempts == 1


# ---- the seam ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raised", "why"),
    [
        (ValueError(f"cannot read {NUMBER}"), "adapter failed"),
        (KeyError(NUMBER), "adapter failed"),
        (AssertionError(NUMBER), "adapter failed"),
        (RecursionError(NUMBER), "adapter failed"),
        (Malformed(NUMBER), "malformed"),
        (httpx.ReadTimeout(NUMBER), "timeout"),
        (httpx.ConnectTimeout(NUMBER), "timeout"),
        (TimeoutError(NUMBER), "timeout"),
        (httpx.ReadError(NUMBER), "transport"),
        (httpx.DecodingError(NUMBER), "transport"),
        (httpx.TooManyRedirects(NUMBER), "transport"),
        (WrongOrigin(NUMBER), "wrong origin"),
        (asyncio.CancelledError(NUMBER), "adapter failed"),
        (ExceptionGroup(NUMBER, [ValueError(NUMBER)]), "adapter failed"),
        (SystemExit(NUMBER), "adapter failed"),
        (BaseExceptionGroup(NUMBER, [SystemExit(NUMBER)]), "adapter failed"),
        (OfItsOwn(NUMBER), "adapter failed"),
    ],
)
async def test_whatever_an_adapter_raises_is_unavailable_without_its_text(
    raised: BaseException, why: str, world: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    harbour = world()
    harbour.does(raised)
    assert await harbour.boat() == Unavailable(why)
    assert NUMBER not in f"{harbour.watcher.seen} {caplog.text}"


async def test_a_defect_is_logged_by_its_place_and_not_by_its_text(world: Fixture) -> None:
    async def cannot_read(link: Link) -> Mapping[RecordType, Any]:
        raise KeyError(NUMBER)

    harbour = world()
    harbour.does(cannot_read)
    with structlog.testing.capture_logs() as lines:
        await harbour.boat()
    (line,) = lines
    assert (line["source"], line["exception"], line["why"]) == ("harbour", "KeyError", "adapter failed")
    assert line["where"].startswith("test_resilience.py:")
    assert NUMBER not in str(line)


async def test_the_callers_own_cancellation_passes_and_frees_the_place(world: Fixture) -> None:
    harbour = world(concurrency=1)
    harbour.does(lambda link: asyncio.sleep(30))
    asking = asyncio.create_task(harbour.boat())
    await until(lambda: harbour.source.health().under_way == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    health = harbour.source.health()
    assert (health.under_way, health.waiting, health.state) == (0, 0, BreakerState.CLOSED)
    harbour.does(FOUND)
    assert await harbour.fetch() == FOUND


async def test_an_agency_that_is_late_is_a_timeout(world: Fixture) -> None:
    harbour = world()
    harbour.does(lambda link: asyncio.sleep(30))
    assert await harbour.boat(budget=0.1) == Unavailable("timeout")


async def test_the_sources_own_timeout_bounds_a_generous_budget(world: Fixture) -> None:
    harbour = world(timeout=0.1)
    harbour.does(lambda link: asyncio.sleep(30))
    assert await harbour.boat(budget=30.0) == Unavailable("timeout")


async def test_an_answer_after_the_deadline_is_thrown_away(world: Fixture) -> None:
    async def overhears_its_end(link: Link) -> Mapping[RecordType, Any]:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return FOUND
        return {}

    harbour = world()
    harbour.does(overhears_its_end)
    assert await harbour.boat(budget=0.1) == Unavailable("timeout")


@pytest.mark.parametrize("budget", [0.0, -1.0])
async def test_without_time_nobody_is_asked(budget: float, world: Fixture) -> None:
    harbour = world()
    harbour.does(FOUND)
    fetched = await harbour.source.fetch(QUERY, "doe", "an-id", budget)
    assert (fetched.answers, fetched.attempts) == ({BOAT: Unavailable("no time left")}, 0)
