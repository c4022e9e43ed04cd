"""What proves to the agency who asks: a key in a header, HTTP Basic, a token in the query, or OAuth 2.0 client credentials.

Secrets are read from their files at each use, so that a changed one needs no restart. An OAuth token is fetched by one request at a
time and kept until shortly before its end (`KeptTokens`); a 401 drops it, and the question is asked once more, and no more often.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from linkage.sources.adapter import Link, Refused, RefusedCause, Unavailable
from linkage.sources.kept_token import KeptTokens, Token
from linkage.sources.reading import unavailable
from linkage.sources.rest.body import json_body
from linkage.sources.rest.manifest import HOST
from linkage.sources.rest.settings_schema import RestSettings
from linkage.sources.rest.written import BasicLogin, ClientCredentials, HeaderKey, QueryToken, WrittenCredentials
from linkage.terms import Secret

LONGEST_TOKEN = 16_384
"""Characters."""

A_DAY = 86_400
"""Seconds. No token is kept longer, whatever the agency says."""

_OUR_FAULT = frozenset({"invalid_client", "unauthorized_client", "invalid_scope"})
"""OAuth's words for credentials that the agency does not take."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What goes into one request. ``token``: the OAuth token in it, to be dropped if the agency refuses it."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: Secret | None = None


def secret_in(path: Path) -> str | None:
    """A secret as its file holds it; None where it cannot be read or could not stand in a header."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if text and text.isprintable() else None


NO_SECRET = Unavailable("secret unreadable")


class Credentials:
    """The credentials of one manifest, for all its recipients."""

    def __init__(self, written: WrittenCredentials) -> None:
        self._written = written
        self._tokens = KeptTokens()

    async def proof(self, link: Link, settings: RestSettings) -> Proof | Refused | Unavailable:
        """What the next request shows.

        Raises:
            httpx.HTTPError: the token could not be asked for; as it came.
        """
        written = self._written
        match written:
            case ClientCredentials():
                return await self._with_token(written, link, settings)
            case HeaderKey() | BasicLogin() | QueryToken():
                secret = secret_in(settings.file_of(written.secret))
                return NO_SECRET if secret is None else _fixed(written, secret, settings)
            case _:
                return Proof()

    def dropped(self, proof: Proof, settings: RestSettings) -> bool:
        """The agency answered 401. Whether there was a token to drop: then one more question, with a fresh one, is due."""
        if proof.token is None or not isinstance(self._written, ClientCredentials):
            return False
        self._tokens.drop(_holder(self._written, settings), proof.token)
        return True

    async def _with_token(self, written: ClientCredentials, link: Link, settings: RestSettings) -> Proof | Refused | Unavailable:
        token = await self._tokens.get(_holder(written, settings), link.now, lambda: _fetched(written, link, settings))
        if not isinstance(token, Secret):
            return token
        return Proof({"Authorization": f"Bearer {token.reveal()}"}, token=token)


def _holder(written: ClientCredentials, settings: RestSettings) -> tuple[str, ...]:
    return (_token_url(written, settings), settings.text(written.client), str(settings.file_of(written.secret)))


def _token_url(written: ClientCredentials, settings: RestSettings) -> str:
    return settings.url_of(written.host or HOST) + written.token_path


def _fixed(written: HeaderKey | BasicLogin | QueryToken, secret: str, settings: RestSettings) -> Proof:
    match written:
        case HeaderKey():
            return Proof({written.header: written.prefix + secret})
        case BasicLogin():
            return Proof({"Authorization": basic(settings.text(written.user), secret)})
        case QueryToken():
            return Proof(query={written.key: secret})


def basic(user: str, password: str) -> str:
    """The value of ``Authorization`` for HTTP Basic."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


async def _fetched(written: ClientCredentials, link: Link, settings: RestSettings) -> Token | Refused | Unavailable:
    secret = secret_in(settings.file_of(written.secret))
    if secret is None:
        return NO_SECRET
    client = settings.text(written.client)
    form = {"grant_type": "client_credentials"} | ({"scope": written.scope} if written.scope is not None else {})
    headers = {"X-Request-Id": link.request_id, "Accept": "application/json"}
    if written.send == "basic":
        headers["Authorization"] = basic(client, secret)
    else:
        form |= {"client_id": client, "client_secret": secret}
    response = await link.client.post(_token_url(written, settings), data=form, headers=headers)
    body = json_body(response)
    reply: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if response.status_code != 200:
        return _not_given(response, reply)
    return _token(written, reply, link.now)


def _not_given(response: httpx.Response, reply: Mapping[str, Any]) -> Refused | Unavailable:
    error = reply.get("error")
    if response.status_code in (400, 401) and isinstance(error, str) and error in _OUR_FAULT:
        return Refused(RefusedCause.NOT_ENTITLED, error)
    failed = unavailable(response)
    return Unavailable(f"token {failed.why}", failed.retry_after)


def _token(written: ClientCredentials, reply: Mapping[str, Any], now: int) -> Token | Unavailable:
    token, kind, lifetime = (
        reply.get("access_token"),
        reply.get("token_type", "Bearer"),
        _seconds(reply.get("expires_in", written.lifetime)),
    )
    if not isinstance(token, str) or not 0 < len(token) <= LONGEST_TOKEN or not (token.isascii() and token.isprintable()):
        return Unavailable("no token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return Unavailable("token of another kind")
    if lifetime is None:
        return Token(Secret(token), None)
    if lifetime <= 0:
        return Unavailable("token already ended")
    return Token(Secret(token), now + lifetime - min(written.expiry_margin, lifetime // 2))


def _seconds(lifetime: object) -> int | None:
    """A lifetime in whole seconds, a day at most; None where the agency does not say, and zero where it says something else."""
    if lifetime is None:
        return None
    if isinstance(lifetime, str) and lifetime.isascii() and lifetime.isdigit() and len(lifetime) < 10:
        return min(int(lifetime), A_DAY)
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | Decimal):
        return 0
    seconds = max(0, min(lifetime, A_DAY))
    return int(seconds) if seconds == int(seconds) else 0
