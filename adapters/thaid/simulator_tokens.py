"""The simulator's codes, tokens and keys: made, looked up, ended."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.dopa.people import LIFE_LONG, Person
from linkage.buddhist import from_buddhist
from linkage.sources.simulation import Simulation

CODE_SECONDS = 300
TOKEN_SECONDS = 900
_KEY_ID = "thaid-simulator"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person consented to."""

    person: Person
    scope: Sequence[str]
    redirect_uri: str


@dataclass(slots=True)
class _Code:
    grant: Grant
    until: int
    used: bool = False


class Mint:
    """Issues codes, access tokens and id_tokens for one client."""

    def __init__(self, simulation: Simulation, issuer: str, client_id: str) -> None:
        self._simulation = simulation
        self._issuer = issuer
        self._client_id = client_id
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, tuple[Grant, int]] = {}

    def code(self, grant: Grant) -> str:
        """A code that is good once, for five minutes."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(grant, self._simulation.now() + CODE_SECONDS)
        return code

    def redeem(self, code: str, redirect_uri: str) -> Grant | str:
        """What the code was for, or the error: used before, or unknown, late, for another redirect URI."""
        known = self._codes.get(code)
        if known is None or known.grant.redirect_uri != redirect_uri or self._simulation.now() >= known.until:
            return "invalid_request"
        if known.used:
            return "duplicate_request"
        known.used = True
        return known.grant

    def ends(self) -> int:
        """When a token made now ends: an absolute Unix time, as the documents have it."""
        return self._simulation.now() + TOKEN_SECONDS

    def access_token(self, grant: Grant) -> str:
        """An opaque access token."""
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (grant, self.ends())
        return token

    def grant_of(self, token: str) -> Grant | None:
        """What a token that is good is for."""
        grant, until = self._tokens.get(token, (None, 0))
        return grant if self._simulation.now() < until else None

    def revoke(self, token: str) -> None:
        """End a token."""
        self._tokens.pop(token, None)

    def is_client(self, authorization: str, secret: str) -> bool:
        """Whether the Basic credentials are the client's."""
        expected = base64.b64encode(f"{self._client_id}:{secret}".encode()).decode()
        return authorization == f"Basic {expected}"

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def key_set(self) -> Mapping[str, object]:
        """The public key as JWKS."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [public | {"kid": _KEY_ID, "use": "sig", "alg": "RS256"}]}

    def id_token(self, person: Person, access_token: str, claims: Mapping[str, object], *, foreign: bool) -> str:
        """An id_token; ``foreign``: signed with a key that nobody knows."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048) if foreign else self._key
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        own = {
            "iss": self._issuer,
            "aud": self._client_id,
            "sub": person.number,
            "iat": self._simulation.now(),
            "exp": self.ends(),
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        return jwt.encode(own | dict(claims), key, "RS256", headers={"kid": _KEY_ID})


def claims_of(person: Person, scope: Sequence[str]) -> dict[str, object]:
    """The values of the scopes granted; a scope that the person has no value for is left out."""
    return {name: value for name in scope if (value := _CLAIMS.get(name, _nothing)(person)) not in ("", None)}


def _nothing(_person: Person) -> object:
    return None


def _date(buddhist: int) -> str:
    """Common Era with dashes; unknown parts as 00 (an assumption)."""
    if buddhist in (0, LIFE_LONG):
        return ""
    when = from_buddhist(buddhist)
    return f"{when.year:04d}-{when.month:02d}-{when.day:02d}"


def _address(person: Person) -> object:
    house = person.house
    return {"formatted": f"{house.no} {house.subdistrict} {house.district} {house.province}"} if house else None


_CLAIMS: Mapping[str, Callable[[Person], object]] = {
    "pid": lambda p: p.number,
    "name": lambda p: p.title + " ".join(part for part in (p.first, p.middle, p.last) if part),
    "given_name": lambda p: p.first,
    "middle_name": lambda p: p.middle,
    "family_name": lambda p: p.last,
    "title": lambda p: p.title,
    "name_en": lambda p: f"{p.english.title} {p.english.first} {p.english.last}" if p.english else None,
    "given_name_en": lambda p: p.english.first if p.english else None,
    "middle_name_en": lambda p: p.english.middle if p.english else None,
    "family_name_en": lambda p: p.english.last if p.english else None,
    "title_en": lambda p: p.english.title if p.english else None,
    "birthdate": lambda p: _date(p.born),
    "gender": lambda p: "male" if p.gender == 1 else "female",
    "address": _address,
    "smartcard_code": lambda p: p.card_number,
    "ial": lambda _p: "2.3",
    "date_of_issuance": lambda p: _date(p.issued),
    "date_of_expiry": lambda p: _date(p.expires),
}
"""Scope -> its value."""
