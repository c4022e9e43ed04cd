"""Officer tokens: what is accepted, and every way of not being accepted."""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from linkage.errors import Reason, Refusal
from linkage.identity.jwks import LOOK
from linkage.identity.officer import REMEMBERED
from linkage.terms import Officer

DLPW = "https://officers.dlpw.example"
CITIZEN = "1100000000016"  # invented; its check digit is right


async def reason_of(desk: Any, token: str | None, counter: Any = None) -> Reason:
    with pytest.raises(Refusal) as refused:
        await desk.tokens.officer(token, counter or desk.counter)
    assert token is None or len(token) < 12 or token not in str(refused.value)
    assert CITIZEN not in str(refused.value)
    return refused.value.reason


def b64(value: Any) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def forged(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    signed = f"{b64(header)}.{b64(claims)}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"


# ---- accepted ----------------------------------------------------------------------------------------------------------


async def test_a_token_in_order_names_its_officer(desk: Any) -> None:
    assert await desk.tokens.officer(desk.token(), desk.counter) == Officer("https://officers.doe.example", "officer-0001")


async def test_each_kind_of_key_verifies_by_its_own_algorithm(desk: Any, signer: Any, rsa_key: Any) -> None:
    keys = [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1()), rsa_key]
    signers = [signer(f"key-{i}", key) for i, key in enumerate(keys)]
    desk.publish("doe", *signers)
    for i, each in enumerate(signers):
        assert (await desk.tokens.officer(each.sign(desk.claims(sub=f"officer-{i}")), desk.counter)).subject == f"officer-{i}"


async def test_one_of_several_audiences_is_enough(desk: Any) -> None:
    await desk.tokens.officer(desk.token(aud=["payroll", "linkage"]), desk.counter)


async def test_a_clock_ahead_of_ours_by_a_minute_is_forgiven(desk: Any) -> None:
    now = desk.clock.now_ms() // 1000
    await desk.tokens.officer(desk.token(iat=now + 60, nbf=now + 60), desk.counter)


async def test_a_token_of_exactly_twelve_hours_is_accepted(desk: Any) -> None:
    now = desk.clock.now_ms() // 1000
    await desk.tokens.officer(desk.token(exp=now + 12 * 3600), desk.counter)


async def test_the_only_key_needs_no_id(desk: Any, signer: Any) -> None:
    unnamed = signer(None, desk.doe.key)
    await desk.tokens.officer(unnamed.sign(desk.claims()), desk.counter)


# ---- refused -----------------------------------------------------------------------------------------------------------

