"""What carries one request and brings its whole answer: aiohttp, made to say whether a request can have left, and an app in process."""

import select
import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

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
    NoAnswerInTime,
    NotConnected,
    NotConnectedInTime,
    NotHttp,
    TlsFailed,
    has_left,
)

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

IDLE_S = 4.0
"""Seconds a connection is kept idle: less than the 5 s of common servers, so that a request seldom meets a closing one."""

_ENDED = getattr(select, "POLLRDHUP", 0)
"""Linux says "the peer is done"; elsewhere only errors and hang-ups are noticed before writing, which is less, not wrong."""


class _Connector(aiohttp.TCPConnector):
    """Draws the line between what cannot have left and what may have."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._used: WeakSet[ResponseHandler] = WeakSet()

    async def connect(self, req: aiohttp.ClientRequest, traces: "list[Trace]", timeout: aiohttp.ClientTimeout) -> "Connection":
        while True:
            connection = await self._connected(req, traces, timeout)
            if (protocol := connection.protocol) is None:
                raise NotConnected("the connection was taken away")
            used = protocol in self._used
            if not (_ended_by_peer(protocol, used=used) or (used and _holds_unasked(protocol))):
                self._used.add(protocol)
                has_left()  # aiohttp writes next, without waiting for anything in between
                return connection
            connection.close()
            if not used:
                raise NotConnected("closed as soon as it was open")
            # It ended or spoke while idle, and nothing was written to it since: the next one is as good.

    async def _connected(self, req: aiohttp.ClientRequest, traces: "list[Trace]", timeout: aiohttp.ClientTimeout) -> "Connection":
        try:
            return await super().connect(req, traces, timeout)
        except TimeoutError:
            raise NotConnectedInTime("no connection within its time") from None
        except (aiohttp.ClientSSLError, ssl.SSLError):
            raise TlsFailed("the TLS handshake failed") from None
        except aiohttp.ClientConnectorDNSError:
            raise NameUnknown("the host's name has no address") from None
        except (aiohttp.ClientError, OSError):
            raise NotConnected("no connection came about") from None


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
    parser: Any = protocol._parser  # noqa: SLF001 (nothing else knows of a head that has begun; the next request gets a new parser)
    try:
        return parser is not None and parser.feed_eof() is not None
    except (HttpProcessingError, ValueError):
        return True  # what has begun is no head either


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Turn aiohttp's errors into ours before its session sees them: it sends GET, PUT and DELETE again after some of its own."""
    try:
        return await handler(request)
    except TimeoutError:
        raise NoAnswerInTime("no answer within its time") from None
    except aiohttp.ClientResponseError:
        raise NotHttp("the answer is not HTTP") from None
    except (aiohttp.ClientError, OSError):
        raise CutOff("the connection ended before the answer") from None


class OverAiohttp:
    """Real connections. May be made outside an event loop, and belongs to that of its first request."""

    def __init__(self, tls: ssl.SSLContext, connections: int, connect_timeout: float) -> None:
        self._tls = tls
        self._connections = connections
        # Only for a connection: the whole request has its limit outside, and one clock a request is enough.
        self._times = aiohttp.ClientTimeout(connect=connect_timeout, sock_connect=connect_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def carry(self, request: httpx.Request, most_bytes: int) -> httpx.Response:
        """As `linkage.transport.guard.Carrier` says."""
        session = self._session or self._opened()
        answer = await session.request(
            request.method, yarl.URL(str(request.url), encoded=True), headers=_headers(request), data=_body(request), allow_redirects=False
        )
        try:
            codings = answer.headers.getall("content-encoding", ())
            refuse_unread(", ".join(codings), answer.headers.get("content-length", ""), most_bytes)
            body = await _whole(answer.content, most_bytes)
        except BaseException:  # whatever it is: cleaned up after, and raised again
            answer.close()  # not read to its end: the connection cannot be used again
            raise
        return _Answer(answer.status, answer.raw_headers, body, request)

    def _opened(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=_Connector(ssl=self._tls, limit=self._connections, keepalive_timeout=IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),  # one client serves many people: what an agency sets for one must not go out for the next
            timeout=self._times,
            middlewares=(_once,),
            auto_decompress=False,
            trust_env=False,
        )
        return self._session

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class _Answer(httpx.Response):
    """An answer that is here whole, and may yet be read as a stream. httpx would read it at once, through decoders that have nothing to do."""

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes, request: httpx.Request) -> None:
        super().__init__(status, headers=headers, stream=httpx.ByteStream(body), request=request)
        self._body = body

    @property
    def content(self) -> bytes:
        return self._body


def _headers(request: httpx.Request) -> list[tuple[str, str]]:
    chunked_by_aiohttp = b"transfer-encoding"
    return [(name.decode(), value.decode()) for name, value in request.headers.raw if name.lower() != chunked_by_aiohttp]


def _body(request: httpx.Request) -> bytes | object | None:
    try:
        return request.content or None
    except httpx.RequestNotRead:
        return request.stream


async def _whole(content: aiohttp.StreamReader, most_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := await content.readany():
        size += len(chunk)
        if size > most_bytes:
            raise AnswerTooLarge(f"more than {most_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


class InProcess:
    """An ASGI app. There is no connection to wait for: a request is there as soon as it is made. An app that raises is a 500."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def carry(self, request: httpx.Request, most_bytes: int) -> httpx.Response:
        """As `linkage.transport.guard.Carrier` says."""
        has_left()
        response = await self._app.handle_async_request(request)
        refuse_unread(response.headers.get("content-encoding", ""), response.headers.get("content-length", ""), most_bytes)
        if len(body := await response.aread()) > most_bytes:
            raise AnswerTooLarge(f"more than {most_bytes} bytes")
        return _Answer(response.status_code, response.headers.raw, body, request)

    async def aclose(self) -> None:
        await self._app.aclose()
