"""Which officer it is: a signed token of an agency of the centre, bound to this counter's certificate, on every call."""

import base64
import json
from collections.abc import Callable

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from linkage.errors import Reason
from linkage.identity.jwks import LOOK
from linkage.v1 import lookup_pb2
from tests.journeys.logbook import entries, proved, refusal, until
from tests.journeys.world import COUNTER_1, COUNTER_2, DOE, Desk, World

DLPW = "https://officers.dlpw.example"
LAMPHUN = "spiffe://linkage.example/centre/lp-01/counter/1"

Open = Callable[..., Desk]


async def _refused_before_anybody_is_asked(world: World, desk: Desk, reason: Reason) -> None:
    asked = len(world.dopa.received)
    world.clock.advance(60)  # each minute's first has an entry

    said = await refusal(world, desk.verify(), reason)
    await refusal(world, desk.lookups.Lookup(lookup_pb2.LookupRequest(), metadata=desk.metadata, timeout=20), reason)

    assert asked == len(world.dopa.received)
    assert said.receipt is not None
    facts = proved(world, said.receipt)["facts"]
    assert desk.certificate.exists()
    assert "counter" in facts
    assert "officer" not in facts


async def test_without_an_officer_nothing_is_asked(world: World, open_desk: Open) -> None:
    desk = open_desk(token="")

    await _refused_before_anybody_is_asked(world, desk, Reason.OFFICER_TOKEN_MISSING)

    assert grpc.StatusCode.UNAUTHENTICATED == (await refusal(world, desk.verify(), Reason.OFFICER_TOKEN_MISSING)).code


@pytest.mark.parametrize("rubbish", ["rubbish", "a.b.c", "e30.e30.", "." * 100, "x" * 9000])
async def test_rubbish_is_no_token(world: World, open_desk: Open, rubbish: str) -> None:
    await _refused_before_anybody_is_asked(world, open_desk(token=rubbish), Reason.OFFICER_TOKEN_INVALID)


async def test_another_scheme_and_two_tokens_are_refused(world: World, desk: Desk) -> None:
    good = desk.metadata[0][1]
    for shown in (["Basic dXNlcjpwYXNz"], [good.replace("Bearer", "Basics")], [good, good]):
        desk.metadata = [("authorization", value) for value in shown]
        await _refused_before_anybody_is_asked(world, desk, Reason.OFFICER_TOKEN_INVALID)


async def test_an_unsigned_token_is_refused_also_where_its_signature_is_that_of_the_good_one(world: World, open_desk: Open) -> None:
    good = _token(world)
    _, payload, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    for token in (f"{none}.{payload}.", f"{none}.{payload}.{signature}"):
        await _refused_before_anybody_is_asked(world, open_desk(token=token), Reason.OFFICER_TOKEN_INVALID)


async def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(world: World, open_desk: Open) -> None:
    good = _token(world)
    public = json.loads((world.folder / "officers-doe.jwks.json").read_text())["keys"][0]
    header, payload = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    for secret in (public["x"].encode(), base64.urlsafe_b64decode(public["x"] + "=")):
        forged = jwt.encode(payload, secret.ljust(32, b"="), "HS256", headers={"kid": header["kid"]})
        await _refused_before_anybody_is_asked(world, open_desk(token=forged), Reason.OFFICER_TOKEN_INVALID)


async def test_a_token_changed_by_one_letter_is_refused(world: World, open_desk: Open) -> None:
    header, payload, signature = _token(world).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) | {"sub": "officer-0002"}
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()

    await _refused_before_anybody_is_asked(world, open_desk(token=f"{header}.{other}.{signature}"), Reason.OFFICER_TOKEN_INVALID)


async def test_a_token_ends_while_the_connection_is_open(world: World, open_desk: Open) -> None:
    desk = open_desk(hours=1.0)
    await desk.verify()
    world.clock.advance(3600)

    await _refused_before_anybody_is_asked(world, desk, Reason.OFFICER_TOKEN_EXPIRED)


