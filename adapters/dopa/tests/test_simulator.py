"""The simulated DOPA: the world it must show, its services' own manners, and its knobs over HTTP."""

import httpx
import pytest
from lxml import etree

from adapters.dopa.card import OPERATIONS
from adapters.dopa.people import LIFE_LONG, CardState, load_people
from adapters.dopa.settings import PERSON
from adapters.dopa.simulator import DopaSimulator
from adapters.dopa.simulator_linkage import JOB
from adapters.dopa.tests.world import OFFICE, OFFICER, REQUEST_ID, URL, World
from linkage.sources import soap
from linkage.sources.adapter import Found
from linkage.transport import in_process_client

CARD_URL = f"{URL}/CheckCardStatus/CheckCardService.asmx"
PARTS = [("PID", "1100000000016"), ("FirstName", "สมมติ"), ("LastName", "ทดสอบระบบ"), ("BirthDay", "25300115"), ("Laser", "ZZ9900000001")]


def test_the_world_has_everybody_it_must_show() -> None:
    people = list(load_people().values())
    assert len(people) >= 40
    shown = {
        "a middle name": [one for one in people if one.middle],
        "no birth day": [one for one in people if one.born % 100 == 0 and one.born % 10_000],
        "no birth month": [one for one in people if one.born % 10_000 == 0],
        "January to March before 2484": [one for one in people if one.born < 24840000 and 101 <= one.born % 10_000 <= 331],
        "later in a year before 2484": [one for one in people if one.born < 24840000 and one.born % 10_000 >= 401],
        "a life-long card": [one for one in people if one.expires == LIFE_LONG],
        "dead": [one for one in people if one.dead],
        "an expired card": [one for one in people if one.card is CardState.EXPIRED],
        "a changed address": [one for one in people if one.card is CardState.ADDRESS_CHANGED],
        "a changed name with its history": [one for one in people if len(one.changes) > 1],
        "no house": [one for one in people if one.house is None],
        "a foreign mother": [one for one in people if one.mother.nationality_code != 99 and one.mother.number == "0"],
        "an English name": [one for one in people if one.english],
        "a rank": [one for one in people if one.rank_name],
        "naturalised": [one for one in people if one.case == "naturalised"],
        "no laser code": [one for one in people if not one.laser],
        "an officer": [one for one in people if one.offices],
    }
    assert [what for what, who in shown.items() if not who] == []


def headers_of(version: soap.Version, operation: str) -> dict[str, str]:
    return soap.headers(version, f"http://tempuri.org/{operation}")


async def ask(world: World, url: str = CARD_URL, **headers: str) -> httpx.Response:
    content = OPERATIONS.request("1.2", "CheckCardByLaser", PARTS)
    return await world.client.post(url, content=content, headers=headers_of("1.2", "CheckCardByLaser") | headers)


@pytest.mark.parametrize(
    "path", ["/CheckCardStatus/CheckCardService.asmx", "/checkcardstatus/checkcardservice.asmx", "/CHECKCARDSTATUS/CheckCardService.ASMX"]
)
async def test_iis_minds_no_case_in_a_path(world: World, path: str) -> None:
    assert (await ask(world, URL + path)).status_code == 200


async def test_a_card_reply_is_to_the_letter(world: World) -> None:
    reply = await ask(world)
    assert reply.headers["content-type"] == "application/soap+xml; charset=utf-8"
    assert (reply.headers["server"], reply.headers["x-aspnet-version"]) == ("Microsoft-IIS/8.5", "4.0.30319")
    assert (reply.headers["cache-control"], reply.headers["x-powered-by"]) == ("private, max-age=0", "ASP.NET")
    assert reply.headers["connection"] == "close"
    assert reply.text.startswith(
        "<?xml version='1.0' encoding='utf-8'?>\n<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\""
    )
    assert (
        '<CheckCardByLaserResponse xmlns="http://tempuri.org/"><CheckCardByLaserResult><IsError>false</IsError><ErrorMessage/>'
        "<Code>0</Code><Desc>สถานะปกติ</Desc></CheckCardByLaserResult></CheckCardByLaserResponse>"
    ) in reply.text


async def test_the_text_of_an_expired_card_has_two_blanks(world: World) -> None:
    person = world.person("1100000000067")
    texts = (person.number, person.first, person.last, str(person.born), person.laser)
    parts = [(name, text) for (name, _), text in zip(PARTS, texts, strict=True)]
    content = OPERATIONS.request("1.2", "CheckCardByLaser", parts)
    reply = await world.client.post(CARD_URL, content=content, headers=headers_of("1.2", "CheckCardByLaser"))
    assert "เนื่องจากกรณี  บัตรหมดอายุ" in reply.text


async def test_parts_out_of_order_or_in_another_case_are_lost(world: World) -> None:
    for parts in (list(reversed(PARTS)), [(name.lower(), text) for name, text in PARTS]):
        content = OPERATIONS.request("1.2", "CheckCardByLaser", parts)
        reply = await world.client.post(CARD_URL, content=content, headers=headers_of("1.2", "CheckCardByLaser"))
        assert "<Code>5</Code>" in reply.text


