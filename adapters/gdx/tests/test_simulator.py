"""The simulated GDX: to the letter, its door, its knobs over HTTP, and whom it can be asked about."""

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.gdx.bodies import load_bodies
from adapters.gdx.people import Person, load_people
from adapters.gdx.settings import JURISTIC_PERSON, PERSON
from adapters.gdx.simulator import GdxSimulator
from adapters.gdx.simulator_door import AGENT, CONSUMER_KEY, CONSUMER_SECRET
from adapters.gdx.tests.world import FIELDS, REQUEST_ID, SOMMUT, TRADING, URL, World
from linkage.sources.adapter import Found, NotFound, Query, Verified
from linkage.terms import ServiceId

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
KEY = FORM | {"Consumer-Key": CONSUMER_KEY}
LINK = f"{URL}/ws/dopa/linkage/v1/link"
BODY = f"{URL}/ws/dbd/juristic/v4/profile/information"


async def token_of(world: World) -> dict[str, str]:
    asked = {"ConsumerSecret": CONSUMER_SECRET, "AgentID": AGENT}
    reply = await world.client.get(f"{URL}/ws/auth/validate", params=asked, headers=KEY)
    assert list(reply.json()) == ["Result"]
    return KEY | {"Token": reply.json()["Result"]}


async def test_the_door_turns_away_with_gdxs_own_words(world: World) -> None:
    asked = {"ConsumerSecret": CONSUMER_SECRET, "AgentID": AGENT}
    bare = await world.client.get(f"{URL}/ws/auth/validate", params=asked, headers=FORM)
    assert (bare.status_code, bare.json()) == (403, {"Message": "ForbiddenException: consumer not found"})
    untyped = await world.client.get(f"{URL}/ws/auth/validate", params=asked, headers={"Consumer-Key": CONSUMER_KEY})
    assert untyped.status_code == 400
    for wrong in ({"ConsumerSecret": "x"}, {"AgentID": "x"}):
        assert (await world.client.get(f"{URL}/ws/auth/validate", params=asked | wrong, headers=KEY)).status_code == 403
    for token in ({}, {"Token": "x"}):
        reply = await world.client.get(BODY, params={"JuristicID": TRADING}, headers=KEY | token)
        assert (reply.status_code, reply.json()) == (401, {"Message": "UnauthorizedException: token not found"})


async def test_a_token_ends_after_an_hour_without_use_and_lives_on_with_it(world: World) -> None:
    token = await token_of(world)
    for minutes, status in ((59, 200), (59, 200), (60, 401)):
        world.clock.advance(minutes * 60)
        reply = await world.client.get(BODY, params={"JuristicID": TRADING}, headers=token)
        assert reply.status_code == status


LETTER = {
    "JuristicType": "5",
    "JuristicID": "0995500000022",
    "OldJuristicID": "",
    "RegisterDate": "25600713",
    "JuristicName_TH": "บริษัท ตัวอย่างซอฟต์แวร์ จำกัด",
    "JuristicName_EN": "",
    "RegisterCapital": "1000000",
    "PaidRegisterCapital": "1000000",
    "NumberOfObjective": "2",
    "NumberOfPageOfObjective": "1",
    "JuristicStatus": "ยังดำเนินกิจการอยู่",
    "StandardID": "1",
}
KEYS = {
    "CommitteeInformations": "Sequence FirstName LastName Title Type",
    "AuthorizeDescriptions": "Sequence AuthorizeDescription Type",
    "StandardObjectives": "Sequence ObjectiveDescription",
    "AddressInformations": (
        "Sequence AddressName FullAddress Building RoomNo Floor VillageName AddressNo Moo Soi Road Tumbol Ampur Province Phone Email"
    ),
}


async def test_a_body_is_to_the_letter_and_all_values_are_texts(world: World) -> None:
    reply = await world.client.get(BODY, params={"JuristicID": "0995500000022"}, headers=await token_of(world))
    assert list(reply.json()) == ["ResultList", "RawData"]
    [body] = reply.json()["ResultList"]
    lists = {name: body.pop(name) for name in KEYS}
    assert body == LETTER
    assert {name: " ".join(rows[0]) for name, rows in lists.items()} == KEYS
    assert all(isinstance(value, str) for rows in lists.values() for row in rows for value in row.values())


async def test_a_person_comes_without_an_envelope_and_without_the_number(world: World) -> None:
    asked = {"OfficeID": "00023", "ServiceID": "001", "Version": "01", "CitizenID": SOMMUT}
    token = await token_of(world)
    reply = await world.client.get(LINK, params=asked, headers=token)
    record = reply.json()
    assert (record["firstName"], record["dateOfBirth"], record["genderCode"], record["age"]) == ("สมมติ", 25300115, 1, 38)
    assert SOMMUT not in reply.text
    unheard = await world.client.get(LINK, params=asked | {"ServiceID": "008"}, headers=token)
    assert unheard.json()["Code"] == "95012"
    nobody = await world.client.get(LINK, params=asked | {"CitizenID": "1100000000997"}, headers=token)
    assert nobody.json() == {"Code": "90500", "Message": "ไม่พบข้อมูล"}
    world.simulator.knobs.session_state = "AgentNotAvailable"
    out = await world.client.get(LINK, params=asked, headers=token)
    assert out.json() == {"Code": "90001", "Message": "ไม่ได้ Login เข้าใช้งานระบบ"}


