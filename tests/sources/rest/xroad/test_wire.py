"""X-Road's wire: what goes out, and which replies are answers to it."""

import json
import uuid
from pathlib import Path

import pytest

from linkage.sources.adapter import Malformed, NotFound, Unavailable
from linkage.sources.rest.xroad.messages import NAMESPACE, message_id
from linkage.sources.rest.xroad.simulator import CONSUMER
from tests.sources.rest.xroad.ministry import (
    BERTH,
    BERTHS,
    LICENCE,
    LICENCE_OF_SOMMUT,
    NOBODY,
    REQUEST_ID,
    SOMMUT,
    URL,
    World,
    carried,
    change,
    found,
    why,
    written,
)


async def test_a_service_is_asked_under_its_identifier_at_our_security_server(folder: Path) -> None:
    world = World(folder, carried(LICENCE_OF_SOMMUT))
    found(await world.ask())
    [(method, target, headers, body)] = world.asked
    assert (method, target, body) == ("GET", f"/r1/TH-TEST/GOV/9900003/registers/licences/v1/people/{SOMMUT}/licence?lang=th+en", b"")
    told = {name: value for name, value in headers.items() if name.startswith("x-")} | {"accept": headers["accept"]}
    assert told == {
        "accept": "application/json",
        "x-request-id": REQUEST_ID,
        "x-road-client": CONSUMER,
        "x-road-id": message_id(REQUEST_ID, "harbour.licence"),
        "x-road-issue": "harbour_tour",
    }


async def test_each_part_is_percent_encoded_and_a_service_without_a_path_has_none(folder: Path) -> None:
    world = World(folder, carried({"person": SOMMUT, "berth": {"pier": "9"}}, service=BERTHS))
    found(await world.ask(SOMMUT, BERTH))
    [(method, target, _headers, body)] = world.asked
    assert (method, json.loads(body)) == ("POST", {"id": SOMMUT})
    assert target == "/r1/TH-TEST/GOV/9900004/o%27hara%282%29%2Bb%2Cc-d.e%3Df%3F/berths"


async def test_the_settings_say_who_asks_for_whom_and_where(folder: Path) -> None:
    world = World(
        folder,
        carried(LICENCE_OF_SOMMUT, service="TH/GOV/9900003/registers/licences-2", x_road_client="TH/GOV/9900001/a%2Bb"),
        base_url=f"{URL}:8443/",
        client="TH/GOV/9900001/a+b",
        security_server="TH/GOV/9900003/ss=1",
        represented_party="COM/9900009",
        user_id="TH-counter.gateway",
        licence_service="TH/GOV/9900003/registers/licences-2",
    )
    found(await world.ask())
    [(_method, target, headers, _body)] = world.asked
    assert headers["host"] == "security-server.example:8443"
    assert target.startswith("/r1/TH/GOV/9900003/registers/licences-2/v1/people/")
    assert headers["x-road-client"] == "TH/GOV/9900001/a%2Bb"
    assert headers["x-road-security-server"] == "TH/GOV/9900003/ss%3D1"
    assert headers["x-road-represented-party"] == "COM/9900009"
    assert headers["x-road-userid"] == "TH-counter.gateway"
    assert "x-road-request-hash" not in headers


async def test_what_may_name_an_officer_or_a_case_is_absent_unless_it_is_set(folder: Path, tmp_path: Path) -> None:
    world = World(written(tmp_path, change('X-Road-Issue = "{service}"', "")), carried(LICENCE_OF_SOMMUT))
    await world.ask()
    [(_method, _target, headers, _body)] = world.asked
    absent = {"x-road-userid", "x-road-issue", "x-road-security-server", "x-road-represented-party", "x-road-request-hash"}
    assert not absent & headers.keys()


async def test_a_message_id_follows_from_the_logs_request_id_and_each_message_has_its_own(world: World) -> None:
    await world.fetch(SOMMUT, LICENCE, BERTH)
    ids = {message_id(REQUEST_ID, f"harbour.{name}") for name in ("licence", "berth")}
    assert ids == {str(uuid.uuid5(NAMESPACE, f"{REQUEST_ID}/harbour.{name}")) for name in ("licence", "berth")}
    assert len(ids) == 2
    assert message_id(REQUEST_ID, "harbour.licence") == message_id(REQUEST_ID, "harbour.licence")
    assert message_id(REQUEST_ID[:-1] + "2", "harbour.licence") not in ids


async def test_the_providers_answer_is_read_as_the_manifest_says(world: World) -> None:
    answers = await world.fetch(SOMMUT, LICENCE, BERTH)
    assert {found(answer).fields.get(name) for answer, name in ((answers[LICENCE], "serial"), (answers[BERTH], "pier"))} == {"A1", "9"}  # type: ignore[call-overload]
    assert await world.ask(NOBODY) == NotFound()
    assert [one.operation for one in world.simulator.received] == ["licence", "berth", "licence"]
    assert {one.request_id for one in world.simulator.received} == {REQUEST_ID}


# ---- an answer to this question ----------------------------------------------------------------------------------------