async def test_soap_1_1_needs_its_action_and_a_fault_is_a_500(world: World) -> None:
    content = OPERATIONS.request("1.1", "CheckCardByLaser", PARTS)
    for headers, status in (
        ({"content-type": "text/xml; charset=utf-8"}, 500),
        (headers_of("1.1", "CheckCardByCID"), 500),
        (headers_of("1.1", "CheckCardByLaser"), 200),
    ):
        reply = await world.client.post(CARD_URL, content=content, headers=headers)
        assert reply.status_code == status
        assert ("Fault" in reply.text) == (status == 500)
        assert etree.QName(etree.fromstring(reply.content)).namespace == "http://schemas.xmlsoap.org/soap/envelope/"
    assert (await ask(world, **{"Content-Type": "application/json"})).status_code == 415
    assert (await ask(world, f"{URL}/elsewhere.asmx")).status_code == 404


@pytest.mark.parametrize("number", [3100000000063, "3100000000063"])
@pytest.mark.parametrize("office", [OFFICE, str(OFFICE)])
async def test_numbers_are_taken_as_numbers_and_as_texts(world: World, number: object, office: object) -> None:
    begun = await world.client.post(f"{URL}/api/center/login/", json={"loginType": 2, "personalID": number})
    assert begun.status_code == 200
    body = {"loginType": 2, "officeID": office, "personalID": number, "accessToken": "t"}
    assert (await world.client.post(f"{URL}/api/center/login/confirm", json=body)).status_code == 201


async def test_linkage_refuses_with_its_own_words(world: World) -> None:
    login = await world.client.post(f"{URL}/api/center/login/", json={"loginType": 2, "personalID": 1100000000016})
    assert (login.status_code, login.json()) == (404, {"errorMessage": "Not Found"})
    bare = await world.client.get(f"{URL}/api/center/user/job")
    assert (bare.status_code, bare.json()) == (401, {"errorMessage": 'Header Authorization only support type "Bearer Token"'})
    token = (await world.log_in()).token.reveal()
    header = {"authorization": f"Bearer {token}"}
    assert (await world.client.get(f"{URL}/api/center/user/job", headers=header)).json() == {"job": [JOB]}
    one = {"serviceID": 1, "query": {"personalID": "1100000000016"}}
    for wrong in ({"jobID": "00000000-0000-4000-8000-000000000000", "data": [one]}, {"jobID": JOB, "data": [one] * 11}):
        refused = await world.client.post(f"{URL}/api/center/request/", json=wrong, headers=header)
        assert (refused.status_code, refused.json()) == (403, {"errorMessage": "jobID not found or user has no permission"})
    unheard = {"jobID": JOB, "data": [{"serviceID": 77, "query": {}}]}
    [row] = (await world.client.post(f"{URL}/api/center/request/", json=unheard, headers=header)).json()["data"]
    assert (row["responseStatus"], row["responseError"]["errorNumber"]) == (404, 95012)
    world.clock.advance(3600)
    expired = await world.client.get(f"{URL}/api/center/user/job", headers=header)
    assert (expired.status_code, expired.json()) == (401, {"errorMessage": "token is expired"})


async def test_knobs_are_turned_over_http(world: World) -> None:
    turned = await world.client.post(f"{URL}/_simulator/knobs", json={"service_fails": {"10": 500}, "only": ["request"]})
    assert (turned.status_code, turned.json()["service_fails"]) == (200, {"10": 500})
    assert world.simulator.knobs.service_fails == {10: 500}
    assert world.simulator.knobs.only == {"request"}
    wrongs: list[object] = [{"dwon": True}, {"status": 200}, {"slow": -1}, []]
    for wrong in wrongs:
        assert (await world.client.post(f"{URL}/_simulator/knobs", json=wrong)).status_code == 400
    assert (await world.client.get(f"{URL}/_simulator/knobs")).json() == world.simulator.knobs.model_dump(mode="json")


async def test_what_was_received_is_told_without_a_value_of_a_person(world: World) -> None:
    await ask(world, **{"x-request-id": REQUEST_ID})
    await world.log_in()
    received = await world.client.get(f"{URL}/_simulator/received")
    assert [one["operation"] for one in received.json()] == ["CheckCardByLaser", "confirm"]
    assert received.json()[0] == {"operation": "CheckCardByLaser", "request_id": REQUEST_ID, "at_ms": world.clock.now_ms()}
    assert not any(value in received.text for _, value in PARTS)
    assert OFFICER.reveal() not in received.text
    assert len((await world.client.get(f"{URL}/_simulator/received", params={"since": 1})).json()) == 1


async def test_a_person_is_added_over_http(world: World) -> None:
    row = world.person("1100000000016").model_dump(mode="json") | {"number": "8100000000048", "first": "ผู้มาใหม่"}
    assert (await world.client.post(f"{URL}/_simulator/people", json=row)).status_code == 204
    assert (await world.record("8100000000048", PERSON, "first_name")).fields == {"first_name": "ผู้มาใหม่"}
    for wrong in (row | {"number": "8100000000049"}, row | {"born": 19870115}, {"number": "8100000000048"}):
        assert (await world.client.post(f"{URL}/_simulator/people", json=wrong)).status_code == 400


async def test_a_simulator_may_have_people_of_its_own() -> None:
    only = load_people()["1100000000016"]
    simulator = DopaSimulator({only.number: only})
    client = in_process_client(simulator.app, [URL])
    reply = await client.post(f"{URL}/api/center/login/", json={"loginType": 2, "personalID": OFFICER.reveal()})
    assert reply.status_code == 404


async def test_slow_answers_still_come(world: World) -> None:
    world.simulator.knobs.slow = 0.01
    assert isinstance((await world.fetch("1100000000016", {PERSON: ["age"]}))[PERSON], Found)
