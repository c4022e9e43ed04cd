"""The simulated LED: the world it must show, its service's own manners, and its knobs over HTTP."""

import json

import httpx
import pytest

from adapters.led.parties import load_parties
from adapters.led.settings import BANKRUPTCY
from adapters.led.simulator import PATH, LedSimulator
from adapters.led.tests.world import CHAMLONG, CLEAR, REQUEST_ID, URL, World, person
from linkage.sources.adapter import Found, NotFound
from linkage.terms import VisitPerson

HEADER = {
    "transID": "1",
    "rqAppID": "LINKAGE",
    "transDateTimestamp": "20260101",
    "terminalID": "T",
    "ip": "192.0.2.1",
    "branchCode": "001",
}
ASKED = {
    "username": "linkage-demo",
    "password": "not-a-secret",
    "type": "DATA",
    "firstName": "",
    "lastName": "",
    "idCard": CHAMLONG,
    "reqHeader": HEADER,
}


async def ask(world: World, **other: object) -> httpx.Response:
    return await world.client.post(URL + PATH, json=ASKED | other)


def test_the_world_has_everybody_it_must_show() -> None:
    parties = list(load_parties().values())
    assert len(parties) >= 15
    shown = {
        "a case that went the whole way": [one for one in parties if any(case.ruled for case in one.cases)],
        "sued only": [one for one in parties if any(not case.receivership for case in one.cases)],
        "a receivership without a ruling": [one for one in parties if any(case.receivership and not case.ruled for case in one.cases)],
        "several cases": [one for one in parties if len(one.cases) > 2],
        "a body with several cases": [one for one in parties if one.kind == "juristic" and len(one.cases) > 1],
        "a body never sued": [one for one in parties if one.kind == "juristic" and not one.cases],
        "a person never sued": [one for one in parties if one.kind == "person" and not one.cases],
        "an unknown day": [one for one in parties if any(case.sued % 100 == 0 for case in one.cases)],
        "a name with markup in it": [one for one in parties if "&" in one.last],
    }
    assert [what for what, who in shown.items() if not who] == []


async def test_a_case_is_to_the_letter(world: World) -> None:
    reply = await ask(world)
    assert reply.headers["content-type"] == "application/json"
    assert reply.json() == {
        "responseCode": "000",
        "data": [
            {
                "req_dd": "14",
                "req_mm": "03",
                "req_yy": "2560",
                "abs_prot_dd": "02",
                "abs_prot_mm": "11",
                "abs_prot_yy": "2560",
                "abs_gaz_dd": "14",
                "abs_gaz_mm": "12",
                "abs_gaz_yy": "2560",
                "abs_due_dd": "14",
                "abs_due_mm": "02",
                "abs_due_yy": "2561",
                "bkr_prot_dd": "20",
                "bkr_prot_mm": "06",
                "bkr_prot_yy": "2561",
                "lastupdate": "2018-06-25",
                "df_id": CHAMLONG,
                "df_name": "จำลอง",
                "df_surname": "สาธิตดี",
            }
        ],
    }
    assert (await ask(world, idCard=CLEAR)).json() == {"responseCode": "904"}


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"password": "wrong"}, "903"),
        ({"username": ""}, "903"),
        ({"reqHeader": HEADER | {"rqAppID": "OTHER"}}, "901"),
        ({"reqHeader": HEADER | {"transID": ""}}, "902"),
        ({"reqHeader": {"rqAppID": "LINKAGE", "transID": "1"}}, "909"),
        ({"reqHeader": None}, "901"),
        ({"type": "LIST"}, "909"),
        ({"idCard": ""}, "909"),
    ],
)
async def test_a_request_that_is_wrong_gets_its_code(world: World, other: dict[str, object], code: str) -> None:
    assert (await ask(world, **other)).json() == {"responseCode": code}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_request_is_refused_as_nobody_s(world: World, content: bytes) -> None:
    assert (await world.client.post(URL + PATH, content=content)).json() == {"responseCode": "903"}


async def test_knobs_are_turned_over_http(world: World) -> None:
    turned = await world.client.post(f"{URL}/_simulator/knobs", json={"code": "909", "only": ["GdxWebServiceSam"]})
    assert (turned.status_code, turned.json()["code"]) == (200, "909")
    assert (await ask(world)).json() == {"responseCode": "909"}
    wrongs: list[object] = [{"code": "9"}, {"code": 909}, {"years": "AD"}, {"echoes": True}, {"dwon": True}]
    for wrong in wrongs:
        assert (await world.client.post(f"{URL}/_simulator/knobs", json=wrong)).status_code == 400
    world.simulator.knobs.only = frozenset({"another"})
    assert (await ask(world)).json()["responseCode"] == "000"


async def test_what_was_received_is_told_without_a_value_of_a_person(world: World) -> None:
    await world.fetch()
    received = await world.client.get(f"{URL}/_simulator/received")
    assert received.json() == [{"operation": "GdxWebServiceSam", "request_id": REQUEST_ID, "at_ms": world.clock.now_ms()}]


async def test_a_party_is_added_over_http(world: World) -> None:
    new = {"case": "new", "number": "8100000000048", "first": "ผู้มาใหม่", "last": "ทดสอบ", "cases": [{"sued": 25690101}]}
    assert (await world.client.post(f"{URL}/_simulator/people", json=new)).status_code == 204
    assert isinstance(await world.fetch(person("8100000000048")), Found)
    for wrong in (new | {"number": "8100000000049"}, new | {"cases": [{"sued": 20260101}]}, {"number": "8100000000048"}):
        assert (await world.client.post(f"{URL}/_simulator/people", json=wrong)).status_code == 400


async def test_its_examples_are_what_they_say(world: World) -> None:
    examples = world.simulator.examples()
    assert isinstance(await world.fetch(examples.found[BANKRUPTCY]), Found)
    assert await world.fetch(examples.not_found[BANKRUPTCY]) == NotFound()
    assert all(isinstance(one, VisitPerson) for one in (*examples.found.values(), *examples.not_found.values()))


def test_a_simulator_may_have_parties_of_its_own() -> None:
    only = load_parties()[CHAMLONG]
    assert LedSimulator({only.number: only}).parties == {CHAMLONG: only}
    assert json.loads(only.model_dump_json())["number"] == CHAMLONG
