"""What a provider allows us to ask, told without asking about anybody."""

import time
from pathlib import Path
from typing import Any

import pytest

from linkage.sources.adapter import Malformed, Probed
from linkage.sources.rest.manifest import Endpoint
from linkage.sources.rest.xroad.access import Allowed, read_allowed
from linkage.sources.rest.xroad.errors import DENIED
from linkage.sources.rest.xroad.messages import message_id
from linkage.sources.rest.xroad.simulator import CONSUMER
from tests.sources.rest.xroad.ministry import BERTH, LICENCE, REQUEST_ID, World, carried, failed, why

ALLOWED = "TH-TEST/GOV/9900003/registers/allowedMethods"
SERVICE = "TH/GOV/1/registers/licences"
IDENTIFIED = {"xroad_instance": "TH", "member_class": "GOV", "member_code": "1", "subsystem_code": "registers", "service_code": "licences"}


async def test_a_probe_asks_each_provider_once_and_names_nobody(world: World) -> None:
    assert await world.probe() == Probed({LICENCE: True, BERTH: True})
    assert [one.operation for one in world.simulator.received] == ["allowedMethods"] * 2


async def test_a_probe_is_a_message_like_any_other(folder: Path) -> None:
    world = World(folder, carried({"service": []}, x_road_service=None, x_road_id=None))
    assert await world.probe() == Probed({LICENCE: False, BERTH: False})
    first = world.asked[0]
    assert first[:2] == ("GET", f"/r1/{ALLOWED}")
    assert first[3] == b""
    assert {name: value for name, value in first[2].items() if name.startswith("x-")} == {
        "x-request-id": REQUEST_ID,
        "x-road-client": CONSUMER,
        "x-road-id": message_id(REQUEST_ID, ALLOWED),
    }


@pytest.mark.parametrize("camel_case", [False, True])
@pytest.mark.parametrize(("grants", "granted"), [("service", True), ("endpoint", True), ("another", False), ("none", False)])
async def test_a_grant_covers_the_service_or_the_endpoint_that_it_names(world: World, grants: Any, granted: bool, camel_case: bool) -> None:
    world.simulator.knobs.grants = grants
    world.simulator.knobs.camel_case = camel_case
    assert await world.probe() == Probed({LICENCE: granted, BERTH: granted})
    if not granted:
        assert await world.ask() == DENIED


async def test_a_service_elsewhere_in_the_settings_is_the_one_that_must_be_granted(folder: Path) -> None:
    world = World(folder, licence_service="TH-TEST/GOV/9900003/registers/licences-2")
    assert await world.probe() == Probed({LICENCE: False, BERTH: True})


@pytest.mark.parametrize("code", ["Server.ServerProxy.NetworkError", "Server.ClientProxy.UnknownMember"])
async def test_a_provider_that_does_not_answer_leaves_the_whole_untold(world: World, code: str) -> None:
    world.simulator.knobs.error = code
    assert "security server" in why(await world.probe())
    world.simulator.knobs.error = None
    world.simulator.knobs.down = True
    assert why(await world.probe()) == "status 503"


async def test_a_refusal_of_the_metaservice_is_a_refusal(folder: Path) -> None:
    assert await World(folder, failed("server.serverproxy.access_denied")).probe() == DENIED


async def test_a_list_for_another_message_is_nobodys(folder: Path) -> None:
    for reply in (carried({"service": []}, x_road_id=REQUEST_ID), carried({"service": []}, service=SERVICE)):
        assert why(await World(folder, reply).probe()) == "x-road: answer to another question"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"service": None},
        {"service": {}},
        {"service": ["TH/GOV"]},
        {"service": [{"subsystem_code": "registers", "service_code": 7}]},
        {"service": [{**IDENTIFIED, "endpoint_list": {}}]},
        {"service": [{**IDENTIFIED, "endpoint_list": ["GET /"]}]},
        {"service": [{**IDENTIFIED, "endpoint_list": [{"method": "GET"}]}]},
        {"service": [{**IDENTIFIED, "endpoint_list": [{"method": "GET", "path": "/" + "a" * 1000}]}]},
        {"service": [{**IDENTIFIED, "endpoint_list": [{"method": "GET", "path": "/a"}] * 1001}] * 2},
    ],
)
def test_a_list_of_another_shape_is_malformed(body: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read_allowed(body)


def test_a_list_is_read_in_either_spelling() -> None:
    humped = {"xRoadInstance": "TH", "memberClass": "GOV", "memberCode": "1", "subsystemCode": "registers", "serviceCode": "licences"}
    ends = [{"method": "GET", "path": "/v1/people/*"}]
    expected = (Allowed(SERVICE, (("GET", "/v1/people/*"),)),)
    assert read_allowed({"service": [{**IDENTIFIED, "endpoint_list": ends}]}) == expected
    assert read_allowed({"member": [{**humped, "endpointList": ends}]}) == expected
    assert read_allowed({"service": [IDENTIFIED]}) == (Allowed(SERVICE, ()),)
    alone = {key: value for key, value in IDENTIFIED.items() if key != "subsystem_code"}
    assert read_allowed({"service": [alone]}) == (Allowed("TH/GOV/1/licences", ()),)


def endpoint(method: str, path: str) -> Endpoint:
    return Endpoint("x", method, "base", path, {}, {}, None, frozenset({200}), None, frozenset(), SERVICE)


@pytest.mark.parametrize(
    ("granted", "covered"),
    [
        (("GET", "/v1/people/*/licence"), True),
        (("GET", "/v1/people/{personCode}/licence"), True),
        (("*", "/v1/people/*/licence"), True),
        (("*", "**"), True),
        (("GET", "/v1/**"), True),
        (("GET", "/v1/pe*le/*/l**ce"), True),
        (("GET", "/**/licence"), True),
        (("GET", "/**/**/**/**"), True),
        (("GET", "/**/**/**/**/**"), False),
        (("GET", "/v1/people/*/licence/**"), False),
        (("GET", "/v1/*o*o*/*/licence"), False),
        (("GET", "/v1/peop*ople/*/licence"), False),
        (("GET", "/v1/people/*"), False),
        (("GET", "/v1/*"), False),
        (("GET", "/v1/people/**/fine"), False),
        (("GET", "/v1.people/*/licence"), False),
        (("POST", "/v1/people/*/licence"), False),
        (("get", "/v1/people/*/licence"), False),
        (("GET", "/v1/people/*/licence/"), False),
    ],
)
def test_a_path_covers_what_its_stars_stand_for(granted: tuple[str, str], covered: bool) -> None:
    ours = endpoint("GET", "/v1/people/{number}/licence")
    assert Allowed(SERVICE, (granted,)).covers(SERVICE, ours) is covered
    assert not Allowed(SERVICE, (granted,)).covers("TH/GOV/1/registers/fines", ours)


@pytest.mark.parametrize("path", ["**" * 14 + "X", "/" + "*a" * 400, "/**" * 300 + "/X", "{" * 900, "/{a}" * 200])
def test_no_path_of_a_provider_keeps_the_gateway_busy(path: str) -> None:
    ours = endpoint("GET", "/a" * 140 + "/{number}")
    started = time.process_time()
    assert not Allowed(SERVICE, (("GET", path),)).covers(SERVICE, ours)
    assert time.process_time() - started < 1.0
