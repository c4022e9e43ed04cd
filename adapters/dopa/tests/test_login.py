"""An officer's own login at Linkage Center: by ThaID, by smart card, renewed, ended."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.dopa.settings import PERSON
from adapters.dopa.simulator_linkage import card_envelope
from adapters.dopa.tests.world import OFFICE, OFFICER, World
from linkage.sources.adapter import Found, LoginBegin, LoginConfirm, LoginOffer, Malformed, Refused, RefusedCause, Session, Unavailable
from linkage.terms import CitizenNumber, Secret

SOMMUT = "1100000000016"
THAID = LoginBegin(OFFICER, None)


def card(world: World) -> LoginBegin:
    return LoginBegin(OFFICER, Secret(world.person(OFFICER.reveal()).chip))


async def offer(world: World, begun: LoginBegin) -> LoginOffer:
    offered = await world.adapter.begin(begun, world.link())
    assert isinstance(offered, LoginOffer)
    return offered


async def test_an_officer_logs_in_by_thaid_and_may_then_ask(world: World) -> None:
    offered = await offer(world, THAID)
    assert offered.challenge == ""
    assert [office for office, _ in offered.offices] == [99901, 99902]
    session = await world.log_in()
    assert session.expires_at == world.clock.now_ms() // 1000 + 3600
    assert isinstance((await world.fetch(SOMMUT, {PERSON: ["age"]}, session.token))[PERSON], Found)


async def test_an_officer_logs_in_by_smart_card(world: World) -> None:
    begun = card(world)
    offered = await offer(world, begun)
    assert begun.chip_number is not None
    envelope = Secret(card_envelope(offered.challenge, begun.chip_number.reveal()))
    session = await world.adapter.confirm(LoginConfirm(begun, offered.challenge, OFFICE, envelope, None), world.link())
    assert isinstance(session, Session)


async def test_a_wrong_envelope_and_a_used_challenge_are_refused(world: World) -> None:
    begun = card(world)
    offered = await offer(world, begun)
    for _ in range(2):
        said = await world.adapter.confirm(LoginConfirm(begun, offered.challenge, OFFICE, Secret("no"), None), world.link())
        assert said == Refused(RefusedCause.LOGIN_REFUSED, "95003")


async def test_who_is_no_officer_and_whose_chip_is_another_is_refused(world: World) -> None:
    nobody = await world.adapter.begin(LoginBegin(CitizenNumber(SOMMUT), None), world.link())
    assert nobody == Refused(RefusedCause.LOGIN_REFUSED, "404")
    chip = await world.adapter.begin(LoginBegin(OFFICER, Secret("0000000000000000")), world.link())
    assert chip == Refused(RefusedCause.LOGIN_REFUSED, "90009")


async def test_a_thaid_token_that_the_center_does_not_accept_is_refused(world: World) -> None:
    world.simulator.accepts_access_token = lambda token, number: (token, number) == ("good", OFFICER.reveal())
    confirm = LoginConfirm(THAID, "", OFFICE, None, Secret("bad"))
    assert await world.adapter.confirm(confirm, world.link()) == Refused(RefusedCause.LOGIN_REFUSED, "401")
    good = LoginConfirm(THAID, "", OFFICE, None, Secret("good"))
    assert isinstance(await world.adapter.confirm(good, world.link()), Session)


async def test_an_office_that_was_not_offered_is_not_entitled(world: World) -> None:
    confirm = LoginConfirm(THAID, "", 1, None, Secret("token"))
    assert await world.adapter.confirm(confirm, world.link()) == Refused(RefusedCause.NOT_ENTITLED, "95004")


async def test_without_a_proof_nothing_is_asked(world: World) -> None:
    said = await world.adapter.confirm(LoginConfirm(THAID, "", OFFICE, None, None), world.link())
    assert said == Refused(RefusedCause.LOGIN_REFUSED, "")
    assert world.operations() == []


async def test_a_session_is_renewed_until_an_hour_after_its_end(world: World) -> None:
    session = await world.log_in()
    world.clock.advance(3600 + 3599)
    expired = await world.fetch(SOMMUT, {PERSON: ["age"]}, session.token)
    assert expired[PERSON] == Refused(RefusedCause.LOGIN_EXPIRED, "401")
    renewed = await world.adapter.renew(session.token, world.link())
    assert isinstance(renewed, Session)
    assert renewed.expires_at == session.expires_at + 3600 + 3599
    assert isinstance((await world.fetch(SOMMUT, {PERSON: ["age"]}, renewed.token))[PERSON], Found)
    world.clock.advance(3600 + 3600)
    assert await world.adapter.renew(renewed.token, world.link()) == Refused(RefusedCause.LOGIN_EXPIRED, "401")


def test_the_adapter_says_when_to_renew(world: World) -> None:
    assert (world.adapter.renew_before, world.adapter.renew_until, world.adapter.needs_login) == (600, 3600, True)


async def test_an_ended_session_is_good_for_nothing(world: World) -> None:
    session = await world.log_in()
    assert await world.adapter.end(session.token, world.link()) is None
    ended = Refused(RefusedCause.LOGIN_EXPIRED, "401")
    assert (await world.fetch(SOMMUT, {PERSON: ["age"]}, session.token))[PERSON] == ended
    assert await world.adapter.end(session.token, world.link()) == ended
    assert await world.adapter.renew(session.token, world.link()) == ended


@pytest.mark.parametrize("step", ["login", "confirm", "renew", "logout", "job", "request"])
async def test_a_center_that_is_down_is_unavailable_at_every_step(step: str) -> None:
    world = World(job_id=None)
    session = await world.log_in()
    world.simulator.knobs.only = frozenset({step})
    world.simulator.knobs.down = True
    down = Unavailable("status 503", 30.0)
    link = world.link()
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "login": lambda: world.adapter.begin(THAID, link),
        "confirm": lambda: world.adapter.confirm(LoginConfirm(THAID, "", OFFICE, None, Secret("t")), link),
        "renew": lambda: world.adapter.renew(session.token, link),
        "logout": lambda: world.adapter.end(session.token, link),
    }
    if step in calls:
        assert await calls[step]() == down
    else:
        assert (await world.fetch(SOMMUT, {PERSON: ["age"]}, session.token))[PERSON] == down


def scripted(status: int, body: object) -> tuple[World, list[Any]]:
    asked: list[Any] = []

    async def answer(request: Request) -> Response:
        asked.append(json.loads(await request.body()))
        return Response(body if isinstance(body, bytes) else json.dumps(body), status, media_type="application/json")

    return World(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "DELETE"])])), asked


async def test_both_steps_go_out_as_the_center_wants_them() -> None:
    world, asked = scripted(200, {"office": [], "random": "x", "token": jwt.encode({"exp": 9}, "k" * 32)})
    await world.adapter.begin(THAID, world.link())
    await world.adapter.begin(LoginBegin(OFFICER, Secret("00000000DEAD0037")), world.link())
    await world.adapter.confirm(LoginConfirm(THAID, "", 7, None, Secret("access")), world.link())
    await world.adapter.confirm(LoginConfirm(THAID, "rnd", 7, Secret("env"), None), world.link())
    assert asked == [
        {"loginType": 2, "personalID": 3100000000063},
        {"loginType": 1, "personalID": 3100000000063, "chipNo": "00000000DEAD0037"},
        {"loginType": 2, "officeID": 7, "personalID": 3100000000063, "accessToken": "access"},
        {"loginType": 1, "officeID": 7, "random": "rnd", "envelope": "env"},
    ]


def token(**claims: object) -> dict[str, object]:
    return {"token": jwt.encode(claims, "k" * 32)}


@pytest.mark.parametrize("claims", [{"exp": 1_800_000_000}, {"exp": 1_800_000_000, "userPersonalID": 3100000000063}])
async def test_the_end_of_a_session_is_what_its_token_says(claims: Mapping[str, object]) -> None:
    world, _ = scripted(201, token(**claims))
    said = await world.adapter.confirm(LoginConfirm(THAID, "", 7, None, Secret("a")), world.link())
    assert isinstance(said, Session)
    assert said.expires_at == 1_800_000_000


async def test_a_session_of_another_officer_is_refused() -> None:
    world, _ = scripted(201, token(exp=1_800_000_000, userPersonalID=1100000000164))
    said = await world.adapter.confirm(LoginConfirm(THAID, "", 7, None, Secret("a")), world.link())
    assert said == Refused(RefusedCause.LOGIN_REFUSED, "userPersonalID")


@pytest.mark.parametrize("body", [b"x", {}, {"token": 1}, {"token": ""}, {"token": "a.b.c"}, token(), token(exp="soon"), token(exp=-1)])
async def test_a_token_that_cannot_be_read_is_malformed(body: object) -> None:
    world, _ = scripted(201, body)
    with pytest.raises(Malformed):
        await world.adapter.confirm(LoginConfirm(THAID, "", 7, None, Secret("a")), world.link())


@pytest.mark.parametrize(
    "body",
    [
        b"x",
        {},
        {"office": {}},
        {"office": [1]},
        {"office": [{"id": "x", "name": "y"}]},
        {"office": [{"id": 1}]},
        {"office": []},
        {"office": [], "random": ""},
    ],
)
async def test_an_offer_that_cannot_be_read_is_malformed(body: object) -> None:
    world, _ = scripted(200, body)
    with pytest.raises(Malformed):
        await world.adapter.begin(LoginBegin(OFFICER, Secret("00000000DEAD0037")), world.link())


async def test_an_office_number_may_be_a_text() -> None:
    world, _ = scripted(200, {"office": [{"id": "99901", "name": " ศูนย์ "}]})
    assert await world.adapter.begin(THAID, world.link()) == LoginOffer([(99901, "ศูนย์")], "")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, {"errorMessage": "-", "errorNumber": 90500}, Refused(RefusedCause.LOGIN_REFUSED, "90500")),
        (400, {"errorMessage": "-", "errorNumber": 95001}, Refused(RefusedCause.NOT_ENTITLED, "95001")),
        (404, b"<html>", Unavailable("status 404")),
        (403, {"errorMessage": "-"}, Unavailable("status 403")),
    ],
)
async def test_a_login_that_is_turned_away_says_why(status: int, body: object, said: object) -> None:
    world, _ = scripted(status, body)
    assert await world.adapter.begin(THAID, world.link()) == said
