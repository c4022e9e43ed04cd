"""What a manifest's adapter asks, and what it reads from the replies."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from linkage.sources.adapter import About, Found, Malformed, NotFound, Unavailable
from linkage.terms import CitizenNumber, Image, JuristicNumber, PartialDate, PersonName
from tests.sources.rest.ferry import BOAT, COMPANY, NOBODY, OTHER, PASS, REQUEST_ID, SOMMUT, TICKET, URL, World, change, plain, written


async def test_every_kind_of_field_is_read(world: World) -> None:
    fields = plain(await world.found())
    photo = fields.pop("photo")
    assert isinstance(photo, Image)
    assert (photo.media_type, photo.content) == ("image/png", b"hi")
    assert fields == {
        "serial": "A1",
        "price": Decimal("1250.50"),
        "valid": True,
        "bought_on": PartialDate(2025, 2, 1),
        "stops": ("ก", "ข"),
        "seat": {"deck": "2", "number": Decimal(7)},
        "remark": None,
    }


async def test_the_reply_says_whom_it_is_about(world: World) -> None:
    about = (await world.found()).about
    assert about.number == CitizenNumber(SOMMUT)
    assert about.name is not None
    assert (about.name.first, about.name.last, about.name.middle) == ("สมมติ", "ทดสอบระบบ", "")
    assert about.birth_date == PartialDate(1987, 1)
    assert (await world.found(COMPANY, BOAT)).about == About(juristic=JuristicNumber(COMPANY))


async def test_only_the_fields_asked_for_come_back_and_the_others_are_named(world: World) -> None:
    found = await world.found(SOMMUT, TICKET, "serial", "seat")
    assert set(found.fields) == {"serial", "seat"}
    assert found.also_sent == ("price", "valid", "bought_on", "photo", "stops", "remark", "pass")


async def test_record_types_of_one_endpoint_are_asked_in_one_request(world: World) -> None:
    answers = await world.fetch(SOMMUT, {TICKET: ("serial",), PASS: ("state", "trips")})
    assert world.operations() == ["traveller"]
    ticket, record = answers[TICKET], answers[PASS]
    assert isinstance(ticket, Found)
    assert isinstance(record, Found)
    assert plain(record) == {"state": "good", "trips": ({"day": PartialDate(2026, 1, 31)},)}
    assert "pass" not in ticket.also_sent  # it was asked for, too


async def test_each_record_type_of_one_reply_has_its_own_answer(world: World) -> None:
    answers = await world.fetch(OTHER, {TICKET: ("serial",), PASS: ("state",)})
    assert isinstance(answers[TICKET], Found)
    assert answers[PASS] == NotFound()


async def test_who_is_not_there_is_not_found(world: World) -> None:
    assert await world.ask(NOBODY) == NotFound()


@pytest.mark.parametrize(("number", "record_type"), [(COMPANY, TICKET), (SOMMUT, BOAT)], ids=["body", "person"])
async def test_a_subject_of_another_kind_is_not_asked_about(world: World, number: str, record_type: Any) -> None:
    assert await world.ask(number, record_type) == Unavailable("subject not taken")
    assert world.operations() == []


async def test_the_request_is_what_the_manifest_spells(tmp_path: Path) -> None:
    seen: list[Request] = []
    bodies: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(request := Request(scope, receive))
        bodies.append(await request.body())
        await JSONResponse({"error": "NONE"}, 404)(scope, receive, send)

    world = World(written(tmp_path), app, office="99")
    assert await world.ask() == NotFound()
    assert await world.ask(COMPANY, BOAT) == NotFound()
    post, get = seen
    assert (post.method, post.url.path, dict(post.query_params)) == ("POST", "/v1/travellers", {})
    assert json.loads(bodies[0]) == {"who": {"kind": "P", "id": SOMMUT}, "all": True, "page": 1}
    assert (get.method, get.url.path) == ("GET", f"/v1/fleets/{COMPANY}")
    assert dict(get.query_params) == {"lang": "th", "for": "harbour_tour"}
    assert bodies[1] == b""
    for request in seen:
        assert (request.headers["x-office"], request.headers["x-request-id"]) == ("99", REQUEST_ID)
        assert request.headers["host"] == URL.removeprefix("https://")


async def test_a_text_in_the_path_stays_one_segment_of_it(tmp_path: Path) -> None:
    targets: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        targets.append(scope["raw_path"])
        await JSONResponse({"error": "NONE"}, 404)(scope, receive, send)

    edit = change('path = "/v1/travellers"', 'path = "/v1/{settings.office}/travellers"')
    await World(written(tmp_path, manifest=edit), app, office="a/../b?c#d e").ask()
    assert targets == [b"/v1/a%2F..%2Fb%3Fc%23d%20e/travellers"]


@pytest.mark.parametrize("office", [".", ".."])
async def test_a_text_that_would_lead_the_path_elsewhere_is_not_asked_with(tmp_path: Path, office: str) -> None:
    edit = change('path = "/v1/travellers"', 'path = "/v1/{settings.office}/travellers"')
    world = World(written(tmp_path, manifest=edit), office=office)
    assert await world.ask() == Unavailable("configuration: a value that changes the path")
    assert world.operations() == []


async def test_an_operators_address_may_have_a_path_and_pins_its_origin(tmp_path: Path) -> None:
    targets: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        targets.append(scope["raw_path"])
        await JSONResponse({"error": "NONE"}, 404)(scope, receive, send)

    world = World(written(tmp_path), app, base_url="https://exchange.example:8443/ferry/")
    assert await world.ask() == NotFound()
    assert targets == [b"/ferry/v1/travellers"]
    assert world.adapter.base_urls(world.settings) == {"https://exchange.example:8443"}


def answering(body: Any, status: int = 200) -> Callable[..., Any]:
    """An office that answers this to everything."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse(body, status)(scope, receive, send)

    return app


