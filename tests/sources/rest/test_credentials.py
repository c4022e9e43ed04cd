"""How an agency is shown who asks, and how tokens come and go."""

import asyncio
import base64
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linkage.sources.adapter import Answer, Found, Refused, RefusedCause, Unavailable
from linkage.terms import CitizenNumber
from tests.sources.rest.ferry import BASIC, HEADER, NONE, OAUTH2, OTHER, QUERY, SOMMUT, World, written


@pytest.mark.parametrize("credentials", [NONE, HEADER, BASIC, QUERY, OAUTH2, OAUTH2 + '\nsend = "body"'])
async def test_each_kind_of_credentials_is_taken_and_wrong_ones_are_not(tmp_path: Path, credentials: str) -> None:
    world = World(written(tmp_path, credentials=credentials))
    await world.found()
    for name in world.simulator.door.secrets:
        world.simulator.door.secrets[name] = "changed-at-the-agency"
    world.simulator.end_tokens()
    answer = await world.ask()
    if credentials == OAUTH2 or "oauth2" in credentials:
        assert answer == Refused(RefusedCause.NOT_ENTITLED, "invalid_client")
    elif credentials != NONE:
        assert answer == Unavailable("status 401")


class Seen:
    """An office that notes each request and answers as it is told."""

    def __init__(self, *token_replies: Response) -> None:
        self.requests: list[Request] = []
        self.forms: list[bytes] = []
        self._replies = list(token_replies)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        self.requests.append(request)
        self.forms.append(await request.body())
        at_door = request.url.path == "/token"
        reply = self._replies.pop(0) if at_door and len(self._replies) > 1 else self._replies[0] if at_door else JSONResponse({}, 418)
        await reply(scope, receive, send)


def given_token(**other: Any) -> Response:
    return JSONResponse({"access_token": "opaque", "token_type": "bearer", "expires_in": 600} | other)


async def test_the_secrets_stand_where_the_manifest_says(tmp_path: Path) -> None:
    for credentials, shown in (
        (HEADER + '\nprefix = "Key "', ("x-key", "Key s3cret")),
        (BASIC, ("authorization", f"Basic {_basic('me', 's3cret')}")),
    ):
        seen = Seen()
        (file := tmp_path / "file").write_text(" s3cret\n")
        user = {"user": "me"} if credentials == BASIC else {}
        name = "password_file" if credentials == BASIC else "key_file"
        world = World(written(tmp_path, credentials=credentials), seen, **user, **{name: str(file)})
        await world.ask()
        assert seen.requests[0].headers[shown[0]] == shown[1]


async def test_the_token_is_asked_for_as_oauth_has_it(tmp_path: Path) -> None:
    (file := tmp_path / "file").write_text("s3cret")
    for send in ("basic", "body"):
        seen = Seen(given_token())
        folder = written(tmp_path, credentials=f'{OAUTH2}\nsend = "{send}"')
        await World(folder, seen, client_id="me", client_secret_file=str(file)).ask()
        door, question = seen.requests
        assert door.headers["content-type"] == "application/x-www-form-urlencoded"
        inside = b"&client_id=me&client_secret=s3cret" if send == "body" else b""
        assert seen.forms[0] == b"grant_type=client_credentials&scope=travel" + inside
        assert door.headers.get("authorization") == (f"Basic {_basic('me', 's3cret')}" if send == "basic" else None)
        assert question.headers["authorization"] == "Bearer opaque"


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


async def test_a_token_is_kept_until_shortly_before_its_end(tmp_path: Path) -> None:
    world = World(written(tmp_path, credentials=OAUTH2))
    world.simulator.knobs.token_expires = 600
    await world.found()
    world.clock.advance(539)
    await world.found()
    assert world.operations() == ["token", "traveller", "traveller"]
    world.clock.advance(1)  # a minute before its end
    await world.found()
    assert world.operations() == ["token", "traveller", "traveller", "token", "traveller"]


