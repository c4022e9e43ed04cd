"""The simulated DBD: to the letter, its knobs over HTTP, and whom it can be asked about."""

import pytest
from pydantic import ValidationError

from adapters.dbd.bodies import Body, load_bodies
from adapters.dbd.fields import FIELDS
from adapters.dbd.settings import JURISTIC_PERSON
from adapters.dbd.simulator import DbdSimulator
from adapters.dbd.tests.world import REQUEST_ID, TRADING, URL, World
from linkage.sources.adapter import Found, NotFound
from linkage.terms import JuristicPerson

PAGE = f"{URL}/api/v1/juristic_person"


LETTER = {
    "status": {"code": "1000", "description": "Success"},
    "data": [
        {
            "cd:OrganizationJuristicPerson": {
                "cd:OrganizationJuristicID": "0995500000022",
                "cd:OrganizationOldJuristicID": None,
                "cd:OrganizationJuristicNameTH": "บริษัท ตัวอย่างซอฟต์แวร์ จำกัด",
                "cd:OrganizationJuristicNameEN": None,
                "cd:OrganizationJuristicType": "บริษัทจำกัด",
                "cd:OrganizationJuristicRegisterDate": "20170713",
                "cd:OrganizationJuristicStatus": "ยังดำเนินกิจการอยู่",
                "cd:OrganizationJuristicObjective": {
                    "td:JuristicObjective": {
                        "td:JuristicObjectiveCode": "62010",
                        "td:JuristicObjectiveTextTH": "ทดสอบโปรแกรม",
                        "td:JuristicObjectiveTextEN": None,
                    }
                },
                "cd:OrganizationJuristicRegisterCapital": "1000000",
                "cd:OrganizationJuristicBranchName": "สำนักงานใหญ่",
                "cd:OrganizationJuristicAddress": {
                    "cr:AddressType": {
                        "cd:Address": None,
                        "cd:AddressNo": "12",
                        "cd:Building": None,
                        "cd:RoomNo": None,
                        "cd:Floor": None,
                        "cd:Moo": "1",
                        "cd:Yaek": None,
                        "cd:Soi": None,
                        "cd:Trok": None,
                        "cd:Village": None,
                        "cd:Road": None,
                        "cd:CitySubDivision": {"cr:CitySubDivisionCode": "999902", "cr:CitySubDivisionTextTH": "สมมติเหนือ"},
                        "cd:City": {"cr:CityCode": "9999", "cr:CityTextTH": "ทดสอบ"},
                        "cd:CountrySubDivision": {"cr:CountrySubDivisionCode": "99", "cr:CountrySubDivisionTextTH": "จำลองบุรี"},
                    }
                },
            }
        }
    ],
}


async def test_a_page_is_to_the_letter(world: World) -> None:
    reply = await world.client.get(f"{PAGE}/0995500000022")
    assert reply.headers["content-type"] == "application/json"
    assert reply.json() == LETTER


@pytest.mark.parametrize("status", [200, 404])
async def test_nobody_is_1004(world: World, status: int) -> None:
    world.simulator.knobs.not_found_status = status
    reply = await world.client.get(f"{PAGE}/0995599999990")
    assert (reply.status_code, reply.json()) == (status, {"status": {"code": "1004", "description": "No data available"}})
    assert await world.ask("0995599999990") == NotFound()


async def test_what_was_received_is_told_without_the_number(world: World) -> None:
    await world.ask()
    received = await world.client.get(f"{URL}/_simulator/received")
    assert received.json() == [{"operation": "juristic_person", "request_id": REQUEST_ID, "at_ms": world.clock.now_ms()}]


async def test_a_body_is_added_over_http(world: World) -> None:
    row = world.simulator.bodies[TRADING].model_dump(mode="json") | {"number": "0995500000189"}
    assert (await world.client.post(f"{URL}/_simulator/people", json=row)).status_code == 204
    assert (await world.record("0995500000189", "juristic_id")) == {"juristic_id": "0995500000189"}
    wrongs: list[object] = [row | {"number": "0995500000188"}, row | {"number": "1100000000016"}, {"number": "0995500000189"}, []]
    for wrong in wrongs:
        assert (await world.client.post(f"{URL}/_simulator/people", json=wrong)).status_code == 400


async def test_knobs_are_turned_over_http(world: World) -> None:
    turned = await world.client.post(f"{URL}/_simulator/knobs", json={"code": "9999"})
    assert (turned.status_code, turned.json()["code"]) == (200, "9999")
    assert (await world.client.post(f"{URL}/_simulator/knobs", json={"not_found_status": 100})).status_code == 400


async def test_its_examples_are_found_whole_and_not_found() -> None:
    world = World()
    examples = world.simulator.examples()
    there, nobody = examples.found[JURISTIC_PERSON], examples.not_found[JURISTIC_PERSON]
    assert isinstance(there, JuristicPerson)
    assert isinstance(nobody, JuristicPerson)
    answer = await world.ask(there.number.reveal())
    assert isinstance(answer, Found)
    assert set(answer.fields) == set(FIELDS)
    assert await world.ask(nobody.number.reveal()) == NotFound()


def test_every_number_is_invented_and_no_body_is_described_twice() -> None:
    assert all(number.startswith("0995500") for number in load_bodies())
    assert len({one.case for one in load_bodies().values()}) == len(load_bodies()) == len(DbdSimulator().bodies)
    with pytest.raises(ValidationError):
        Body.model_validate(load_bodies()[TRADING].model_dump() | {"registered": "2556"})
