"""GDX's door: tokens are fetched once, kept, renewed, dropped where GDX knows them no more; and nothing else is asked twice."""

import asyncio
import traceback
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.gdx.exchange import TOKEN_SECONDS
from adapters.gdx.settings import JURISTIC_PERSON, PERSON
from adapters.gdx.simulator_door import AGENT, CONSUMER_KEY, CONSUMER_SECRET, SYSTEM
from adapters.gdx.tests.world import REQUEST_ID, SOMMUT, TRADING, Page, TokenPage, World, query
from linkage.sources.adapter import Answer, Found, Malformed, Refused, RefusedCause, Unavailable, Verified
from linkage.terms import Verdict

GOOD = {"ResultList": [{"JuristicID": TRADING, "JuristicStatus": "ร้าง"}], "RawData": ""}


async def test_the_requests_are_as_gdx_wants_them() -> None:
    page = Page(GOOD)
    assert isinstance(await page.world.juristic(TRADING, "status"), Found)
    (door, asked, shown), (path, about, headers) = page.asked
    assert (door, asked) == ("/ws/auth/validate", {"ConsumerSecret": CONSUMER_SECRET, "AgentID": AGENT})
    assert "token" not in shown
    assert (path, about) == ("/ws/dbd/juristic/v4/profile/information", {"JuristicID": TRADING})
    assert headers["token"] == "the-token"
    for sent in (shown, headers):
        assert sent["consumer-key"] == CONSUMER_KEY
        assert sent["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
        assert sent["x-request-id"] == REQUEST_ID


async def test_a_system_is_named_where_no_person_is_the_agent() -> None:
    page = Page(GOOD, agent_number_file=None, agent_system=SYSTEM)
    await page.world.juristic()
    assert page.asked[0][1]["AgentID"] == SYSTEM


async def test_a_token_is_kept_and_serves_every_question(world: World) -> None:
    assert isinstance(await world.juristic(), Found)
    assert isinstance(await world.person(), Found)
    assert (await world.verify()) is not None
    assert world.operations() == ["token", "juristic_person", "person", "card"]


async def test_a_token_is_renewed_before_gdx_could_end_it(world: World) -> None:
    await world.juristic()
    world.clock.advance(TOKEN_SECONDS - 1)
    await world.juristic()
    assert world.simulator.door.issued == 1
    world.clock.advance(1)
    await world.juristic()
    assert world.simulator.door.issued == 2
    assert world.operations() == ["token", "juristic_person", "juristic_person", "token", "juristic_person"]
    assert TOKEN_SECONDS < 3600


async def test_fifty_at_once_fetch_one_token(world: World) -> None:
    world.simulator.knobs.slow = 0.01
    answers = await asyncio.gather(*(world.juristic(TRADING, "status") for _ in range(50)))
    assert all(isinstance(answer, Found) for answer in answers)
    assert world.operations().count("token") == 1


async def test_fifty_whose_token_has_ended_fetch_one_anew(world: World) -> None:
    await world.juristic()
    world.simulator.door.forget()
    world.simulator.knobs.slow = 0.01
    answers = await asyncio.gather(*(world.juristic(TRADING, "status") for _ in range(50)))
    assert all(isinstance(answer, Found) for answer in answers)
    assert world.operations().count("token") == 2


async def test_a_token_that_gdx_knows_no_more_is_dropped_and_the_question_asked_once_more(world: World) -> None:
    await world.juristic()
    world.simulator.door.forget()
    assert isinstance(await world.juristic(), Found)
    assert world.operations() == ["token", "juristic_person", "juristic_person", "token", "juristic_person"]


async def test_a_question_is_asked_twice_at_most(world: World) -> None:
    world.simulator.knobs.token_lives = 0
    assert await world.juristic() == Unavailable("token not taken")
    assert world.operations() == ["token", "juristic_person", "token", "juristic_person"]
    assert await world.verify() == Verified(Verdict.UNAVAILABLE, why="token not taken")
    assert await world.probe() == Unavailable("token not taken")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 500, 502, 503])
async def test_no_other_failure_is_asked_again(world: World, status: int) -> None:
    await world.juristic()
    world.simulator.knobs.status = status
    assert await world.juristic() == Unavailable(f"status {status}")
    assert world.operations() == ["token", "juristic_person", "juristic_person"]


async def test_a_token_is_asked_for_once_and_its_failure_is_not_kept(world: World) -> None:
    world.simulator.knobs.only = frozenset({"token"})
    world.simulator.knobs.status = 500
    assert await world.juristic() == Unavailable("status 500")
    assert world.operations() == ["token"]
    world.simulator.knobs.status = None
    assert isinstance(await world.juristic(), Found)


