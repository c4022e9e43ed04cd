"""ThaID's keys, and what one of its id_tokens says once it has been verified with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from adapters.thaid.settings import ThaidSettings
from linkage.sources.adapter import Link, Malformed, Unavailable
from linkage.sources.reading import json_object, unavailable

KEPT_SECONDS = 300
"""How long a key set is used before it is fetched again."""

LEAST_SECONDS = 30
"""How long it is used at least, so that tokens with invented key ids do not make us fetch without end."""

LEEWAY_SECONDS = 60
"""How far ThaID's clock and ours may differ."""

_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures with a private key only: a key set is public, so a shared secret in it would let anybody sign."""


@dataclass(frozen=True, slots=True)
class _KeySet:
    fetched_at: int
    keys: Mapping[str, jwt.PyJWK]


class Keys:
    """Key sets by URL, for minutes. Holds nothing of any request."""

    def __init__(self) -> None:
        self._sets: dict[str, _KeySet] = {}

    async def claims_of(self, id_token: str, link: Link, settings: ThaidSettings) -> Mapping[str, object] | Unavailable:
        """Verify signature, issuer, audience and end of an id_token; give its claims.

        Raises:
            Malformed: the key set cannot be read.
            httpx.HTTPError: the key set cannot be fetched.
        """
        try:
            wanted = jwt.get_unverified_header(id_token).get("kid")
        except jwt.InvalidTokenError:
            return Unavailable("id_token not accepted")
        key = await self._key(wanted, link, settings)
        if isinstance(key, Unavailable):
            return key
        try:
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=[key.algorithm_name],  # the key says how it signs, never the token
                audience=settings.client_id,
                issuer=settings.issuer,
                # times are compared with the request's own clock below
                options={"require": ["exp", "iss", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.InvalidTokenError:
            return Unavailable("id_token not accepted")
        ends = claims["exp"]
        if not isinstance(ends, int) or ends + LEEWAY_SECONDS <= link.now:
            return Unavailable("id_token not accepted")
        return claims

    async def _key(self, wanted: object, link: Link, settings: ThaidSettings) -> jwt.PyJWK | Unavailable:
        url = settings.keys_url()
        held = self._sets.get(url)
        age = link.now - held.fetched_at if held else None
        found = _choose(held, wanted)
        if age is None or not 0 <= age < KEPT_SECONDS or (found is None and age >= LEAST_SECONDS):
            fetched = await _fetch(url, link)
            if isinstance(fetched, Unavailable):
                return fetched
            self._sets[url] = fetched
            found = _choose(fetched, wanted)
        return found or Unavailable("id_token not accepted")


def _choose(held: _KeySet | None, wanted: object) -> jwt.PyJWK | None:
    """The key of this id; without an id, the one key there is."""
    if held is None:
        return None
    if isinstance(wanted, str):
        return held.keys.get(wanted)
    return next(iter(held.keys.values())) if wanted is None and len(held.keys) == 1 else None


async def _fetch(url: str, link: Link) -> _KeySet | Unavailable:
    response = await link.client.get(url, headers={"X-Request-Id": link.request_id})
    if response.status_code != 200:
        return unavailable(response)
    rows = json_object(response).get("keys")
    if not isinstance(rows, list):
        raise Malformed("expected an array in keys")
    return _KeySet(link.now, {str(row.get("kid", "")): key for row in rows if (key := _usable(row)) is not None})


def _usable(row: object) -> jwt.PyJWK | None:
    """A key that signs, of a kind we take; others in the set are left alone."""
    if not isinstance(row, dict) or row.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK.from_dict(row)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return key if key.algorithm_name in _ALGORITHMS else None
