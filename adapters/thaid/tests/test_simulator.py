"""The simulated ThaID is to the letter what the adapter and a counter's own login page need."""

from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.thaid.simulator import BASE
from adapters.thaid.tests.world import BACK, SOMMUT, URL, World

ASK = {"response_type": "code", "client_id": "linkage-demo", "redirect_uri": BACK, "scope": "pid name openid", "state": "s-1"}
CLIENT = ("linkage-demo", "not-a-secret")


async def consent(world: World, **more: str) -> dict[str, list[str]]:
    reply = await world.client.get(f"{URL}{BASE}/auth/", params=ASK | more)
    assert reply.status_code == 302
    location = urlsplit(reply.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == BACK
    return parse_qs(location.query)


async def token(world: World, scope: str = "pid name openid") -> dict[str, object]:
    code = (await consent(world, scope=scope))["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    reply = await world.client.post(f"{URL}{BASE}/token/", data=form, auth=CLIENT)
    assert reply.status_code == 200
    body: dict[str, object] = reply.json()
    return body


async def test_a_consent_comes_back_with_code_and_state(world: World) -> None:
    back = await consent(world)
    assert back["state"] == ["s-1"]
    assert len(back["code"]) == 1


async def test_who_consents_is_said_by_a_parameter_or_a_knob(world: World) -> None:
    assert (await token(world, "pid"))["pid"] == SOMMUT
    world.simulator.knobs.consents = "1100000000024"
    assert (await token(world, "pid"))["pid"] == "1100000000024"
    code = (await consent(world, scope="pid", _person="1100000000032"))["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    assert (await world.client.post(f"{URL}{BASE}/token/", data=form, auth=CLIENT)).json()["pid"] == "1100000000032"


async def test_a_person_who_denies_comes_back_with_an_error(world: World) -> None:
    world.simulator.knobs.denies = True
    back = await consent(world)
    assert (back["error"], back["state"]) == (["access_denied"], ["s-1"])
    assert "code" not in back


@pytest.mark.parametrize("missing", sorted(ASK))
async def test_all_five_parameters_are_required(world: World, missing: str) -> None:
    asked = {key: value for key, value in ASK.items() if key != missing}
    reply = await world.client.get(f"{URL}{BASE}/auth/", params=asked)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


async def test_without_openid_the_fields_are_flat_and_with_it_in_the_id_token(world: World) -> None:
    flat = await token(world, "pid name")
    assert (flat["pid"], flat["name"], "id_token" in flat) == (SOMMUT, "นายสมมติ ทดสอบระบบ", False)
    signed = await token(world)
    assert ("pid" in signed, "name" in signed, "id_token" in signed) == (False, False, True)
    ends = world.clock.now_ms() // 1000 + 900
    assert (flat["expire_in"], flat["expires_in"]) == (ends, ends)


async def test_introspection_takes_both_forms_of_a_token_until_it_is_revoked(world: World) -> None:
    given = (await token(world, "pid name"))["access_token"]
    for form in (f"Bearer {given}", str(given)):
        reply = await world.client.post(f"{URL}{BASE}/introspect/", data={"token": form}, auth=CLIENT)
        assert reply.json() == {"active": True, "sub": SOMMUT, "scope": "pid name"}
    empty = await world.client.post(f"{URL}{BASE}/introspect/", data={}, auth=CLIENT)
    assert empty.status_code == 400
    revoked = await world.client.post(f"{URL}{BASE}/revoke/", data={"token": f"Bearer {given}"}, auth=CLIENT)
    assert revoked.json() == {"status": "OK", "message": "revoked"}
    reply = await world.client.post(f"{URL}{BASE}/introspect/", data={"token": str(given)}, auth=CLIENT)
    assert reply.json() == {"active": False}


async def test_userinfo_needs_openid(world: World) -> None:
    for scope, status in (("pid name", 400), ("pid name openid", 200)):
        given = (await token(world, scope))["access_token"]
        reply = await world.client.get(f"{URL}{BASE}/userinfo/", headers={"authorization": f"Bearer {given}"})
        assert reply.status_code == status
    assert (await world.client.get(f"{URL}{BASE}/userinfo/")).status_code == 401


async def test_discovery_names_the_key_set(world: World) -> None:
    found = (await world.client.get(f"{URL}/.well-known/openid-configuration")).json()
    assert found["jwks_uri"] == f"{URL}{BASE}/jwks/"
    [key] = (await world.client.get(found["jwks_uri"])).json()["keys"]
    assert (key["kty"], key["alg"], "d" in key) == ("RSA", "RS256", False)


async def test_a_wrong_client_is_turned_away(world: World) -> None:
    for page in ("token", "introspect", "revoke"):
        reply = await world.client.post(f"{URL}{BASE}/{page}/", data={"token": "x"}, auth=("linkage-demo", "wrong"))
        assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")


async def test_another_grant_type_is_not_supported(world: World) -> None:
    reply = await world.client.post(f"{URL}{BASE}/token/", data={"grant_type": "password"}, auth=CLIENT)
    assert (reply.status_code, reply.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_wrong_person_is_somebody_else(world: World) -> None:
    world.simulator.knobs.wrong_person = True
    assert (await token(world, "pid"))["pid"] != SOMMUT
