"""One message through X-Road: its address, its headers, and whether a reply belongs to it."""

import uuid
from collections.abc import Mapping

import httpx

from linkage.sources.adapter import Refused, Unavailable
from linkage.sources.reading import unavailable
from linkage.sources.rest.manifest import HOST
from linkage.sources.rest.xroad import errors
from linkage.sources.rest.xroad.identifiers import decoded, encoded
from linkage.sources.rest.xroad.settings import XRoadSettings

NAMESPACE = uuid.UUID("6f0d1d5e-3f0b-5c1c-9b52-0a5c2f1c7e21")
"""Of the ids of our messages. Never changes: the log's request ids lead to X-Road's message log through it."""


def message_id(request_id: str, what: str) -> str:
    """The id of a message: a UUID that whoever holds the log's request id can compute again. ``what``: ``<source>.<endpoint>``."""
    return str(uuid.uuid5(NAMESPACE, f"{request_id}/{what}"))


def address(settings: XRoadSettings, service: str, rest: str) -> str:
    """Where a service is asked: at our Security Server, under its identifier; ``rest`` is the service's own path."""
    return f"{settings.url_of(HOST)}/r1/{encoded(service)}{'' if rest == '/' else rest}"


def headers(settings: XRoadSettings, message: str) -> Mapping[str, str]:
    """What X-Road is told beside the address. Never ``X-Road-Request-Hash``: that is the provider's Security Server's to write."""
    told = {"X-Road-Client": encoded(settings.client), "X-Road-Id": message}
    if settings.security_server is not None:
        told["X-Road-Security-Server"] = encoded(settings.security_server)
    if settings.represented_party is not None:
        told["X-Road-Represented-Party"] = encoded(settings.represented_party)
    if settings.user_id is not None:
        told["X-Road-UserId"] = settings.user_id
    return told


def trouble(response: httpx.Response, settings: XRoadSettings, service: str, message: str) -> Refused | Unavailable | None:
    """What is wrong with a reply before anybody reads it: it answers another question, or X-Road failed.

    What a reply repeats of the message must be as it was sent. An error of X-Road's, and perhaps a metaservice's answer, repeats nothing.
    """
    client, of, sent = (response.headers.get(name) for name in ("X-Road-Client", "X-Road-Service", "X-Road-Id"))
    if (
        sent not in (None, message)
        or (of is not None and decoded(of) != service)
        or (client is not None and decoded(client) != settings.client)
    ):
        return Unavailable("x-road: answer to another question")
    failed = response.headers.get(errors.HEADER)
    return None if failed is None else errors.failure(failed)


def stray(response: httpx.Response) -> Unavailable | None:
    """What is wrong with a provider's reply that repeats nothing of the message: it did not come through X-Road."""
    if "X-Road-Id" in response.headers and "X-Road-Service" in response.headers:
        return None
    return Unavailable("x-road: answer to no question") if response.is_success else unavailable(response)