async def test_the_agents_session_is_told_in_its_three_states(world: World) -> None:
    token = await token_of(world)
    asked = {"Consumer": CONSUMER_KEY, "CitizenID": AGENT}
    nobody = "0" * 13
    told = {}
    for state in ("AgentNotAvailable", "AgentAvailable", "CitizenAvailable"):
        world.simulator.knobs.session_state = state
        reply = await world.client.get(f"{URL}/ws/dopa/linkage/v1/agent/permission", params=asked, headers=token)
        assert reply.json()["SessionState"] == state
        told[state] = (reply.json()["AgentID"], reply.json()["CitizenID"])
    assert told == {
        "AgentNotAvailable": (nobody, nobody),
        "AgentAvailable": (AGENT, nobody),
        "CitizenAvailable": (AGENT, SOMMUT),
    }
    foreign = await world.client.get(f"{URL}/ws/dopa/linkage/v1/agent/permission", params=asked | {"Consumer": "x"}, headers=token)
    assert foreign.status_code == 403


def test_its_secrets_are_files_that_others_cannot_read() -> None:
    world = World()
    for name, path in world.simulator.settings_for(URL).items():
        if name.endswith("_file"):
            assert stat.S_IMODE(Path(str(path)).stat().st_mode) == 0o600


async def test_knobs_are_turned_over_http(world: World) -> None:
    turned = await world.client.post(f"{URL}/_simulator/knobs", json={"session_state": "AgentNotAvailable", "token_lives": 5})
    assert (turned.status_code, turned.json()["token_lives"]) == (200, 5)
    for wrong in ({"session_state": "Away"}, {"token_lives": -1}):
        assert (await world.client.post(f"{URL}/_simulator/knobs", json=wrong)).status_code == 400


async def test_what_was_received_is_told_without_a_value_of_a_person_and_without_a_secret(world: World) -> None:
    await world.person()
    await world.verify()
    received = await world.client.get(f"{URL}/_simulator/received")
    assert [one["operation"] for one in received.json()] == ["token", "person", "card"]
    assert received.json()[0] == {"operation": "token", "request_id": REQUEST_ID, "at_ms": world.clock.now_ms()}
    assert not any(value in received.text for value in (SOMMUT, AGENT, CONSUMER_KEY, CONSUMER_SECRET, "สมมติ"))


async def test_a_person_and_a_body_are_added_over_http(world: World) -> None:
    person = world.simulator.people[SOMMUT].model_dump(mode="json") | {"number": "8100000000064", "first": "ผู้มาใหม่"}
    body = world.simulator.bodies[TRADING].model_dump(mode="json") | {"number": "0995500000189"}
    for row in (person, body):
        assert (await world.client.post(f"{URL}/_simulator/people", json=row)).status_code == 204
    assert await world.record(PERSON, "8100000000064", "first_name") == {"first_name": "ผู้มาใหม่"}
    assert await world.record(JURISTIC_PERSON, "0995500000189", "juristic_id") == {"juristic_id": "0995500000189"}
    wrongs: list[object] = [person | {"born": 19870115}, person | {"number": SOMMUT[:-1] + "7"}, body | {"number": SOMMUT}, {}, []]
    for wrong in wrongs:
        assert (await world.client.post(f"{URL}/_simulator/people", json=wrong)).status_code == 400


async def test_its_examples_are_found_whole_not_found_and_verified() -> None:
    world = World()
    examples = world.simulator.examples()
    for record_type, known in FIELDS.items():
        for subject, is_there in ((examples.found[record_type], True), (examples.not_found[record_type], False)):
            asked = Query(subject, ServiceId("s"), {record_type: tuple(known)})
            answer = (await world.adapter.fetch(asked, world.link()))[record_type]
            assert set(answer.fields) == set(known) if isinstance(answer, Found) else answer == NotFound()
            assert isinstance(answer, Found) == is_there
    for evidence, verdict in examples.evidence:
        said = await world.adapter.verify(evidence, world.link())
        assert isinstance(said, Verified)
        assert said.verdict is verdict


def test_everybody_is_invented_and_nobody_is_described_twice() -> None:
    people, bodies = load_people(), load_bodies()
    assert len({one.case for one in people.values()}) >= len(people) - 1
    assert len({one.case for one in bodies.values()}) == len(bodies)
    assert all(number.startswith("0995500") for number in bodies)
    assert all(one.laser.startswith("ZZ") for one in people.values() if one.laser)
    assert AGENT in GdxSimulator().people
    with pytest.raises(ValidationError):
        Person.model_validate(people[SOMMUT].model_dump() | {"born": 25301301})