async def test_a_token_for_more_than_twelve_hours_is_refused(world: World, open_desk: Open) -> None:
    claims = jwt.decode(_token(world), options={"verify_signature": False})
    key = load_pem_private_key((world.folder / "officers-doe.key").read_bytes(), None)
    kid = jwt.get_unverified_header(_token(world))["kid"]
    long = jwt.encode(claims | {"exp": claims["iat"] + 12 * 3600 + 1}, key, "EdDSA", headers={"kid": kid})  # type: ignore[arg-type]

    await _refused_before_anybody_is_asked(world, open_desk(token=long), Reason.OFFICER_TOKEN_INVALID)


async def test_a_token_for_another_system_is_refused(world: World, open_desk: Open) -> None:
    await _refused_before_anybody_is_asked(world, open_desk(audience="another-gateway"), Reason.OFFICER_TOKEN_WRONG_AUDIENCE)


async def test_a_token_bound_to_another_counters_certificate_is_refused(world: World, open_desk: Open) -> None:
    elsewhere = open_desk(COUNTER_2)
    stolen = elsewhere.metadata[0][1].removeprefix("Bearer ")
    await elsewhere.verify()

    await _refused_before_anybody_is_asked(world, open_desk(COUNTER_1, token=stolen), Reason.OFFICER_TOKEN_NOT_BOUND)


async def test_officers_of_an_agency_that_does_not_work_at_the_centre_are_refused(world: World, open_desk: Open) -> None:
    await _refused_before_anybody_is_asked(world, open_desk(LAMPHUN, issuer=DOE), Reason.OFFICER_ISSUER_NOT_ALLOWED)


async def test_a_suspended_officer_is_refused(world: World, open_desk: Open) -> None:
    await _refused_before_anybody_is_asked(world, open_desk(subject="officer-0099"), Reason.OFFICER_SUSPENDED)


async def test_an_officer_suspended_while_the_connection_is_open_is_refused_at_the_next_call(world: World, desk: Desk) -> None:
    await desk.verify()
    configured = len(entries(world, "config"))
    world.change("register.toml", 'subject = "officer-0099"', 'subject = "officer-0001"')
    await until(lambda: len(entries(world, "config")) > configured)

    await _refused_before_anybody_is_asked(world, desk, Reason.OFFICER_SUSPENDED)


async def test_a_key_withdrawn_by_its_issuer_opens_nothing_a_second_later(world: World, desk: Desk) -> None:
    await desk.verify()
    other = (world.folder / "officers-dlpw.jwks.json").read_text()
    (world.folder / "officers-doe.jwks.json").write_text(other)
    world.clock.advance(LOOK)

    await _refused_before_anybody_is_asked(world, desk, Reason.OFFICER_TOKEN_INVALID)


async def test_where_the_issuers_keys_cannot_be_had_the_officer_is_told_to_wait(world: World, open_desk: Open) -> None:
    desk = open_desk()
    (world.folder / "officers-doe.jwks.json").unlink()
    world.clock.advance(LOOK)

    said = await refusal(world, desk.verify(), Reason.OFFICER_KEYS_UNAVAILABLE)

    assert grpc.StatusCode.UNAVAILABLE == said.code
    assert said.retry_seconds is not None


def _token(world: World) -> str:
    certificate, _ = world.certificate(COUNTER_1, "cm-01-counter-1")
    return world.token(certificate)


async def test_an_officer_who_knocks_without_end_leaves_one_entry_a_minute_and_an_exact_count(world: World, open_desk: Open) -> None:
    desk = open_desk(subject="officer-0099")
    for minute in range(2):
        world.clock.advance(60 * minute)
        first = await refusal(world, desk.verify(), Reason.OFFICER_SUSPENDED)
        assert first.receipt is not None
        for _ in range(4):
            assert (await refusal(world, desk.verify(), Reason.OFFICER_SUSPENDED)).receipt is None

    await world.gateway._tally.record(everything=True)

    assert 2 == len(entries(world, "denied"))
    assert 8 == sum(leaf["facts"]["count"] for leaf in entries(world, "refused_many"))
    assert b'linkage_refusals_total{reason="OFFICER_SUSPENDED"} 10.0' in world.metrics()