def whole(**other: Any) -> dict[str, Any]:
    """A reply in order, with something else in places."""
    ticket = {"serial": "A", "price": 1, "valid": "N", "boughtOn": None, "photo": None, "stops": [], "seat": None}
    return {"ok": True, "id": SOMMUT, "legs": [], "name": {"first": "ก", "last": "ข", "middle": ""}, "born": "", "ticket": ticket} | other


async def test_a_key_that_is_missing_leaves_its_field_out_and_null_is_none(tmp_path: Path) -> None:
    reply = whole(ticket={"serial": "A", "price": None})
    found = await World(written(tmp_path), answering(reply)).found()
    assert plain(found) == {"serial": "A", "price": None, "remark": None}  # the manifest says that a missing remark is none


async def test_keys_that_the_manifest_does_not_know_are_named_and_nothing_more(tmp_path: Path) -> None:
    ticket = whole()["ticket"] | {
        "blessedBy": "x",
        SOMMUT: "x",
        f"of{SOMMUT}": "x",
        "": 3,
        "empty-one": "",
        "seat": {"deck": "1", "no": 2, "besideWhom": "x"},
    }
    reply = whole(ticket=ticket, LAST_Seen="x", ok=True)
    found = await World(written(tmp_path), answering(reply)).found()
    assert found.also_sent == ("beside_whom", "blessed_by", "last_seen", "unnamed")


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("serial", ["x"]),
        ("serial", True),
        ("serial", 1.5),
        ("price", "1,25"),
        ("price", "12e9"),
        pytest.param("price", 10**50, id="price-fifty zeros"),
        ("price", 1e-60),
        ("price", 1e60),
        ("price", True),
        ("price", [1]),
        ("valid", "X"),
        ("valid", 2),
        ("boughtOn", "2025-02-01"),
        ("boughtOn", "31/02/2568"),
        ("boughtOn", 5),
        ("photo", "no base64!"),
        ("photo", 5),
        ("stops", "ก"),
        ("stops", {"a": 1}),
        ("stops", [None]),
        ("stops", [["ก"]]),
        ("seat", "2"),
        ("seat", [1]),
        ("seat", {"deck": {}, "no": 1}),
        ("seat", {"deck": "1", "no": "x"}),
    ],
)
async def test_a_value_of_another_kind_is_malformed(tmp_path: Path, place: str, what: Any) -> None:
    world = World(written(tmp_path), answering(whole(ticket=whole()["ticket"] | {place: what})))
    with pytest.raises(Malformed):
        await world.ask()


