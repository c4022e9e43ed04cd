"""An authorization code becomes an access token and the person who consented. A code is good once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapters.thaid.keys import Keys
from adapters.thaid.person import about
from adapters.thaid.settings import ThaidSettings
from linkage.sources.adapter import About, Link, Malformed, Refused, RefusedCause, Unavailable
from linkage.sources.reading import json_object, unavailable
from linkage.terms import Secret, ThaidCode

EVIDENCE_ERRORS = frozenset({"duplicate_request", "invalid_request", "user_denied", "access_denied", "invalid_grant"})
"""Errors of the token page that are about the code: used, unknown or expired, denied, for another redirect URI.

``invalid_request`` is among them because code and redirect URI are all that differs between our requests. ``invalid_grant`` is
OAuth's own word and RECALLED; the others are ThaID's. All other errors are about us, or a failure.
"""

REVOKE_SECONDS = 1.0
"""How long a revocation may take: the verdict is known by then and does not wait for it."""

_ABSOLUTE_FROM = 1_000_000_000
"""``expire_in`` is documented as a Unix time; smaller numbers can only be seconds from now."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a code was exchanged for. ``about.number`` is never None."""

    access_token: Secret
    about: About


async def redeem(code: ThaidCode, link: Link, settings: ThaidSettings, keys: Keys) -> Consent | Refused | Unavailable:
    """Exchange a code.

    Raises:
        Malformed: a reply cannot be read, or names nobody.
        httpx.HTTPError: as it came.
    """
    form = {"grant_type": "authorization_code", "code": code.code.reveal(), "redirect_uri": code.redirect_uri}
    response = await _post("token", form, link, settings)
    if response.status_code != 200:
        return _refusal(response)
    reply = json_object(response)
    token = reply.get("access_token")
    if not isinstance(token, str) or not token:
        raise Malformed("expected a text in access_token")
    if _has_ended(reply, link.now):
        return Unavailable("token already ended")
    claims: Mapping[str, object] | Unavailable = reply
    if reply.get("id_token") is not None:
        claims = await keys.claims_of(str(reply["id_token"]), link, settings)
    return claims if isinstance(claims, Unavailable) else Consent(Secret(token), about(claims))


async def revoke(token: Secret, link: Link, settings: ThaidSettings) -> None:
    """Give an access token back, as far as that succeeds: it ends by itself after 15 minutes."""
    try:
        async with asyncio.timeout(REVOKE_SECONDS):
            await _post("revoke", {"token": f"Bearer {token.reveal()}"}, link, settings)
    except (httpx.HTTPError, TimeoutError):
        return


async def _post(page: str, form: Mapping[str, str], link: Link, settings: ThaidSettings) -> httpx.Response:
    headers = {"X-Request-Id": link.request_id}
    if settings.api_key_file is not None:
        headers["x-imauth-apikey"] = _secret(settings.api_key_file)
    client = (settings.client_id, _secret(settings.client_secret_file))
    return await link.client.post(settings.url(page), data=form, headers=headers, auth=client)


def _secret(path: Path) -> str:
    """Read at each use, so that a changed secret needs no restart."""
    return path.read_text(encoding="utf-8").strip()


def _refusal(response: httpx.Response) -> Refused | Unavailable:
    try:
        error = json_object(response).get("error")
    except Malformed:
        error = None
    if response.status_code in (400, 401) and isinstance(error, str) and error in EVIDENCE_ERRORS:
        return Refused(RefusedCause.EVIDENCE, error)
    return unavailable(response)


def _has_ended(reply: Mapping[str, object], now: int) -> bool:
    """Whether the token's end has passed; ``expire_in`` as documented, or ``expires_in`` as OAuth spells it."""
    ends = reply.get("expire_in", reply.get("expires_in"))
    if ends is None:
        return False
    if isinstance(ends, str) and ends.isascii() and ends.isdigit():
        ends = int(ends)
    if not isinstance(ends, int) or isinstance(ends, bool):
        raise Malformed("expected a whole number in expire_in")
    return ends <= now if ends >= _ABSOLUTE_FROM else ends <= 0