async def test_a_short_token_is_still_used_for_half_its_life(tmp_path: Path) -> None:
    world = World(written(tmp_path, credentials=OAUTH2))
    world.simulator.knobs.token_expires = 20
    await world.found()
    world.clock.advance(9)
    await world.found()
    assert Counter(world.operations()) == {"token": 1, "traveller": 2}


async def test_fifty_at_once_fetch_one_token(tmp_path: Path) -> None:
    world = World(written(tmp_path, credentials=OAUTH2))
    answers = await asyncio.gather(*(world.ask(SOMMUT if place % 2 else OTHER) for place in range(50)))
    assert Counter(world.operations()) == {"token": 1, "traveller": 50}
    for place, answer in enumerate(answers):
        assert isinstance(answer, Found)
        assert answer.about.number == CitizenNumber(SOMMUT if place % 2 else OTHER)


async def test_fifty_whose_token_was_ended_fetch_one_fresh_token(tmp_path: Path) -> None:
    world = World(written(tmp_path, credentials=OAUTH2))
    await world.found()
    world.simulator.end_tokens()
    answers: list[Answer] = await asyncio.gather(*(world.ask() for _ in range(50)))
    assert all(isinstance(answer, Found) for answer in answers)
    assert Counter(world.operations())["token"] == 2


async def test_a_token_that_is_never_taken_is_asked_with_twice_and_no_more(tmp_path: Path) -> None:
    world = World(written(tmp_path, credentials=OAUTH2))
    world.simulator.knobs.refuses_tokens = True
    assert await world.ask() == Unavailable("status 401")
    assert world.operations() == ["token", "traveller", "token", "traveller"]


async def test_a_401_without_a_token_is_asked_once(tmp_path: Path) -> None:
    world = World(written(tmp_path, credentials=HEADER))
    world.simulator.knobs.status = 401
    assert await world.ask() == Unavailable("status 401")
    assert world.operations() == ["traveller"]


async def test_two_recipients_never_share_a_token(tmp_path: Path) -> None:
    seen = Seen(given_token(access_token="first"), given_token(access_token="second"))
    world = World(written(tmp_path, credentials=OAUTH2), seen, client_id="one")
    await world.ask()
    world.settings = world.adapter.Settings.model_validate(world.settings.model_dump() | {"client_id": "two"})
    await world.ask()
    shown = [request.headers.get("authorization") for request in seen.requests if request.url.path != "/token"]
    assert shown == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (JSONResponse({"error": "invalid_client"}, 401), Refused(RefusedCause.NOT_ENTITLED, "invalid_client")),
        (JSONResponse({"error": "unauthorized_client"}, 400), Refused(RefusedCause.NOT_ENTITLED, "unauthorized_client")),
        (JSONResponse({"error": "invalid_client"}, 500), Unavailable("token status 500")),
        (JSONResponse({"error": "something"}, 400), Unavailable("token status 400")),
        (JSONResponse({"error": ["invalid_client"]}, 400), Unavailable("token status 400")),
        (JSONResponse({}, 404), Unavailable("token status 404")),
        (JSONResponse({}, 503, headers={"retry-after": "7"}), Unavailable("token status 503", 7.0)),
        (Response("no json"), Unavailable("no token")),
        (JSONResponse(["x"]), Unavailable("no token")),
        (JSONResponse({}), Unavailable("no token")),
        (given_token(access_token=""), Unavailable("no token")),
        (given_token(access_token="two\nlines"), Unavailable("no token")),
        (given_token(access_token=5), Unavailable("no token")),
        (given_token(access_token="x" * 20_000), Unavailable("no token")),
        (given_token(token_type="mac"), Unavailable("token of another kind")),
        (given_token(token_type=None), Unavailable("token of another kind")),
        (given_token(expires_in=0), Unavailable("token already ended")),
        (given_token(expires_in=-5), Unavailable("token already ended")),
        (given_token(expires_in="soon"), Unavailable("token already ended")),
        (given_token(expires_in=True), Unavailable("token already ended")),
    ],
)
async def test_what_the_token_page_may_say_instead(tmp_path: Path, reply: Response, answer: Answer) -> None:
    seen = Seen(reply)
    assert await World(written(tmp_path, credentials=OAUTH2), seen).ask() == answer
    assert [request.url.path for request in seen.requests] == ["/token"]  # nobody was asked about, and nothing was tried again


