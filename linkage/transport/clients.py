"""The makers of clients."""

import json
import logging
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import httpx
from httpx import USE_CLIENT_DEFAULT

from linkage.transport.carriers import InProcess, OverAiohttp
from linkage.transport.guard import Carrier, Guarded
from linkage.transport.writing import JsonRequest

_ALWAYS = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "keep-alive", "User-Agent": "linkage"}
_FIRST = httpx.Headers(_ALWAYS).raw
_MERGED = frozenset(map(str.lower, _ALWAYS)) | {"host", "content-length", "content-type", "transfer-encoding"}
"""Headers that httpx merges with what it sets itself, lower case."""
_TEXT = frozenset({str})
_NO_COOKIES = "this client keeps no cookies"
_TO_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
"""As httpx writes JSON."""


class _NoCookies(httpx.Cookies):
    """Takes none. It also spares each answer a search for them. All clients share it, so what is set would go out to every agency."""

    def extract_cookies(self, response: httpx.Response) -> None:
        del response

    def set(self, name: str, value: str, domain: str = "", path: str = "/") -> None:  # noqa: ARG002 (httpx's parameters)
        raise TypeError(_NO_COOKIES)

    def update(self, *_: object, **__: object) -> None:
        raise TypeError(_NO_COOKIES)

    def __setitem__(self, name: str, value: str) -> None:
        raise TypeError(_NO_COOKIES)


class _Client(httpx.AsyncClient):
    _nothing: ClassVar[httpx.Cookies] = _NoCookies()

    def __init__(self, guarded: Guarded, **settings: Any) -> None:
        super().__init__(transport=guarded, **settings)
        self._guarded = guarded

    @property
    def cookies(self) -> httpx.Cookies:
        return self._nothing

    @cookies.setter
    def cookies(self, _cookies: object) -> None:
        raise TypeError(_NO_COOKIES)

    async def request(self, method: str, url: httpx.URL | str, *, json: object = None, headers: Any = None, **more: Any) -> httpx.Response:
        """What httpx would send. Where that is a JSON body and plain headers of its own, without merging anything anew."""
        asks_more = [one for one in more.values() if one is not None and one is not USE_CLIENT_DEFAULT]
        if json is None or not _are_plain(headers) or asks_more or self._is_hooked():
            return await super().request(method, url, json=json, headers=headers, **more)
        whole = httpx.URL(url)
        body = _TO_JSON(json).encode()
        own = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()] if headers else ()
        length = b"%d" % len(body)
        fields = [(b"Host", whole.netloc), *_FIRST, *own, (b"Content-Length", length), (b"Content-Type", b"application/json")]
        return await self._straight(JsonRequest(method, whole, fields, body))

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """Straight to the agency where nothing but defaults is asked for: httpx's own way is as long as all the rest.

        On it are authentication, redirects, streams and hooks, which hardly any request needs; one that does takes it.
        """
        authenticates = how.get("auth", USE_CLIENT_DEFAULT) is not USE_CLIENT_DEFAULT
        if authenticates or how.get("stream") or how.get("follow_redirects") is True or self._is_hooked():
            return await super().send(request, **how)
        return await self._straight(request)

    def _is_hooked(self) -> bool:
        return any(self.event_hooks.values())

    async def _straight(self, request: httpx.Request) -> httpx.Response:
        if self.is_closed:
            raise RuntimeError("the client is closed")
        return await self._guarded.handle_async_request(request)


def _are_plain(headers: object) -> bool:
    """Whether these, given with a request, are texts that stand beside httpx's own."""
    if headers is None:
        return True
    return (
        isinstance(headers, dict)
        and {*map(type, headers), *map(type, headers.values())} <= _TEXT
        and _MERGED.isdisjoint(map(str.lower, headers))
    )


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
    return _client(OverAiohttp(tls, connections, min(connect_timeout, timeout)), origins, timeout, most_bytes)


def in_process_client(
    app: Callable[..., Any], origins: Iterable[str], *, timeout: float = 10.0, most_bytes: int = 4 * 2**20
) -> httpx.AsyncClient:
    """A client that hands its requests to an ASGI app, with the same pins and bounds as `agency_client`; an app that raises is a 500."""
    return _client(InProcess(app), origins, timeout, most_bytes)


def key_set_client(url: str, *, ca: Path | None = None) -> httpx.AsyncClient:
    """A client for one issuer's key set: 5 s, 256 KiB, pinned to the origin of ``url``, without a certificate of ours."""
    return agency_client([url], tls=tls_context(ca=ca), timeout=5.0, connect_timeout=3.0, connections=2, most_bytes=256 * 1024)


def _client(carrier: Carrier, origins: Iterable[str], timeout: float, most_bytes: int) -> httpx.AsyncClient:
    for name in ("httpx", "httpcore", "aiohttp"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # they log whole URLs, and an agency may want a number in its URL
    guarded = Guarded(carrier, frozenset(origins), timeout, most_bytes)
    return _Client(guarded, timeout=timeout, headers=_ALWAYS, follow_redirects=False, trust_env=False)


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
