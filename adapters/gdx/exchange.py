"""GDX's door: a token for consumer and agent, and questions that carry it.

A token ends after 60 minutes in which nothing was asked. It is used for 55 minutes from its issue, so that it never ends by itself,
and one request at a time fetches the next. Where GDX ends one earlier, its 401 says that it did not take the request; only then, and only
once, the same question is asked again with a fresh token.
"""

from collections.abc import Mapping

import httpx

from adapters.gdx.refusals import is_token_unknown, refusal
from adapters.gdx.settings import GdxSettings
from linkage.sources.adapter import Link, Malformed, NotFound, Refused, Unavailable
from linkage.sources.kept_token import KeptTokens, Token
from linkage.sources.reading import json_object
from linkage.terms import Secret

TOKEN_SECONDS = 55 * 60
"""How long a token is used. GDX ends it 60 minutes after its last use."""

_FORM = "application/x-www-form-urlencoded; charset=utf-8"


async def ask(
    path: str, parameters: Mapping[str, str], link: Link, settings: GdxSettings, tokens: KeptTokens
) -> httpx.Response | Refused | Unavailable:
    """Ask GDX one question, with a token it takes.

    Raises:
        Malformed: the reply to the question for a token cannot be read.
        httpx.HTTPError: as it came.
    """
    for _ in range(2):
        token = await tokens.get(settings, link.now, lambda: _fetch_token(link, settings))
        if not isinstance(token, Secret):
            return token
        response = await _get(path, parameters, {"Token": token.reveal()}, link, settings)
        if not is_token_unknown(response):
            return response
        tokens.drop(settings, token)
    return Unavailable("token not taken")


async def fetch_anew(link: Link, settings: GdxSettings, tokens: KeptTokens) -> Refused | Unavailable | None:
    """See that there is a token, fetched now unless a kept one is still good; None where there is."""
    token = await tokens.get(settings, link.now, lambda: _fetch_token(link, settings))
    return None if isinstance(token, Secret) else token


async def _fetch_token(link: Link, settings: GdxSettings) -> Token | Refused | Unavailable:
    """Ask for a token, once: GDX's own advice to repeat until one comes would be a storm from every counter at the worst time."""
    parameters = {"ConsumerSecret": settings.consumer_secret(), "AgentID": settings.agent()}
    response = await _get("auth/validate", parameters, {}, link, settings)
    if response.status_code != 200:
        refused = refusal(response, ())
        return Unavailable("no token") if isinstance(refused, NotFound) else refused
    token = json_object(response).get("Result")
    if not isinstance(token, str) or not token.strip() or not token.isascii() or not token.isprintable():
        raise Malformed("expected a text in Result")
    return Token(Secret(token.strip()), link.now + TOKEN_SECONDS)


async def _get(path: str, parameters: Mapping[str, str], headers: Mapping[str, str], link: Link, settings: GdxSettings) -> httpx.Response:
    own = {"Consumer-Key": settings.consumer_key(), "Content-Type": _FORM, "X-Request-Id": link.request_id}
    return await link.client.get(settings.url(path), params=dict(parameters), headers=own | dict(headers))