@pytest.mark.parametrize(("lifetime", "seconds"), [("3600.0", 3600), ("36e2", 3600), ("1e999999999", 86_400), ('"999999999"', 86_400)])
async def test_a_lifetime_is_any_whole_number_and_a_day_at_most(tmp_path: Path, lifetime: str, seconds: int) -> None:
    token = Response(f'{{"access_token": "opaque", "expires_in": {lifetime}}}', media_type="application/json")
    seen = Seen(token)
    world = World(written(tmp_path, credentials=OAUTH2), seen)
    await world.ask()
    world.clock.advance(seconds - 61)
    await world.ask()
    assert [request.url.path for request in seen.requests].count("/token") == 1
    world.clock.advance(2)
    await world.ask()
    assert [request.url.path for request in seen.requests].count("/token") == 2


@pytest.mark.parametrize("lifetime", ["3600.5", "-1e999999999", "0.0"])
async def test_a_lifetime_that_is_no_number_of_seconds_is_none(tmp_path: Path, lifetime: str) -> None:
    token = Response(f'{{"access_token": "opaque", "expires_in": {lifetime}}}', media_type="application/json")
    assert await World(written(tmp_path, credentials=OAUTH2), Seen(token)).ask() == Unavailable("token already ended")


async def test_a_token_that_failed_to_come_is_asked_for_anew_by_the_next(tmp_path: Path) -> None:
    seen = Seen(JSONResponse({}, 503), given_token())
    world = World(written(tmp_path, credentials=OAUTH2), seen)
    assert await world.ask() == Unavailable("token status 503")
    assert await world.ask() == Unavailable("status 418")  # it got in


@pytest.mark.parametrize(("lifetime", "fetched"), [("", 1), ("\nlifetime = 120", 2)])
async def test_a_token_whose_end_nobody_says_lasts_as_the_manifest_says_or_until_it_is_refused(
    tmp_path: Path, lifetime: str, fetched: int
) -> None:
    seen = Seen(JSONResponse({"access_token": "opaque"}))
    world = World(written(tmp_path, credentials=OAUTH2 + lifetime), seen)
    await world.ask()
    world.clock.advance(3600)
    await world.ask()
    assert sum(request.url.path == "/token" for request in seen.requests) == fetched


@pytest.mark.parametrize("content", [None, b"", b" \n", b"two\nlines", b"\xff\xfe", "ความลับ".encode()])
@pytest.mark.parametrize(("credentials", "setting"), [(HEADER, "key_file"), (OAUTH2, "client_secret_file")])
async def test_a_secret_that_cannot_be_read_is_unavailable_and_nobody_is_asked(
    tmp_path: Path, content: bytes | None, credentials: str, setting: str
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    secret: dict[str, Any] = {setting: str(file)}
    world = World(written(tmp_path, credentials=credentials), **secret)
    assert await world.ask() == Unavailable("secret unreadable")
    assert world.operations() == []


async def test_a_changed_secret_needs_no_restart(tmp_path: Path) -> None:
    (file := tmp_path / "file").write_text("old")
    world = World(written(tmp_path, credentials=HEADER), key_file=str(file))
    world.simulator.door.secrets["key"] = "new"
    assert await world.ask() == Unavailable("status 401")
    file.write_text("new")
    assert isinstance(await world.ask(), Found)


async def test_a_secret_in_the_body_is_read_from_its_file(tmp_path: Path) -> None:
    def edit(page: str) -> str:
        page = page.replace("page = 1 }", 'page = 1, password = "{secrets.pass_word}" }')
        return page + '\n[secrets.pass_word]\nabout = "the office\'s pass word"\n'

    world = World(written(tmp_path, manifest=edit))
    await world.found()
    world.simulator.door.secrets["pass_word"] = "another"
    assert await world.ask() == Unavailable("status 401")
