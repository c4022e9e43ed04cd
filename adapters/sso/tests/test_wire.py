"""SSO's wire: what goes out, and what is no answer."""

import re
import traceback
from typing import Any

import httpx
import pytest

from adapters.sso.tests.world import NEVER, REQUEST_ID, SOMMUT, World, item, person, reply, why
from linkage.sources.adapter import Found, Malformed, NotFound, Unavailable
from linkage.terms import JuristicNumber, JuristicPerson

NOTHING = reply()


async def test_the_request_is_as_the_service_wants_it() -> None:
    world = World(NOTHING)
    await world.fetch()
    [(headers, body)] = world.asked
    assert (headers["content-type"], headers["soapaction"]) == ("text/xml; charset=utf-8", '""')
    assert headers["x-request-id"] == REQUEST_ID
    assert body == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        '<op:getServ38 xmlns:op="urn:example:sso"><username>linkage-demo</username><password>not-a-secret</password>'
        "<ssoNum>1100000000016</ssoNum></op:getServ38></soap:Body></soap:Envelope>"
    )


async def test_namespace_version_action_and_manner_are_settings() -> None:
    world = World(NOTHING, namespace="http://other.example/x", qualified=True, soap="1.2")
    with pytest.raises(Malformed):
        await world.fetch()
    [(headers, body)] = world.asked
    assert headers["content-type"] == "application/soap+xml; charset=utf-8"
    assert '<getServ38 xmlns="http://other.example/x"><username>' in body
    action = World(NOTHING, soap_action="getServ38")
    await action.fetch()
    assert action.asked[0][0]["soapaction"] == '"getServ38"'


async def test_a_reply_in_the_other_manner_is_read_where_it_is_set() -> None:
    qualified = reply(item()).replace("ns2:getServ38Response xmlns:ns2", "getServ38Response xmlns").replace("/ns2:", "/")
    assert isinstance(await World(qualified, qualified=True).fetch(), Found)
    with pytest.raises(Malformed):
        await World(qualified).fetch()
    renamed = reply(item(), result="<return>{}</return>")
    assert isinstance(await World(renamed, result="return").fetch(), Found)
    with pytest.raises(Malformed):
        await World(renamed).fetch()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_both_versions_of_soap_are_spoken_to_the_end(version: str) -> None:
    world = World(soap=version)
    assert isinstance(await world.fetch(), Found)
    assert await world.fetch(person(NEVER)) == NotFound()


async def test_only_a_person_is_asked_about(world: World) -> None:
    company = JuristicPerson(JuristicNumber("0995500000014"), "director")
    assert await world.fetch(company) == Unavailable("not a person")
    assert world.simulator.received == []


async def test_a_changed_password_needs_no_restart(world: World) -> None:
    world.simulator.password = "another"
    assert why(await world.fetch()) == "status 500"
    world.settings.password_file.write_text("another\n", encoding="utf-8")
    assert isinstance(await world.fetch(), Found)


# ---- an empty list is no clear answer ----------------------------------------------------------------------------------


async def test_an_empty_list_is_not_taken_for_nobody_insured_unless_sso_has_said_so() -> None:
    assert why(await World(NOTHING, empty_list="unavailable").fetch()) == "empty list"
    assert await World(NOTHING, empty_list="not_found").fetch() == NotFound()


@pytest.mark.parametrize("meaning", ["unavailable", "not_found"])
@pytest.mark.parametrize(
    "result",
    [
        "<result><errorCode>99</errorCode></result>",
        "<result>ไม่พบข้อมูล</result>",
        '<result xsi:nil="true"/>',
        '<result xsi:nil="1"/>',
        '<result xmlns:x="urn:x"><x:employments/></result>',
        '<result error="db down"/>',
        '<result xmlns:x="urn:x" x:error="db down"/>',
    ],
)
async def test_a_result_that_says_anything_else_is_never_an_empty_list(result: str, meaning: str) -> None:
    assert isinstance(await World(reply(result=result), empty_list=meaning).fetch(), Unavailable)


@pytest.mark.parametrize("result", ["<result/><errorCode>500</errorCode>", "<errorCode>500</errorCode><result/>", "<result/>db down"])
async def test_an_empty_list_with_anything_beside_the_result_is_malformed(result: str) -> None:
    with pytest.raises(Malformed, match="nothing beside it"):
        await World(reply(result=result), empty_list="not_found").fetch()


@pytest.mark.parametrize(
    "result",
    [
        "<result>{}<errorMessage>only the first page</errorMessage></result>",
        "<result>{}<ns2:employments><companyName>บริษัท สมมติการค้า จำกัด</companyName></ns2:employments></result>",
        "<result>db down{}</result>",
        "<result>{}db down</result>",
        '<result error="db down">{}</result>',
        '<result more="true">{}</result>',
    ],
)
async def test_a_list_with_anything_else_in_it_is_no_whole_list(result: str) -> None:
    assert why(await World(reply(item(), result=result)).fetch()) == "more than employments in the result"


