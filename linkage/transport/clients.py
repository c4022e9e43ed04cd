"""The makers of clients, and aiohttp made to say whether a request can have left."""

import logging
import select
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp.client_proto import ResponseHandler
from httpx_aiohttp import AiohttpTransport

from linkage.transport.guard import Guarded
from linkage.transport.wire import CutOff, NameUnknown, NoAnswerInTime, NotConnected, NotConnectedInTime, NotHttp, TlsFailed, has_left

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
            if not _ended_by_peer(protocol):
                self._used.add(protocol)
                has_left()  # aiohttp writes next, without waiting for anything in between
                return connection
            connection.close()
            if protocol not in self._used:
                raise NotConnected("closed as soon as it was open")
            # It ended while idle, and nothing was written to it since: the next one is as good.

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


def _ended_by_peer(protocol: ResponseHandler) -> bool:
    """Whether the other side's end of the connection is in our kernel already, though the event loop has not come to see it."""
    if protocol.transport is None or (socket := protocol.transport.get_extra_info("socket")) is None:
        return False
    poll = select.poll()
    poll.register(socket.fileno(), _ENDED)
    return bool(poll.poll(0))


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


def _session(tls: ssl.SSLContext, connections: int) -> Callable[[], aiohttp.ClientSession]:
    """A maker, because a session belongs to the event loop that it is made in: the one of the first request."""
    return lambda: aiohttp.ClientSession(
        connector=_Connector(ssl=tls, limit=connections, keepalive_timeout=IDLE_S),
        cookie_jar=aiohttp.DummyCookieJar(),  # one client serves many people: what an agency sets for one must not go out for the next
        middlewares=(_once,),
        auto_decompress=False,
        trust_env=False,
    )


class _InProcess(httpx.ASGITransport):
    """There is no connection to wait for: a request is there as soon as it is made."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        has_left()
        return await super().handle_async_request(request)


class _NoCookies(httpx.Cookies):
    """Takes none. It also spares each answer a search for them."""

    def extract_cookies(self, response: httpx.Response) -> None:
        del response


class _Client(httpx.AsyncClient):
    _nothing: ClassVar[httpx.Cookies] = _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        return self._nothing

    @cookies.setter
    def cookies(self, _cookies: object) -> None:
        raise TypeError("this client keeps no cookies")


def agency_client(
    origins: Iterable[str], *, tls: ssl.SSLContext, timeout: float, connect_timeout: float, connections: int, most_bytes: int
) -> httpx.AsyncClient:
    """A client for one agency, or for one key set.

    Args:
        origins: ``https://host[:port]`` each; a path after it is not minded.
        tls: from `tls_context`.
        timeout: seconds for the whole of one request, its connection and its whole answer included.
        connect_timeout: seconds for a connection, waiting for a free one included.
        connections: most connections at once; requests beyond wait for one.
        most_bytes: largest answer's body.

    The client may be made outside an event loop, and belongs to that of its first request. Close it with ``aclose``.
    """
    inner = AiohttpTransport(verify=tls, client=_session(tls, connections))
    limits = httpx.Timeout(timeout, connect=min(connect_timeout, timeout), pool=min(connect_timeout, timeout))
    return _client(Guarded(inner, frozenset(origins), timeout, most_bytes), limits)


def in_process_client(
    app: Callable[..., Any], origins: Iterable[str], *, timeout: float = 10.0, most_bytes: int = 4 * 2**20
) -> httpx.AsyncClient:
    """A client that hands its requests to an ASGI app, with the same pins and bounds as `agency_client`; an app that raises is a 500."""
    inner = _InProcess(app, raise_app_exceptions=False)
    return _client(Guarded(inner, frozenset(origins), timeout, most_bytes), httpx.Timeout(timeout))


def key_set_client(url: str, *, ca: Path | None = None) -> httpx.AsyncClient:
    """A client for one issuer's key set: 5 s, 256 KiB, pinned to the origin of ``url``, without a certificate of ours."""
    return agency_client([url], tls=tls_context(ca=ca), timeout=5.0, connect_timeout=3.0, connections=2, most_bytes=256 * 1024)


def _client(transport: httpx.AsyncBaseTransport, limits: httpx.Timeout) -> httpx.AsyncClient:
    for name in ("httpx", "httpcore", "aiohttp"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # they log whole URLs, and an agency may want a number in its URL
    headers = {"accept-encoding": "identity", "user-agent": "linkage"}
    return _Client(transport=transport, timeout=limits, headers=headers, follow_redirects=False, trust_env=False)


def tls_context(*, ca: Path | None = None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later, with the host's name checked.

    Args:
        ca: CA certificates to trust, PEM; the system's where None.
        certificate: our certificate with its chain, PEM; none is shown where None.
        key: its private key, PEM, unencrypted; looked for in ``certificate`` where None.

    Raises:
        OSError: a file cannot be read, or (`ssl.SSLError`) does not hold what it should, or key and certificate do not match.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # unlike create_default_context, writes no session keys where SSLKEYLOGFILE says
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile=ca)
    if certificate is not None:
        # An encrypted key must fail, not ask for its password on the terminal.
        context.load_cert_chain(certificate, key, password=b"")
    return context
