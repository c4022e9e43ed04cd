"""What replies mean that are no record: the rules decide, in their order; whatever no rule knows is unavailable."""

from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from linkage.sources.adapter import Answer, Found, Malformed, NotFound, Refused, RefusedCause, Unavailable
from linkage.sources.rest.reading import read_manifest
from tests.sources.rest.ferry import NOBODY, OTHER, PASS, SOMMUT, TICKET, World, change, written


def answering(reply: Response) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await reply(scope, receive, send)

    return app


NONE = {"error": "NONE"}


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (JSONResponse(NONE, 404), NotFound()),
        (JSONResponse({}, 404), Unavailable("status 404")),
        (Response(status_code=404), Unavailable("status 404")),
        (Response("<html>", 404), Unavailable("status 404")),
        (JSONResponse({"error": "none"}, 404), Unavailable("status 404")),
        (JSONResponse([NONE], 404), Unavailable("status 404")),
        (JSONResponse(NONE, 500), Unavailable("status 500")),
        (JSONResponse(NONE, 503, headers={"retry-after": "30"}), Unavailable("status 503", 30.0)),
        (JSONResponse(NONE, 200), Unavailable("error inside")),
        (JSONResponse(NONE, 302), Unavailable("status 302")),
        (Response(status_code=204), Unavailable("status 204")),
        (JSONResponse({"error": True}, 200), Unavailable("error inside")),
        (JSONResponse({}, 429), Refused(RefusedCause.QUOTA, "Q1")),
        (Response("x", 429, headers={"retry-after": "3600"}), Refused(RefusedCause.QUOTA, "Q1", 3600.0)),
        (Response("x", 429, headers={"retry-after": "tomorrow"}), Refused(RefusedCause.QUOTA, "Q1")),
        (Response("x", 429, headers={"retry-after": "99999"}), Refused(RefusedCause.QUOTA, "Q1", 86_400.0)),
        (JSONResponse({"error": "LOGIN"}, 400), Refused(RefusedCause.LOGIN_REQUIRED, "unspecified")),
        (JSONResponse({"error": "LOGIN"}, 200), Refused(RefusedCause.LOGIN_REQUIRED, "unspecified")),
        (JSONResponse({"error": "else"}, 400), Unavailable("status 400")),
    ],
)
async def test_what_a_reply_means(tmp_path: Path, reply: Response, answer: Answer) -> None:
    assert await World(written(tmp_path), answering(reply)).ask(SOMMUT, TICKET) == answer


@pytest.mark.parametrize(
    "content", [b"", b"null", b"{", b"\xff", b"[" * 50_000, b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a": ' + b"9" * 5000 + b"}"]
)
async def test_a_reply_that_is_no_json_is_malformed(tmp_path: Path, content: bytes) -> None:
    world = World(written(tmp_path), answering(Response(content, media_type="application/json")))
    with pytest.raises(Malformed):
        await world.ask()


async def test_the_first_rule_that_fits_decides(tmp_path: Path) -> None:
    first = '[[rule]]\nmeans = "not_entitled"\nstatus = [404]\ncode = "E1"\n\n[[rule]]\nmeans = "not_found"\nstatus = [404]\n'
    edit = change('[[rule]]\nmeans = "not_found"\nstatus = [404]\n', first)
    assert await World(written(tmp_path, manifest=edit)).ask(NOBODY) == Refused(RefusedCause.NOT_ENTITLED, "E1")


async def test_a_rule_for_one_record_type_says_nothing_of_the_other(tmp_path: Path) -> None:
    body = {"ok": True, "id": SOMMUT, "legs": [], "name": {}, "born": None, "ticket": {"serial": "A"}, "pass": {"state": "never"}}
    answers = await World(written(tmp_path), answering(JSONResponse(body))).fetch(SOMMUT, {TICKET: ("serial",), PASS: ("state",)})
    assert isinstance(answers[TICKET], Found)
    assert answers[PASS] == NotFound()


@pytest.mark.parametrize(
    "beside",
    [
        {"id": OTHER},
        {"legs": [{"owner": NOBODY}, {"owner": OTHER}]},
        {"ticket": {"serial": "A"}},
        {"ticket": [{}]},
        {"ticket": "see below"},
        {"id": {"of": NOBODY}},
    ],
)
async def test_a_not_found_of_another_subject_or_with_a_record_is_no_answer(tmp_path: Path, beside: dict[str, Any]) -> None:
    try:
        answer: object = await World(written(tmp_path), answering(JSONResponse(NONE | beside, 404))).ask(NOBODY)
    except Malformed as failed:
        answer = failed
    assert isinstance(answer, Unavailable | Malformed)


@pytest.mark.parametrize(
    "beside", [{"id": NOBODY}, {"id": None, "legs": None}, {"legs": [{"owner": NOBODY}], "ticket": {}}, {"ticket": None}]
)
async def test_a_not_found_may_repeat_whom_it_is_about(tmp_path: Path, beside: dict[str, Any]) -> None:
    assert await World(written(tmp_path), answering(JSONResponse(NONE | beside, 404))).ask(NOBODY) == NotFound()


async def test_a_record_that_is_the_whole_reply_is_told_from_its_not_found_by_its_fields(tmp_path: Path) -> None:
    edit = change('root = "pass"', 'root = "@"')
    for body, answer in (
        (NONE | {"message": "none", "id": SOMMUT}, NotFound()),
        (NONE | {"state": "good"}, Unavailable("not found, with a record")),
    ):
        assert await World(written(tmp_path, manifest=edit), answering(JSONResponse(body, 404))).ask(SOMMUT, PASS) == answer


async def test_a_rule_that_cannot_be_computed_is_no_answer(tmp_path: Path) -> None:
    edit = change("when = \"error && error != 'NO'\"", "when = \"contains(error, 'fail')\"")
    body = {"ok": True, "id": SOMMUT, "legs": [], "ticket": {"serial": "A"}, "error": 7}
    with pytest.raises(Malformed):
        await World(written(tmp_path, manifest=edit), answering(JSONResponse(body))).ask(SOMMUT, TICKET, "serial")


async def test_a_reply_with_a_key_given_twice_is_malformed(tmp_path: Path) -> None:
    twice = b'{"ok": true, "id": "1100000000032", "id": "1100000000016", "legs": [], "ticket": {"serial": "A"}}'
    with pytest.raises(Malformed):
        await World(written(tmp_path), answering(Response(twice))).ask(SOMMUT, TICKET, "serial")


async def test_a_bare_404_is_not_found_only_where_the_manifest_says_so(tmp_path: Path) -> None:
    world = World(
        written(tmp_path, manifest=change("status = [404]\nwhen = \"error == 'NONE'\"", "status = [404]")),
        answering(Response("<html>", 404)),
    )
    assert await world.ask() == NotFound()
    assert world.adapter.bare_404_is_not_found
    assert not read_manifest(written(tmp_path)).bare_404_is_not_found


async def test_waiting_is_read_from_the_header_that_the_manifest_names(tmp_path: Path) -> None:
    edit = change('code = "Q1"', 'code = "Q1"\nretry_after = "X-Quota-Reset"')
    reply = Response(status_code=429, headers={"retry-after": "5", "x-quota-reset": "77"})
    assert await World(written(tmp_path, manifest=edit), answering(reply)).ask() == Refused(RefusedCause.QUOTA, "Q1", 77.0)