OTHERS = {
    "another id": {"x_road_id": REQUEST_ID},
    "an id in capitals": {"x_road_id": message_id(REQUEST_ID, "harbour.licence").upper()},
    "the id of our other message": {"x_road_id": message_id(REQUEST_ID, "harbour.berth")},
    "an empty id": {"x_road_id": ""},
    "another service": {"x_road_service": "TH-TEST/GOV/9900003/registers/fines"},
    "the same service elsewhere": {"x_road_service": "TH/GOV/9900003/registers/licences"},
    "a service with a path": {"x_road_service": "TH-TEST/GOV/9900003/registers/licences/v1"},
    "a slash inside a part": {"x_road_service": "TH-TEST/GOV/9900003/registers%2Flicences"},
    "an empty service": {"x_road_service": ""},
    "another client": {"x_road_client": "TH-TEST/GOV/9900001/another"},
}


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_a_reply_that_names_another_message_is_nobodys(folder: Path, other: dict[str, str], status: int) -> None:
    assert why(await World(folder, carried(LICENCE_OF_SOMMUT, status, **other)).ask()) == "x-road: answer to another question"


async def test_a_reply_that_did_not_come_through_x_road_is_no_answer(folder: Path) -> None:
    """The manifest takes every 404 for "not found"; one that a balancer wrote is none."""
    for missing in ("x_road_id", "x_road_service"):
        assert why(await World(folder, carried(LICENCE_OF_SOMMUT, **{missing: None})).ask()) == "x-road: answer to no question"  # type: ignore[arg-type]
        assert why(await World(folder, carried({}, 404, **{missing: None})).ask()) == "status 404"  # type: ignore[arg-type]
    assert await World(folder, carried({}, 404)).ask() == NotFound()


async def test_a_reply_that_leaves_out_who_asked_is_taken(folder: Path) -> None:
    found(await World(folder, carried(LICENCE_OF_SOMMUT, x_road_client=None)).ask())


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 409, 500, 502, 503])
async def test_another_status_of_the_providers_is_unavailable(folder: Path, status: int) -> None:
    assert why(await World(folder, carried(LICENCE_OF_SOMMUT, status)).ask()) == f"status {status}"


async def test_a_provider_that_says_when_to_come_back_is_heard(folder: Path) -> None:
    assert await World(folder, carried({}, 503, retry_after="30")).ask() == Unavailable("status 503", 30.0)


async def test_a_carried_reply_that_is_no_json_is_malformed(folder: Path) -> None:
    with pytest.raises(Malformed):
        await World(folder, carried(b"<html>1100000000016</html>")).ask()


# ---- the simulator ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["old", "new"])
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("Client.BadRequest", "configuration: x-road refuses our request"),
        ("Server.ClientProxy.UnknownMember", "our security server: configuration: member unknown"),
        ("Server.ServerProxy.ServiceFailed.IOError", "their security server: provider does not answer"),
        ("Server.ClientProxy.LoggingFailed.TimestamperFailed", "our security server: message log"),
    ],
)
async def test_the_simulator_fails_as_x_road_does(world: World, style: str, code: str, said: str) -> None:
    world.simulator.knobs.style = style  # type: ignore[assignment]
    world.simulator.knobs.error = code
    assert why(await world.ask(NOBODY)) == said
    world.simulator.knobs.only = frozenset({"berth"})
    assert await world.ask(NOBODY) == NotFound()


@pytest.mark.parametrize("echo", ["X-Road-Id", "X-Road-Service", "X-Road-Client"])
async def test_the_simulator_mixes_up_its_messages(world: World, echo: str) -> None:
    world.simulator.knobs.wrong_echo = echo  # type: ignore[assignment]
    for number in (SOMMUT, NOBODY):
        assert why(await world.ask(number)) == "x-road: answer to another question"


async def test_a_page_in_between_answers_without_x_road(world: World) -> None:
    world.simulator.knobs.no_echo = True
    assert why(await world.ask()) == "x-road: answer to no question"
    assert why(await world.ask(NOBODY)) == "status 404"


async def test_a_client_or_service_that_the_security_server_does_not_know_is_a_matter_of_configuration(folder: Path) -> None:
    stranger = World(folder, client="TH-TEST/GOV/9900001/another")
    assert why(await stranger.ask()) == "our security server: configuration: member unknown"
    moved = World(folder, licence_service="TH-TEST/GOV/9900003/registers/licences-2")
    assert why(await moved.ask()) == "their security server: configuration: service unknown"
    gone = World(folder, licence_service="TH-TEST/GOV/9900005/registers/licences")
    assert why(await gone.ask()) == "our security server: configuration: member unknown"


async def test_the_simulator_lists_its_members_and_describes_no_service(world: World) -> None:
    listed = (await world.client.get(f"{URL}/listClients")).json()["member"]
    assert [one["id"]["member_code"] for one in listed] == ["9900001", "9900003", "9900004"]
    headers = {"X-Road-Client": CONSUMER}
    described = await world.client.get(f"{URL}/r1/TH-TEST/GOV/9900003/registers/getOpenAPI?serviceCode=licences", headers=headers)
    assert (described.status_code, described.headers["x-road-error"]) == (400, "Client.BadRequest")
    listing = await world.client.get(f"{URL}/r1/TH-TEST/GOV/9900003/registers/listMethods", headers=headers)
    assert [one["service_code"] for one in listing.json()["service"]] == ["licences"]


@pytest.mark.parametrize("headers", [{}, {"X-Road-Client": CONSUMER, "X-Road-Request-Hash": "x"}], ids=["no client", "a hash"])
async def test_the_simulator_refuses_what_breaks_the_protocol(world: World, headers: dict[str, str]) -> None:
    reply = await world.client.get(f"{URL}/r1/TH-TEST/GOV/9900003/registers/listMethods", headers=headers)
    assert (reply.status_code, reply.json()["type"]) == (400, "Client.BadRequest")