NOW = 1_767_225_600
HOSTILE: dict[str, tuple[dict[str, Any], Reason]] = {
    "wrong audience": ({"aud": "payroll"}, Reason.OFFICER_TOKEN_WRONG_AUDIENCE),
    "no audience": ({"aud": None}, Reason.OFFICER_TOKEN_WRONG_AUDIENCE),
    "audience that only contains ours": ({"aud": "linkage-test"}, Reason.OFFICER_TOKEN_WRONG_AUDIENCE),
    "audience of another type": ({"aud": {"linkage": True}}, Reason.OFFICER_TOKEN_WRONG_AUDIENCE),
    "expired": ({"iat": NOW - 3600, "exp": NOW - 1}, Reason.OFFICER_TOKEN_EXPIRED),
    "expires this very second": ({"iat": NOW - 3600, "exp": NOW}, Reason.OFFICER_TOKEN_EXPIRED),
    "no expiry": ({"exp": None}, Reason.OFFICER_TOKEN_INVALID),
    "expiry that is text": ({"exp": "9999999999"}, Reason.OFFICER_TOKEN_INVALID),
    "expiry that is a truth": ({"exp": True}, Reason.OFFICER_TOKEN_INVALID),
    "expiry that is no number": ({"exp": float("nan")}, Reason.OFFICER_TOKEN_INVALID),
    "expiry without end": ({"exp": float("inf")}, Reason.OFFICER_TOKEN_INVALID),
    "expiry beyond all time": ({"exp": 10**400}, Reason.OFFICER_TOKEN_INVALID),
    "issued never": ({"iat": None}, Reason.OFFICER_TOKEN_INVALID),
    "issued in the future": ({"iat": NOW + 61}, Reason.OFFICER_TOKEN_INVALID),
    "issued in the future, but said to be valid": ({"iat": NOW + 61, "nbf": NOW}, Reason.OFFICER_TOKEN_INVALID),
    "valid in the future": ({"nbf": NOW + 61}, Reason.OFFICER_TOKEN_INVALID),
    "thirteen hours": ({"exp": NOW + 13 * 3600}, Reason.OFFICER_TOKEN_INVALID),
    "twelve hours and a second": ({"exp": NOW + 12 * 3600 + 1}, Reason.OFFICER_TOKEN_INVALID),
    "old, but long-lived": ({"iat": NOW - 11 * 3600, "exp": NOW + 2 * 3600}, Reason.OFFICER_TOKEN_INVALID),
    "bound to another certificate": ({"cnf": {"x5t#S256": b64(hashlib.sha256(b"other").digest())}}, Reason.OFFICER_TOKEN_NOT_BOUND),
    "not bound": ({"cnf": None}, Reason.OFFICER_TOKEN_NOT_BOUND),
    "bound to a key instead": ({"cnf": {"jkt": "x"}}, Reason.OFFICER_TOKEN_NOT_BOUND),
    "bound to nothing": ({"cnf": {"x5t#S256": ""}}, Reason.OFFICER_TOKEN_NOT_BOUND),
    "unknown issuer": ({"iss": "https://officers.elsewhere.example"}, Reason.OFFICER_ISSUER_NOT_ALLOWED),
    "issuer almost right": ({"iss": "https://officers.doe.example/"}, Reason.OFFICER_ISSUER_NOT_ALLOWED),
    "no issuer": ({"iss": None}, Reason.OFFICER_TOKEN_INVALID),
    "suspended": ({"sub": "officer-0099"}, Reason.OFFICER_SUSPENDED),
    "no subject": ({"sub": None}, Reason.OFFICER_TOKEN_INVALID),
    "empty subject": ({"sub": " "}, Reason.OFFICER_TOKEN_INVALID),
    "subject that is a number": ({"sub": 7}, Reason.OFFICER_TOKEN_INVALID),
    "subject too long": ({"sub": "x" * 129}, Reason.OFFICER_TOKEN_INVALID),
    "subject with a line break": ({"sub": "officer\n\nadmin"}, Reason.OFFICER_TOKEN_INVALID),
    "subject with a separator": ({"sub": "officer\u2028admin"}, Reason.OFFICER_TOKEN_INVALID),
    "subject that is a citizen number": ({"sub": CITIZEN}, Reason.OFFICER_TOKEN_INVALID),
    "subject that holds a citizen number": ({"sub": f"th-{CITIZEN}@doe"}, Reason.OFFICER_TOKEN_INVALID),
}


@pytest.mark.parametrize(("changes", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_signed_token_that_is_not_in_order_is_refused(changes: dict[str, Any], reason: Reason, desk: Any) -> None:
    token = desk.token(**changes)
    assert await reason_of(desk, token) is reason
    assert await reason_of(desk, token) is reason  # also when its signature is remembered


@pytest.mark.parametrize("token", [None, ""])
async def test_no_token_is_missing_rather_than_invalid(token: str | None, desk: Any) -> None:
    assert await reason_of(desk, token) is Reason.OFFICER_TOKEN_MISSING


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "....",
        "é.é.é",
        "\ud800",
        "e30.e30.",
        "A" * 20_000,
        f"{b64({'alg': 'EdDSA'})}.{b64([1])}.AA",
        f"{b64({'alg': 'EdDSA'})}.!.AA",
    ],
)
async def test_text_that_is_no_token_is_invalid(token: str, desk: Any) -> None:
    assert await reason_of(desk, token) is Reason.OFFICER_TOKEN_INVALID


