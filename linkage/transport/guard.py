"""What every client keeps to, whatever carries its requests: origins, size, time, and answers as they are."""

import asyncio
from typing import Protocol

import aiohttp
import httpx

from linkage.transport.limit import limit
from linkage.transport.wire import (
    AnswerCompressed,
    AnswerTooLarge,
    CutOff,
    MaybeSent,
    NoAnswerInTime,
    NotConnected,
    NotConnectedInTime,
    NotSent,
    Wire,
    WrongOrigin,
    call_wire,
)


class Carrier(Protocol):
    """Brings a request to where its URL says."""

    async def carry(self, request: httpx.Request, most_bytes: int, wire: Wire) -> httpx.Response:
        """The answer, read to its end, of at most so many bytes; its connection is given back or closed.

        From when on the request may have left, the ``wire`` says so.

        Raises:
            NotSent, MaybeSent: as `linkage.transport` draws the line; a compressed or larger answer is refused by `refuse_unread`.
            httpx.TransportError, aiohttp.ClientError, OSError: the connection ended.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


def refuse_unread(content_encoding: str, content_length: str, most_bytes: int) -> None:
    """Refuse by its headers what is not to be read.

    Raises:
        AnswerCompressed: it has a content coding.
        AnswerTooLarge: it announces more bytes.
    """
    if content_encoding.strip().lower() not in {"", "identity"}:
        raise AnswerCompressed("a compressed answer, although none was asked for")
    if content_length.isdecimal() and int(content_length) > most_bytes:
        raise AnswerTooLarge(f"more than {most_bytes} bytes announced")


class Guarded(httpx.AsyncBaseTransport):
    """Pins the origins, and bounds size and time of the whole answer."""

    def __init__(self, carrier: Carrier, origins: frozenset[str], timeout: float, most: int) -> None:
        self._carrier = carrier
        self._origins = frozenset(map(origin_of, map(httpx.URL, origins)))
        self._timeout = timeout
        self._most = most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if origin_of(request.url) not in self._origins:
            raise WrongOrigin("the URL is not of an origin that this client was made for")
        if request.url.userinfo:
            raise WrongOrigin("a login in a URL: give it as `auth`, or in a header")
        wire = Wire()
        try:
            with limit(asyncio.get_running_loop().time() + self._time_for(request)):
                response = await self._carrier.carry(request, self._most, wire)
        except (NotSent, MaybeSent):
            raise
        except (TimeoutError, httpx.TimeoutException):
            late = NoAnswerInTime if wire.left else NotConnectedInTime
            raise late("the whole request took longer than its time") from None
        except (httpx.TransportError, aiohttp.ClientError, OSError):
            raise (CutOff if wire.left else NotConnected)("the connection ended before the answer") from None
        if (call := call_wire.get()) is not None:
            call.status = response.status_code
        return response

    def _time_for(self, request: httpx.Request) -> float:
        """Seconds: the client's, or less where the request's own ``timeout`` says so."""
        own = request.extensions.get("timeout", {}).get("read")
        return self._timeout if own is None else min(own, self._timeout)

    async def aclose(self) -> None:
        await self._carrier.aclose()


def origin_of(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host, port of a URL, as the request line's target is taken from it."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