REFUSED_AT_THE_DOOR: list[tuple[int, object, Answer]] = [
    (403, {"Message": "ForbiddenException: consumer not found"}, Refused(RefusedCause.NOT_ENTITLED, "403")),
    (403, b"ForbiddenException: consumer not found", Refused(RefusedCause.NOT_ENTITLED, "403")),
    (401, {"Message": "UnauthorizedException: no right"}, Refused(RefusedCause.NOT_ENTITLED, "401")),
    (403, b"<html>blocked</html>", Unavailable("status 403")),
    (401, b"", Unavailable("status 401")),
    (404, b"", Unavailable("status 404")),
    (404, {"Message": "ไม่พบข้อมูล"}, Unavailable("status 404")),
    (404, {"Code": "90500", "Message": "ไม่พบข้อมูล"}, Unavailable("no token")),
    (204, b"", Unavailable("status 204")),
    (500, {"Message": "ไม่พบข้อมูล"}, Unavailable("status 500")),
    (302, b"", Unavailable("status 302")),
]


@pytest.mark.parametrize("row", REFUSED_AT_THE_DOOR)
async def test_a_door_that_does_not_open_is_never_a_word_about_the_subject(row: tuple[int, object, Answer]) -> None:
    status, body, answer = row
    page = TokenPage(body, status)
    assert await page.world.juristic() == answer
    assert page.asked == ["/ws/auth/validate"]
    assert await page.world.person() == answer
    assert await page.world.probe() == answer


async def test_a_wait_that_gdx_asks_for_is_handed_on() -> None:
    page = TokenPage(b"", 503, **{"retry-after": "30"})
    assert await page.world.juristic() == Unavailable("status 503", 30.0)
    said = await page.world.verify()
    assert said == Verified(Verdict.UNAVAILABLE, why="status 503", retry_after=30.0)


WRONG_TOKENS: list[object] = [
    b"",
    b"[]",
    {},
    {"Result": None},
    {"Result": ""},
    {"Result": "  "},
    {"Result": ["token"]},
    {"Result": "two\nlines"},
    {"Result": "โทเคน"},
]


@pytest.mark.parametrize("number", range(len(WRONG_TOKENS)))
async def test_what_is_no_token_is_malformed_and_never_repeated(number: int) -> None:
    page = TokenPage(WRONG_TOKENS[number])
    with pytest.raises(Malformed) as raised:
        await page.world.juristic()
    assert page.asked == ["/ws/auth/validate"]
    told = "".join(traceback.format_exception(raised.value))
    assert not any(value in told for value in ("โทเคน", "lines\n", CONSUMER_SECRET, CONSUMER_KEY, AGENT, TRADING))


async def test_two_recipients_never_share_a_token(world: World) -> None:
    other = world.settings_with(agent_number_file=None, agent_system=SYSTEM)
    await world.ask(JURISTIC_PERSON, TRADING)
    await world.ask(JURISTIC_PERSON, TRADING, link=world.link(settings=other))
    await world.ask(JURISTIC_PERSON, TRADING, link=world.link(settings=world.settings_with()))
    assert world.simulator.door.issued == 2


async def test_who_leaves_while_a_token_is_fetched_leaves_the_others_their_token() -> None:
    entered, opens, came = asyncio.Event(), asyncio.Event(), []

    async def door(_: Request) -> Response:
        came.append("token")
        entered.set()
        await opens.wait()
        return JSONResponse({"Result": "the-token"})

    async def page(_: Request) -> Response:
        return JSONResponse(GOOD)

    world = World(Starlette(routes=[Route("/ws/auth/validate", door), Route("/{path:path}", page)]))
    first = asyncio.create_task(world.juristic(TRADING, "status"))
    await entered.wait()
    others = [asyncio.create_task(world.juristic(TRADING, "status")) for _ in range(3)]
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    opens.set()
    assert all(isinstance(answer, Found) for answer in await asyncio.gather(*others))
    assert came == ["token", "token"]


async def test_a_dropped_token_does_not_take_a_newer_one_with_it() -> None:
    """Two questions with the old token: the second 401 comes when the first has already fetched anew."""
    issued: list[str] = []

    async def door(_: Request) -> Response:
        issued.append(f"token-{len(issued)}")
        return JSONResponse({"Result": issued[-1]})

    async def page(request: Request) -> Response:
        if request.headers["token"] == "token-0":
            await asyncio.sleep(0.02 if request.query_params["JuristicID"] == TRADING else 0.0)
            return JSONResponse({"Message": "UnauthorizedException: token not found"}, 401)
        return JSONResponse({"ResultList": [{"JuristicID": request.query_params["JuristicID"]}], "RawData": ""})

    world = World(Starlette(routes=[Route("/ws/auth/validate", door), Route("/{path:path}", page)]))
    answers = await asyncio.gather(world.juristic(TRADING, "juristic_id"), world.juristic("0995500000022", "juristic_id"))
    assert all(isinstance(answer, Found) for answer in answers)
    assert issued == ["token-0", "token-1"]


async def test_the_wrong_subject_is_not_asked_about(world: World) -> None:
    somebody, body = query(PERSON, SOMMUT), query(JURISTIC_PERSON, TRADING)
    crossed = replace(somebody, wanted=body.wanted), replace(body, wanted=somebody.wanted)
    assert await world.adapter.fetch(crossed[0], world.link()) == {JURISTIC_PERSON: Unavailable("not a juristic person")}
    assert await world.adapter.fetch(crossed[1], world.link()) == {PERSON: Unavailable("not a person")}
    assert world.simulator.received == []
