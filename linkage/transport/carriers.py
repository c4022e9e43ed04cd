"""What carries one request and brings its whole answer: aiohttp, made to say whether a request can have left, and an app in process."""

import select
import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import yarl
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from linkage.transport.guard import refuse_unread
from linkage.transport.wire import (
    AnswerTooLarge,
    CutOff,
    NameUnknown,
    NotConnected,
    NotConnectedInTime,
    NotHttp,
    TlsFailed,
    Wire,
    has_left,
)
from linkage.transport.writing import JsonRequest, write_request

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.http_parser import RawResponseMessage

IDLE_S = 4.0
"""Seconds a connection is kept idle: less than the 5 s of common servers, so that a request seldom meets a closing one."""

_ENDED = getattr(select, "POLLRDHUP", 0)
"""Linux says "the peer is done"; elsewhere only errors and hang-ups are noticed before writing, which is less, not wrong."""


class _Connector(aiohttp.TCPConnector):
    """Draws the line between what cannot have left and what may have."""

    async def hand_out(self, end: aiohttp.ClientRequest, times: aiohttp.ClientTimeout, wire: Wire) -> "Connection":
        """A connection to write to at once, without waiting for anything in between: the ``wire`` says already that it happened."""
        while True:
            try:
                connection = await self.connect(end, [], times)
            except TimeoutError:
                raise NotConnectedInTime("no connection within its time") from None
            except (aiohttp.ClientSSLError, ssl.SSLError):
                raise TlsFailed("the TLS handshake failed") from None
            except aiohttp.ClientConnectorDNSError:
                raise NameUnknown("the host's name has no address") from None
            except (aiohttp.ClientError, OSError):
                raise NotConnected("no connection came about") from None
            if (protocol := connection.protocol) is None:
                raise NotConnected("the connection was taken away")
            used = _parser_of(protocol) is not None
            if not (_ended_by_peer(protocol, used=used) or (used and _holds_unasked(protocol))):
                has_left(wire)
                return connection
            connection.close()
            if not used:
                raise NotConnected("closed as soon as it was open")
            # It ended or spoke while idle, and nothing was written to it since: the next one is as good.


def _parser_of(protocol: ResponseHandler) -> Any:
    """What reads the answer of the connection's newest request, and knows of a head that has begun; None before its first."""
    return protocol._parser  # noqa: SLF001 (nothing else knows)


def _ended_by_peer(protocol: ResponseHandler, *, used: bool) -> bool:
    """Whether the other side's end of the connection is in our kernel already, though the event loop has not come to see it.

    Where the connection was ``used``, anything to read is an end too: nobody asked for it. On a new one it may be TLS's own tickets.
    """
    if protocol.transport is None or (socket := protocol.transport.get_extra_info("socket")) is None:
        return False
    poll = select.poll()
    poll.register(socket.fileno(), _ENDED | select.POLLIN if used else _ENDED)
    return bool(poll.poll(0))


def _holds_unasked(protocol: ResponseHandler) -> bool:
    """Whether anything came after the last answer, whole or in part: the next request, about somebody else, would take it for its own."""
    if protocol.should_close:
        return True
    try:
        return _parser_of(protocol).feed_eof() is not None  # the next request gets a new one
    except (HttpProcessingError, ValueError):
        return True  # what has begun is no head either