async def test_a_record_type_that_cannot_be_read_does_not_spoil_its_neighbour(tmp_path: Path) -> None:
    reply = whole() | {"pass": {"state": "good", "trips": "none"}}
    answers = await World(written(tmp_path), answering(reply)).fetch(SOMMUT, {TICKET: ("serial",), PASS: ("state", "trips")})
    assert isinstance(answers[TICKET], Found)
    assert answers[PASS] == Unavailable("malformed")


@pytest.mark.parametrize(
    "other",
    [
        {"id": None},
        {"id": ""},
        {"legs": [{"owner": SOMMUT}, {"owner": None}]},
        {"legs": [{}]},
    ],
)
async def test_a_number_that_is_missing_anywhere_names_nobody(tmp_path: Path, other: dict[str, Any]) -> None:
    assert (await World(written(tmp_path), answering(whole(**other))).found()).about.number is None


@pytest.mark.parametrize("other", [{"id": "123"}, {"id": ["x"]}, {"legs": [{"owner": OTHER}]}, {"legs": {"owner": SOMMUT}}])
async def test_a_reply_that_names_nobody_rightly_or_two_is_malformed(tmp_path: Path, other: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        await World(written(tmp_path), answering(whole(**other))).ask()


@pytest.mark.parametrize(
    ("full", "name"),
    [
        ("นาย สมมติ ทดสอบระบบ", ("สมมติ", "ทดสอบระบบ")),
        ("นายสมมติ  ทดสอบระบบ", ("สมมติ", "ทดสอบระบบ")),
        ("นางสาวสมมติ ทดสอบระบบ", ("สมมติ", "ทดสอบระบบ")),
        ("นายสมมติ รอง ทดสอบระบบ", None),
        ("สมมติ", None),
        ("", None),
    ],
)
async def test_a_whole_name_is_split_only_where_that_is_no_guess(tmp_path: Path, full: str, name: tuple[str, str] | None) -> None:
    parts = 'about.name = { first = "name.first", last = "name.last", middle = "name.middle" }'
    edit = change(parts, 'about.name = { full = "name", titles = ["นาง", "นาย", "นางสาว"] }')
    said = (await World(written(tmp_path, manifest=edit), answering(whole(name=full))).found()).about.name
    assert said == (PersonName(*name) if name else None)


@pytest.mark.parametrize(
    "body",
    [whole(ticket=None), whole(ticket={}), whole(ticket=[]), whole(ticket="A"), whole(ok=False), whole(ok="yes"), {"ok": True}],
)
async def test_a_reply_without_a_record_is_unavailable_and_never_not_found(tmp_path: Path, body: Any) -> None:
    assert isinstance(await World(written(tmp_path), answering(body)).ask(), Unavailable)


async def test_a_record_of_empty_values_is_unavailable(tmp_path: Path) -> None:
    ticket = dict.fromkeys(whole()["ticket"])
    assert await World(written(tmp_path), answering(whole(ticket=ticket))).ask() == Unavailable("empty answer")


async def test_several_endpoints_are_asked_side_by_side(tmp_path: Path) -> None:
    """And one that cannot be read takes nothing from the other."""
    both = change('endpoint = "fleet"\nroot = "boats"\nabout.number = ["company"]', 'endpoint = "fleet"\nabout.number = ["id"]')
    subjects = change('subjects = ["juristic"]\n', "")
    folder = written(tmp_path, manifest=lambda page: both(page).replace('first = "[0].name"', 'first = "first"'), records=subjects)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = whole() if scope["method"] == "POST" else ["no object"]
        await JSONResponse(body)(scope, receive, send)

    answers = await World(folder, app).fetch(SOMMUT, {TICKET: ("serial",), BOAT: ("first",)})
    assert isinstance(answers[TICKET], Found)
    assert answers[BOAT] == Unavailable("not answered")
