"""What every client keeps to, whatever carries its requests: origins, size, time, and answers as they are."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import httpx

from linkage.transport.wire import (
    AnswerCompressed,
    AnswerTooLarge,
    CutOff,
    MaybeSent,
    NoAnswerInTime,
    NotConnected,
    NotConnectedInTime,
    NotHttp,
    NotSent,
    Wire,
    WrongOrigin,
    call_wire,
    request_wire,
)


class _Capped(httpx.AsyncByteStream):
    """An answer's bytes, up to a number of them."""

    def __init__(self, stream: httpx.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > self._most:
                raise AnswerTooLarge(f"more than {self._most} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class Guarded(httpx.AsyncBaseTransport):
    """Pins the origins, bounds size and time of the whole answer, and reads it to its end before handing it on."""

    def __init__(self, inner: httpx.AsyncBaseTransport, origins: frozenset[str], timeout: float, most: int) -> None:
        self._inner = inner
        self._origins = frozenset(map(origin_of, map(httpx.URL, origins)))
        self._timeout = timeout
        self._most = most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if origin_of(request.url) not in self._origins:
            raise WrongOrigin("the URL is not of an origin that this client was made for")
        wire = Wire()
        token = request_wire.set(wire)
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._whole_answer(request)
        except (NotSent, MaybeSent):
            raise
        except (TimeoutError, httpx.TimeoutException):
            late = NoAnswerInTime if wire.left else NotConnectedInTime
            raise late("the whole request took longer than its time") from None
        except (httpx.TransportError, aiohttp.ClientError, OSError):
            raise (CutOff if wire.left else NotConnected)("the connection ended before the answer") from None
        finally:
            request_wire.reset(token)
        if (call := call_wire.get()) is not None:
            call.status = response.status_code
        return response

    async def _whole_answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if not isinstance(response.stream, httpx.AsyncByteStream):
            raise NotHttp("the transport gives no stream to read from")
        response.stream = _Capped(response.stream, self._most)
        try:
            if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
                raise AnswerCompressed("a compressed answer, although none was asked for")
            declared = response.headers.get("content-length", "")
            if declared.isdecimal() and int(declared) > self._most:
                raise AnswerTooLarge(f"more than {self._most} bytes announced")
            await response.aread()
        finally:
            await response.aclose()  # closes the connection where the answer was not read to its end
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def origin_of(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host, port of a URL, as the request line's target is taken from it."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
