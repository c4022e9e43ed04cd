"""id_tokens: signature, issuer, audience and end are verified, with keys that are kept for minutes."""

import json
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.thaid.tests.world import BACK, SOMMUT, World
from linkage.sources.adapter import Verified
from linkage.terms import CitizenNumber, Secret, ThaidCode, Verdict

NOT_ACCEPTED = Verified(Verdict.UNAVAILABLE, why="id_token not accepted")
NOW = 1_767_225_600
CLAIMS: dict[str, object] = {
    "iss": "https://imauth.bora.dopa.go.th",
    "aud": "linkage-demo",
    "sub": SOMMUT,
    "pid": SOMMUT,
    "iat": NOW,
    "exp": NOW + 900,
}
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, **more: str) -> dict[str, object]:
    if isinstance(key, rsa.RSAPrivateKey):
        return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), **more}
    return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), **more}


class Issuer:
    """A ThaID that hands out one id_token, and the keys it is told to."""

    def __init__(self, folder: Path, id_token: str, keys: list[dict[str, object]]) -> None:
        self.id_token = id_token
        self.keys = keys
        self.fetched = 0
        pages = {"token": self._token, "revoke": self._token, "jwks": self._jwks}
        routes = [Route(f"/api/v2/oauth2/{name}/", page, methods=["GET", "POST"]) for name, page in pages.items()]
        self.world = World(folder, Starlette(routes=routes))

    async def _token(self, _request: Request) -> Response:
        return JSONResponse({"access_token": "a", "id_token": self.id_token})

    async def _jwks(self, _request: Request) -> Response:
        self.fetched += 1
        return JSONResponse({"keys": self.keys})

    async def verdict(self) -> Verdict:
        said = await self.world.verify(ThaidCode(Secret("code"), BACK))
        assert isinstance(said, Verified)
        assert said in (NOT_ACCEPTED, Verified(Verdict.MATCH, about=said.about))
        return said.verdict


def signed(claims: dict[str, object], key: object = RSA, alg: str = "RS256", kid: str | None = "one") -> str:
    return jwt.encode(claims, key, alg, headers={"kid": kid} if kid else None)  # type: ignore[arg-type] # any kind of key


async def test_a_token_of_a_known_key_is_accepted_for_each_kind_of_key(tmp_path: Path) -> None:
    for token, key in ((signed(CLAIMS), jwk(RSA, kid="one")), (signed(CLAIMS, CURVE, "ES256"), jwk(CURVE, kid="one", use="sig"))):
        assert await Issuer(tmp_path, token, [jwk(OTHER_RSA, kid="two"), key]).verdict() is Verdict.MATCH


async def test_without_a_key_id_the_one_key_is_used_and_among_several_none(tmp_path: Path) -> None:
    token = signed(CLAIMS, kid=None)
    assert await Issuer(tmp_path, token, [jwk(RSA)]).verdict() is Verdict.MATCH
    assert await Issuer(tmp_path, token, [jwk(RSA, kid="one"), jwk(OTHER_RSA, kid="two")]).verdict() is Verdict.UNAVAILABLE


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://imauth.example"},
        {"iss": None},
        {"aud": "somebody-else"},
        {"aud": None},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "soon"},
    ],
)
async def test_a_token_from_another_issuer_for_another_client_or_ended_is_not_accepted(tmp_path: Path, change: dict[str, object]) -> None:
    claims = {key: value for key, value in (CLAIMS | change).items() if value is not None}
    assert await Issuer(tmp_path, signed(claims), [jwk(RSA, kid="one")]).verdict() is Verdict.UNAVAILABLE


async def test_a_clock_that_differs_by_less_than_a_minute_is_borne(tmp_path: Path) -> None:
    claims = CLAIMS | {"exp": NOW - 59, "iat": NOW + 59}
    assert await Issuer(tmp_path, signed(claims), [jwk(RSA, kid="one")]).verdict() is Verdict.MATCH


async def test_a_token_that_another_key_signed_is_not_accepted(world: World) -> None:
    world.simulator.knobs.foreign_key = True
    assert await world.verify(world.code()) == NOT_ACCEPTED


async def test_a_claim_changed_by_thaid_itself_is_what_counts(world: World) -> None:
    world.simulator.knobs.claims = {"pid": "1100000000024"}
    said = await world.verify(world.code())
    assert isinstance(said, Verified)
    assert said.about.number == CitizenNumber("1100000000024")


async def test_an_unsigned_token_and_one_signed_with_the_public_key_are_not_accepted(tmp_path: Path) -> None:
    unsigned = jwt.encode(CLAIMS, "", "none", headers={"kid": "one"})
    assert await Issuer(tmp_path, unsigned, [jwk(RSA, kid="one")]).verdict() is Verdict.UNAVAILABLE
    secret = "c2VjcmV0LXRoYXQtaXMtbG9uZy1lbm91Z2gtZm9yLWFueWJvZHk"
    shared = jwt.encode(CLAIMS, "secret-that-is-long-enough-for-anybody", "HS256", headers={"kid": "one"})
    issuer = Issuer(tmp_path, shared, [{"kty": "oct", "k": secret, "kid": "one", "alg": "HS256"}])
    assert await issuer.verdict() is Verdict.UNAVAILABLE


@pytest.mark.parametrize("token", ["", "a.b.c", "รหัส"])
async def test_what_is_no_token_is_not_accepted(tmp_path: Path, token: str) -> None:
    assert await Issuer(tmp_path, token, [jwk(RSA, kid="one")]).verdict() is Verdict.UNAVAILABLE


async def test_keys_that_cannot_be_used_are_left_alone(tmp_path: Path) -> None:
    useless = [{"kid": "one"}, "one", {"kty": "RSA", "kid": "one"}, jwk(OTHER_RSA, kid="one", use="enc")]
    assert await Issuer(tmp_path, signed(CLAIMS), [*useless, jwk(RSA, kid="one")]).verdict() is Verdict.MATCH  # type: ignore[list-item] # on purpose
    assert await Issuer(tmp_path, signed(CLAIMS), useless).verdict() is Verdict.UNAVAILABLE  # type: ignore[arg-type] # on purpose


async def test_a_key_that_is_not_for_signing_is_not_used(tmp_path: Path) -> None:
    assert await Issuer(tmp_path, signed(CLAIMS), [jwk(RSA, kid="one", use="enc")]).verdict() is Verdict.UNAVAILABLE


async def test_keys_are_fetched_once_in_five_minutes(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, signed(CLAIMS | {"exp": NOW + 9000}), [jwk(RSA, kid="one")])
    for seconds, fetched in ((0, 1), (299, 1), (1, 2), (299, 2)):
        issuer.world.clock.advance(seconds)
        assert await issuer.verdict() is Verdict.MATCH
        assert issuer.fetched == fetched


async def test_a_new_key_is_learnt_at_once_but_invented_ones_do_not_make_us_fetch_without_end(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, signed(CLAIMS), [jwk(RSA, kid="one")])
    await issuer.verdict()
    issuer.id_token = signed(CLAIMS, OTHER_RSA, kid="two")
    issuer.keys.append(jwk(OTHER_RSA, kid="two"))
    assert await issuer.verdict() is Verdict.UNAVAILABLE
    assert issuer.fetched == 1
    issuer.world.clock.advance(30)
    assert await issuer.verdict() is Verdict.MATCH
    assert issuer.fetched == 2