async def test_an_unsigned_token_is_refused(desk: Any) -> None:
    for algorithm in ("none", "None", "nOnE"):
        header = {"alg": algorithm, "kid": "doe-1"}
        assert await reason_of(desk, f"{b64(header)}.{b64(desk.claims())}.") is Reason.OFFICER_TOKEN_INVALID


async def test_a_token_whose_shared_secret_is_the_public_key_is_refused(desk: Any) -> None:
    public = desk.doe.key.public_key()
    for secret in (public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), public.public_bytes_raw()):
        token = forged({"alg": "HS256", "kid": "doe-1"}, desk.claims(), secret)
        assert await reason_of(desk, token) is Reason.OFFICER_TOKEN_INVALID


async def test_the_header_cannot_choose_another_algorithm_than_the_key_s(desk: Any, signer: Any) -> None:
    curve = signer("doe-1", ec.generate_private_key(ec.SECP256R1()))
    assert await reason_of(desk, curve.sign(desk.claims())) is Reason.OFFICER_TOKEN_INVALID


async def test_a_token_signed_by_another_key_under_a_known_id_is_refused(desk: Any, signer: Any) -> None:
    assert await reason_of(desk, signer("doe-1").sign(desk.claims())) is Reason.OFFICER_TOKEN_INVALID


async def test_a_key_of_one_issuer_speaks_for_no_other(desk: Any, signer: Any) -> None:
    desk.publish("doe", desk.doe)
    desk.publish("dlpw", signer("doe-1", desk.dlpw.key))  # the other issuer uses the same key id
    assert await reason_of(desk, signer("doe-1", desk.dlpw.key).sign(desk.claims())) is Reason.OFFICER_TOKEN_INVALID


async def test_one_of_several_keys_must_be_named_and_be_the_one_that_signed(desk: Any, signer: Any) -> None:
    second = signer("doe-2")
    desk.publish("doe", desk.doe, second)
    await desk.tokens.officer(second.sign(desk.claims()), desk.counter)
    unnamed, misnamed, unknown = signer(None, second.key), signer("doe-1", second.key), signer("doe-3", second.key)
    for each in (unnamed, signer(None, desk.doe.key), misnamed, unknown):
        assert await reason_of(desk, each.sign(desk.claims())) is Reason.OFFICER_TOKEN_INVALID


async def test_a_changed_claim_breaks_the_signature(desk: Any) -> None:
    header, _, signature = desk.token().split(".")
    assert await reason_of(desk, f"{header}.{b64(desk.claims(sub='director'))}.{signature}") is Reason.OFFICER_TOKEN_INVALID


async def test_a_critical_header_that_nobody_knows_is_refused(desk: Any) -> None:
    headers: list[dict[str, Any]] = [{"crit": ["exp"]}, {"crit": ["b64"], "b64": True}, {"crit": []}]
    for header in headers:
        signed = f"{b64({'alg': 'EdDSA', 'kid': 'doe-1', **header})}.{b64(desk.claims())}"
        assert await reason_of(desk, f"{signed}.{b64(desk.doe.key.sign(signed.encode()))}") is Reason.OFFICER_TOKEN_INVALID


async def test_a_token_too_long_to_be_read_is_refused_whoever_signed_it(desk: Any) -> None:
    await desk.tokens.officer(desk.token(note="x" * 5000), desk.counter)
    assert await reason_of(desk, desk.token(note="x" * 6200)) is Reason.OFFICER_TOKEN_INVALID


async def test_a_claim_named_twice_is_refused(desk: Any) -> None:
    body = json.dumps(desk.claims())
    await reason_of_raw(desk, body[:-1] + ', "sub": "director"}')


async def test_claims_nested_too_deeply_are_refused(desk: Any) -> None:
    await reason_of_raw(desk, '{"iss":' + "[" * 4000)


