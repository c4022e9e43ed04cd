"""ThaID's wire: what goes out to the token page, and replies of every shape that may come back."""

import base64
import json
import traceback
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.thaid.consent import EVIDENCE_ERRORS
from adapters.thaid.tests.world import BACK, REQUEST_ID, SOMMUT, World
from linkage.sources.adapter import About, Malformed, Refused, RefusedCause, Verified
from linkage.terms import CitizenNumber, Secret, ThaidCode, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE = ThaidCode(Secret("the-code"), BACK)
NOW = 1_767_225_600
GOOD: dict[str, object] = {"access_token": "a", "token_type": "Bearer", "pid": SOMMUT}
MATCH = Verified(Verdict.MATCH, about=About(CitizenNumber(SOMMUT)))


class Page:
    """A ThaID whose every page replies what it is told to."""

    def __init__(self, folder: Path, reply: object, status: int = 200, **settings: object) -> None:
        self.asked: list[tuple[str, Mapping[str, str], dict[str, str]]] = []

        async def answer(request: Request) -> Response:
            form = dict(parse_qsl((await request.body()).decode()))
            self.asked.append((request.url.path, request.headers, form))
            return Response(reply if isinstance(reply, bytes) else json.dumps(reply), status, media_type="application/json")

        self.world = World(folder, Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])]), **settings)


async def test_the_request_is_as_thaid_wants_it(tmp_path: Path) -> None:
    (tmp_path / "api_key").write_text("the-key\n", encoding="utf-8")
    page = Page(tmp_path, GOOD, api_key_file=tmp_path / "api_key")
    assert await page.world.verify(CODE) == MATCH
    (path, headers, form), (revoked, _, token) = page.asked
    assert (path, revoked) == ("/api/v2/oauth2/token/", "/api/v2/oauth2/revoke/")
    assert form == {"grant_type": "authorization_code", "code": "the-code", "redirect_uri": BACK}
    assert token == {"token": "Bearer a"}
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"linkage-demo:not-a-secret"
    assert (headers["x-request-id"], headers["x-imauth-apikey"]) == (REQUEST_ID, "the-key")


async def test_without_an_api_key_none_is_sent(tmp_path: Path) -> None:
    page = Page(tmp_path, GOOD)
    await page.world.verify(CODE)
    assert "x-imauth-apikey" not in page.asked[0][1]


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("error", ["duplicate_request", "invalid_request", "user_denied", "access_denied", "invalid_grant"])
async def test_an_error_about_the_code_is_to_be_shown_anew(tmp_path: Path, status: int, error: str) -> None:
    assert await Page(tmp_path, {"error": error}, status).world.verify(CODE) == Refused(RefusedCause.EVIDENCE, error)
    assert error in EVIDENCE_ERRORS


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((400, {"error": error}) for error in ("invalid_scope", "unsupported_response_type", "unsupported_grant_type")),
        *((400, {"error": error}) for error in ("unsupported_token_hint", "unsupported_token_type", "server_error")),
        *((401, {"error": error}) for error in ("unauthorized_client", "invalid_client", "invalid_refresh_token")),
        (400, {"error": ["invalid_request"]}),
        (400, b"<html>"),
        (404, b"not found"),
        (500, {"error": "access_denied"}),
        (503, b""),
    ],
)
async def test_every_other_error_is_unavailable(tmp_path: Path, status: int, body: object) -> None:
    assert await Page(tmp_path, body, status).world.verify(CODE) == Verified(Verdict.UNAVAILABLE, why=f"status {status}")


@pytest.mark.parametrize("key", ["expire_in", "expires_in"])
@pytest.mark.parametrize("ends", [NOW + 900, str(NOW + 900), 900])
async def test_both_spellings_of_the_end_are_read(tmp_path: Path, key: str, ends: object) -> None:
    assert await Page(tmp_path, GOOD | {key: ends}).world.verify(CODE) == MATCH


@pytest.mark.parametrize("key", ["expire_in", "expires_in"])
@pytest.mark.parametrize("ends", [NOW, 1_612_857_374, str(NOW - 1), 0])
async def test_a_token_that_has_ended_is_unavailable(tmp_path: Path, key: str, ends: object) -> None:
    said = await Page(tmp_path, GOOD | {key: ends}).world.verify(CODE)
    assert said == Verified(Verdict.UNAVAILABLE, why="token already ended")


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"[]",
        b"1100000000016",
        GOOD | {"pid": None},
        GOOD | {"pid": "1100000000017"},
        GOOD | {"pid": 1100000000016},
        GOOD | {"pid": "๑๑๐๐๐๐๐๐๐๐๐๑๖"},
        GOOD | {"access_token": None},
        GOOD | {"access_token": ""},
        GOOD | {"expire_in": "1100000000016 s"},
        GOOD | {"expire_in": True},
        GOOD | {"birthdate": "25300115"},
        GOOD | {"birthdate": "2530-01-15"},
        GOOD | {"birthdate": "1987-02-30"},
        GOOD | {"birthdate": "1987-00-15"},
        GOOD | {"given_name": ["สมมติ"]},
    ],
)
async def test_a_reply_that_is_not_as_documented_is_malformed_and_never_repeated(tmp_path: Path, reply: object) -> None:
    with pytest.raises(Malformed) as raised:
        await Page(tmp_path, reply).world.verify(CODE)
    told = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
    assert not any(value in told for value in ("110000000001", "สมมติ", "1987", "2530", "the-code"))
