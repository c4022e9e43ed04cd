"""The bytes of a request."""

from collections.abc import Sequence
from functools import cached_property

import httpx


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
    """A request's bytes, its head as httpx made it. What it would have sent in chunks has a length instead.

    Raises:
        ValueError: a line break or a null byte in method, URL or headers.
    """
    fields = request.headers.raw
    if b"transfer-encoding" in [name.lower() for name, _ in fields]:
        fields = [pair for pair in fields if pair[0].lower() != b"transfer-encoding"] + [(b"Content-Length", b"%d" % len(body))]
    return _written(request, fields, body)


def _written(request: httpx.Request, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path), *[b"%b: %b" % pair for pair in fields]]
    head = b"\r\n".join(lines)
    if not head.count(b"\n") == head.count(b"\r") == len(fields) or b"\0" in head:
        raise ValueError("a line break or a null byte in the head of a request")
    return b"%b\r\n\r\n%b" % (head, body)