async def reason_of_raw(desk: Any, body: str) -> None:
    signed = f"{b64({'alg': 'EdDSA', 'kid': 'doe-1'})}.{b64(body.encode())}"
    assert await reason_of(desk, f"{signed}.{b64(desk.doe.key.sign(signed.encode()))}") is Reason.OFFICER_TOKEN_INVALID


# ---- what may change after the first time ---------------------------------------------------------------------------------


async def test_officers_of_another_agency_work_only_where_the_centre_lets_them(desk: Any) -> None:
    token = desk.dlpw.sign(desk.claims(iss=DLPW))
    assert await reason_of(desk, token) is Reason.OFFICER_ISSUER_NOT_ALLOWED
    desk.rewrite('agency = "doe"\n\n[[counter]]', 'agency = "doe"\nofficers_from = ["doe", "dlpw"]\n\n[[counter]]')
    assert (await desk.tokens.officer(token, desk.counter)).issuer == DLPW
    desk.rewrite('officers_from = ["doe", "dlpw"]', 'officers_from = ["doe"]')
    assert await reason_of(desk, token) is Reason.OFFICER_ISSUER_NOT_ALLOWED


async def test_a_remembered_token_expires(desk: Any) -> None:
    token = desk.token()
    await desk.tokens.officer(token, desk.counter)
    desk.clock.advance(8 * 3600)
    assert await reason_of(desk, token) is Reason.OFFICER_TOKEN_EXPIRED


async def test_a_remembered_token_opens_nothing_at_another_certificate(desk: Any) -> None:
    token = desk.token()
    await desk.tokens.officer(token, desk.counter)
    elsewhere = replace(desk.counter, certificate_sha256=b64(hashlib.sha256(b"other").digest()))
    assert await reason_of(desk, token, elsewhere) is Reason.OFFICER_TOKEN_NOT_BOUND


async def test_an_officer_suspended_after_the_first_call_is_refused(desk: Any) -> None:
    token = desk.token()
    await desk.tokens.officer(token, desk.counter)
    desk.rewrite('subject = "officer-0099"', 'subject = "officer-0001"')
    assert await reason_of(desk, token) is Reason.OFFICER_SUSPENDED


async def test_a_key_withdrawn_after_the_first_call_opens_nothing(desk: Any, signer: Any) -> None:
    token = desk.token()
    await desk.tokens.officer(token, desk.counter)
    desk.publish("doe", signer("doe-1"))
    desk.clock.advance(LOOK)
    assert await reason_of(desk, token) is Reason.OFFICER_TOKEN_INVALID


async def test_the_signature_is_verified_once(desk: Any) -> None:
    token = desk.token()
    first = await desk.tokens.officer(token, desk.counter)
    (remembered,) = desk.tokens._remembered.values()
    assert await desk.tokens.officer(token, desk.counter) == first
    assert list(desk.tokens._remembered.values()) == [remembered]
    assert next(iter(desk.tokens._remembered.values())) is remembered


async def test_only_so_many_tokens_are_remembered_and_none_that_failed(desk: Any) -> None:
    await reason_of(desk, desk.token(sub=""))
    await reason_of(desk, desk.token(cnf=None))
    assert len(desk.tokens._remembered) == 0
    tokens = [desk.token(sub=f"officer-{i}") for i in range(REMEMBERED + 2)]
    for token in tokens:
        await desk.tokens.officer(token, desk.counter)
    assert len(desk.tokens._remembered) == REMEMBERED
    await desk.tokens.officer(tokens[0], desk.counter)


async def test_many_calls_with_one_token_at_once_are_all_recognised(desk: Any) -> None:
    token = desk.token()
    officers = await asyncio.gather(*(desk.tokens.officer(token, desk.counter) for _ in range(50)))
    assert set(officers) == {Officer("https://officers.doe.example", "officer-0001")}


async def test_nothing_of_a_remembered_token_shows_in_a_repr(desk: Any) -> None:
    await desk.tokens.officer(desk.token(), desk.counter)
    (claims,) = desk.tokens._remembered.values()
    assert "officer-0001" not in repr(claims)
    assert desk.counter.certificate_sha256 not in repr(claims)
