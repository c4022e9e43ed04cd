"""The simulated SSO: the world it must show, its service's own manners, and its knobs over HTTP."""

import httpx
import pytest

from adapters.sso.people import load_people
from adapters.sso.settings import EMPLOYMENT
from adapters.sso.simulator import NAMESPACE, PATH, SsoSimulator
from adapters.sso.tests.world import NEVER, REQUEST_ID, SOMMUT, URL, World, person
from linkage.sources import soap
from linkage.sources.adapter import Found, NotFound

BARE = soap.Operations(NAMESPACE, qualified=False)
PARTS = (("username", "linkage-demo"), ("password", "not-a-secret"), ("ssoNum", SOMMUT))


async def ask(world: World, content: bytes | None = None, version: soap.Version = "1.1") -> httpx.Response:
    body = BARE.request(version, "getServ38", PARTS) if content is None else content
    return await world.client.post(URL + PATH, content=body, headers=soap.headers(version, ""))


def test_the_world_has_everybody_it_must_show() -> None:
    people = list(load_people().values())
    assert len(people) >= 15
    shown = {
        "employed": [one for one in people if any(job.employed for job in one.employments)],
        "employed by two": [one for one in people if sum(job.employed for job in one.employments) > 1],
        "employed no more": [one for one in people if one.employments and not any(job.employed for job in one.employments)],
        "several employers": [one for one in people if len(one.employments) > 3],
        "one employer twice": [one for one in people if len({job.account for job in one.employments}) < len(one.employments)],
        "an unknown day": [one for one in people if any(job.started % 100 == 0 for job in one.employments)],
        "a company with markup in its name": [one for one in people if any("<" in job.company for job in one.employments)],
        "never insured": [one for one in people if not one.employments],
    }
    assert [what for what, who in shown.items() if not who] == []


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_a_reply_is_to_the_letter(world: World, version: soap.Version) -> None:
    answer = await ask(world, version=version)
    assert answer.headers["content-type"] == soap.MEDIA_TYPES[version]
    assert f'<soap:Envelope xmlns:soap="{soap.ENVELOPES[version]}"' in answer.text
    assert (
        '<ns2:getServ38Response xmlns:ns2="urn:example:sso"><result><employments><companyName>บริษัท สมมติการค้า จำกัด</companyName>'
        "<accNo>9900000001</accNo><accBran>000000</accBran><employStatus>1</employStatus><employStatusDesc>จ้างงาน</employStatusDesc>"
        "<expStartDate>01/06/2558</expStartDate><empResignDate/></employments></result></ns2:getServ38Response>"
    ) in answer.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a/>",
        BARE.request("1.2", "getServ38", PARTS),
        BARE.request("1.1", "getServ39", PARTS),
        soap.Operations("urn:other", qualified=False).request("1.1", "getServ38", PARTS),
        soap.Operations(NAMESPACE).request("1.1", "getServ38", PARTS),
        BARE.request("1.1", "getServ38", (PARTS[0], ("password", "wrong"), PARTS[2])),
        BARE.request("1.1", "getServ38", (PARTS[0], PARTS[2])),
    ],
)
async def test_a_request_that_is_wrong_is_a_fault(world: World, content: bytes) -> None:
    answer = await ask(world, content)
    assert (answer.status_code, "Fault" in answer.text) == (500, True)


async def test_a_request_of_another_media_type_is_refused(world: World) -> None:
    assert (await world.client.post(URL + PATH, json={})).status_code == 415


async def test_knobs_are_turned_over_http(world: World) -> None:
    turned = await world.client.post(f"{URL}/_simulator/knobs", json={"fault": True, "only": ["getServ38"]})
    assert (turned.status_code, turned.json()["fault"]) == (200, True)
    assert (await ask(world)).status_code == 500
    wrongs: list[object] = [{"fualt": True}, {"employ_status": 1}, {"status": 200}, []]
    for wrong in wrongs:
        assert (await world.client.post(f"{URL}/_simulator/knobs", json=wrong)).status_code == 400
    world.simulator.knobs.only = frozenset({"another"})
    world.simulator.knobs.empty = world.simulator.knobs.nil = world.simulator.knobs.wrong_person = True
    world.simulator.knobs.employ_status = "9"
    assert (await world.employments())[0]["status_code"] == "1"


async def test_what_was_received_is_told_without_a_value_of_a_person(world: World) -> None:
    await world.fetch()
    received = await world.client.get(f"{URL}/_simulator/received")
    assert received.json() == [{"operation": "getServ38", "request_id": REQUEST_ID, "at_ms": world.clock.now_ms()}]


async def test_a_person_is_added_over_http(world: World) -> None:
    job = {"company": "สมมติ", "account": "9900000009", "branch": "000000", "employed": True, "started": 25690101}
    new = {"case": "new", "number": "8100000000048", "first": "ผู้มาใหม่", "last": "ทดสอบ", "employments": [job]}
    assert (await world.client.post(f"{URL}/_simulator/people", json=new)).status_code == 204
    assert len(await world.employments(person("8100000000048"))) == 1
    for wrong in (new | {"number": "8100000000049"}, new | {"employments": [job | {"started": 20260101}]}, {"number": "8100000000048"}):
        assert (await world.client.post(f"{URL}/_simulator/people", json=wrong)).status_code == 400


async def test_its_examples_are_what_they_say(world: World) -> None:
    examples = world.simulator.examples()
    assert isinstance(await world.fetch(examples.found[EMPLOYMENT]), Found)
    assert await world.fetch(examples.not_found[EMPLOYMENT]) == NotFound()
    assert await world.fetch(person(NEVER)) == NotFound()


def test_a_simulator_may_have_people_of_its_own() -> None:
    only = load_people()[SOMMUT]
    assert SsoSimulator({only.number: only}).people == {SOMMUT: only}