@pytest.mark.parametrize("result", ["<result>{}</result><errorMessage>db down</errorMessage>", "<result>{}</result><result2/>"])
async def test_a_list_with_anything_beside_the_result_is_malformed(result: str) -> None:
    with pytest.raises(Malformed, match="nothing beside it"):
        await World(reply(item(), result=result)).fetch()


async def test_a_failure_in_an_attribute_of_an_employment_or_around_the_result_is_no_whole_list() -> None:
    for whole in (
        reply(item().replace("<employments>", '<employments error="db down">')),
        reply(item()).replace("<ns2:getServ38Response ", '<ns2:getServ38Response error="db down" '),
    ):
        assert why(await World(whole).fetch()) == "more than employments in the result"


async def test_the_types_that_a_service_of_rpc_style_writes_are_no_failure() -> None:
    typed = (
        reply(item().replace("<employments>", '<employments xsi:type="ns2:employment">'), result='<result xsi:type="ns2:list">{}</result>')
        .replace("<accNo>", '<accNo xsi:type="xsd:string">')
        .replace("<S:Body>", '<S:Body id="body-1">')
        .replace("<ns2:getServ38Response ", '<ns2:getServ38Response S:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" ')
    )
    assert isinstance(await World(typed).fetch(), Found)


@pytest.mark.parametrize("meaning", ["unavailable", "not_found"])
@pytest.mark.parametrize("knobs", [{"nil": True}, {"fault": True}, {"down": True}, {"status": 404}, {"redirect": True}, {"status": 500}])
async def test_a_service_that_fails_is_unavailable_whatever_an_empty_list_means(knobs: dict[str, Any], meaning: str) -> None:
    world = World(empty_list=meaning)
    for name, value in knobs.items():
        setattr(world.simulator.knobs, name, value)
    assert isinstance(await world.fetch(person(NEVER)), Unavailable)


async def test_the_simulators_empty_result_is_read_as_any(world: World) -> None:
    world.simulator.knobs.empty = True
    assert await world.fetch() == NotFound()


@pytest.mark.parametrize("status", [201, 202, 400, 404, 500, 503])
async def test_another_http_status_is_unavailable_whatever_the_body_says(status: int) -> None:
    assert why(await World(NOTHING, status=status).fetch()) == f"status {status}"


# ---- hostile replies ---------------------------------------------------------------------------------------------------

WRONG = {
    "nothing": "",
    "a page for people": "<!doctype html><html><body>1100000000016</body></html>",
    "half": reply(item())[:300],
    "no envelope": "<a>1100000000016</a>",
    "another operation": reply(item()).replace("getServ38", "getServ39"),
    "another namespace": reply(item()).replace("urn:example:sso", "urn:example:1100000000016"),
    "no result": reply(result=""),
    "two results": reply(result="<result/><result/>"),
    "two bodies": re.sub("(<S:Body>.*</S:Body>)", r"\1\1", reply(item())),
    "a fault": reply(result="").replace("<ns2:", "<S:Fault><faultstring>1100000000016</faultstring></S:Fault><ns2:"),
    "a document type": "<!DOCTYPE a>" + reply(item()),
    "an entity": '<!DOCTYPE a [<!ENTITY a "1">]>' + reply(item(employStatus="&a;")),
    "a file": '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + reply(item(companyName="&a;")),
    "an empty employment": reply("<employments/>"),
    "a text for an employment": reply("<employments>1100000000016</employments>"),
    "two of one element": reply(item().replace("<accNo>", "<accNo>1100000000016</accNo><accNo>")),
    "elements in a text": reply(item(accNo="99<b>1100000000016</b>")),
    "a nil with a value": reply(item().replace("<accNo>", '<accNo xsi:nil="true">')),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG.keys())
async def test_what_is_no_reply_is_malformed_and_never_repeated(content: str) -> None:
    with pytest.raises(Malformed) as raised:
        await World(content).fetch()
    told = str(raised.value) + repr(raised.value) + "".join(traceback.format_exception_only(raised.value))
    assert SOMMUT not in told
    assert "สมมติ" not in told
    assert raised.value.__cause__ is None


async def test_a_fault_under_status_200_is_malformed_too(world: World) -> None:
    world.simulator.knobs.fault_in_200 = True
    with pytest.raises(Malformed, match="fault"):
        await world.fetch()


async def test_hostile_bodies_of_the_simulator_are_refused() -> None:
    for knob in ("malformed", "entity_bomb"):
        world = World()
        setattr(world.simulator.knobs, knob, True)
        with pytest.raises(Malformed):
            await world.fetch()
    world = World()
    world.simulator.knobs.huge = True
    world.simulator.knobs.huge_bytes = 8 * 2**20
    with pytest.raises(httpx.TransportError):
        await world.fetch()
