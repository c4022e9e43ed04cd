"""The bytes of a request."""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Final

import httpx

_LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})
_FIRST: Final = itemgetter(0)
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 section 5.6.2."""


class JsonRequest(httpx.Request):
    """A request with a JSON body and all its headers, which nobody changes any more. httpx's form of them is made for who asks for it."""

    def __init__(self, method: str, url: httpx.URL, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        self.method = method.upper()
        self.url = url
        self.extensions = {}
        self._fields = fields
        self._content = body

    @property
    def written(self) -> bytes:
        """The whole of it. Raises as `write_request`."""
        return _written(self, self._fields, self._content)

    @cached_property
    def headers(self) -> httpx.Headers:  # type: ignore[override]  # httpx sets it at once
        return httpx.Headers(self._fields)

    @cached_property
    def stream(self) -> httpx.ByteStream:  # type: ignore[override]  # as above
        return httpx.ByteStream(self._content)


def write_request(request: httpx.Request, body: bytes) -> bytes:
    """A request's bytes, its head as httpx made it, but for what says how long its body is: that is always its length, as it is.

    With another length the rest of the body would be a request of its own, whose answer the next request would take for its own.

    Raises:
        ValueError: the method or a header's name is no token, or there is a line break or a null byte in URL or headers.
    """
    fields = [pair for pair in request.headers.raw if pair[0].lower() not in _LENGTHS]
    if len(fields) < len(request.headers.raw):
        fields.append((b"Content-Length", b"%d" % len(body)))
    return _written(request, fields, body)


def _written(request: httpx.Request, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> bytes:
    method = request.method.encode("ascii")
    if not (_is_token(method) and all(map(_is_token, map(_FIRST, fields)))):
        raise ValueError("the method or a header's name is no token")
    lines = [b"%b %b HTTP/1.1" % (method, request.url.raw_path), *[b"%b: %b" % pair for pair in fields]]
    head = b"\r\n".join(lines)
    if not head.count(b"\n") == head.count(b"\r") == len(fields) or b"\0" in head:
        raise ValueError("a line break or a null byte in the head of a request")
    return b"%b\r\n\r\n%b" % (head, body)


@lru_cache(maxsize=256)  # names of methods and headers, of which there are few
def _is_token(name: bytes) -> bool:
    return _TOKEN.fullmatch(name) is not None