class OverAiohttp:
    """Real connections. May be made outside an event loop, and belongs to that of its first request.

    aiohttp's connector keeps the connections and its parser reads the answers. Its session stays out of it: what it adds, redirects,
    cookies, proxies and requests made again, must not happen here, and it takes longer than all the rest.
    """

    def __init__(self, tls: ssl.SSLContext, connections: int, connect_timeout: float) -> None:
        self._tls = tls
        self._connections = connections
        # Only for a connection: the whole request has its limit outside, and one clock a request is enough.
        self._times = aiohttp.ClientTimeout(connect=connect_timeout, sock_connect=connect_timeout)
        self._connector: _Connector | None = None
        self._ends: dict[tuple[str, str, int | None], aiohttp.ClientRequest] = {}

    async def carry(self, request: httpx.Request, most_bytes: int, wire: Wire) -> httpx.Response:
        """As `linkage.transport.guard.Carrier` says."""
        written = request.written if isinstance(request, JsonRequest) else write_request(request, await request.aread())
        connector = self._connector or self._opened()
        connection = await connector.hand_out(self._end(request.url), self._times, wire)
        try:
            message, body = await _exchange(connection.protocol, request.method, written, most_bytes)
        except BaseException:  # whatever it is: cleaned up after, and raised again
            connection.close()  # not read to its end: the connection cannot be used again
            raise
        if connection.transport is None or connection.transport.get_write_buffer_size():
            connection.close()  # answered before it was read: the next request would stand behind the rest of this one
        else:
            connection.release()
        return _Answer(message.code, message.raw_headers, body, request)

    def _end(self, url: httpx.URL) -> aiohttp.ClientRequest:
        """Where a connection must lead, in the form in which the connector is told; one for each origin, and origins are pinned."""
        origin = url.scheme, url.host, url.port
        if (end := self._ends.get(origin)) is None:
            end = self._ends[origin] = aiohttp.ClientRequest(
                "GET", yarl.URL.build(scheme=url.scheme, host=url.raw_host.decode("ascii"), port=url.port)
            )
        return end

    def _opened(self) -> "_Connector":
        self._connector = _Connector(ssl=self._tls, limit=self._connections, keepalive_timeout=IDLE_S)
        return self._connector

    async def aclose(self) -> None:
        if self._connector is not None:
            await self._connector.close()


async def _exchange(protocol: ResponseHandler | None, method: str, written: bytes, most_bytes: int) -> "tuple[RawResponseMessage, bytes]":
    """Write a request, and read its answer's head and whole body."""
    if protocol is None or protocol.transport is None:
        raise CutOff("the connection ended before the request")
    try:
        protocol.set_response_params(skip_payload=method == "HEAD", read_until_eof=True, auto_decompress=False)
        protocol.transport.write(written)
        message, content = await protocol.read()
        while 100 <= message.code < 200 and message.code != 101:
            message, content = await protocol.read()
        codings = message.headers.getall("content-encoding", ())
        refuse_unread(", ".join(codings), message.headers.get("content-length", ""), most_bytes)
        return message, await _whole(content, most_bytes)
    except HttpProcessingError:
        raise NotHttp("the answer is not HTTP") from None
    except (aiohttp.ClientError, OSError):
        raise CutOff("the connection ended before the answer") from None


class _Answer(httpx.Response):
    """An answer that is here whole, and may yet be read as a stream. httpx would read it at once, through decoders that have nothing to do."""

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes, request: httpx.Request) -> None:
        super().__init__(status, headers=headers, stream=httpx.ByteStream(body), request=request)
        self._body = body

    @property
    def content(self) -> bytes:
        return self._body


async def _whole(content: aiohttp.StreamReader, most_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while not content.at_eof():
        chunk = await content.readany()
        size += len(chunk)
        if size > most_bytes:
            raise AnswerTooLarge(f"more than {most_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


class InProcess:
    """An ASGI app. There is no connection to wait for: a request is there as soon as it is made. An app that raises is a 500."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def carry(self, request: httpx.Request, most_bytes: int, wire: Wire) -> httpx.Response:
        """As `linkage.transport.guard.Carrier` says."""
        has_left(wire)
        response = await self._app.handle_async_request(request)
        refuse_unread(response.headers.get("content-encoding", ""), response.headers.get("content-length", ""), most_bytes)
        if len(body := await response.aread()) > most_bytes:
            raise AnswerTooLarge(f"more than {most_bytes} bytes")
        return _Answer(response.status_code, response.headers.raw, body, request)

    async def aclose(self) -> None:
        await self._app.aclose()
