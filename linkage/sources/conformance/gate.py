"""A door before a simulator, on a real socket, that sees every request and makes the agency fail in one chosen way.

Each connection carries one request: so a fault strikes exactly the request that it is meant for.
"""

import asyncio
import contextlib
import hashlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

_MOST = 2**20
"""Bytes of a request."""

_UPSTREAM_S = 20.0

_GONE = (RuntimeError,)
"""uvloop's word for writing to a connection that is closed; asyncio's own loop says nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """One request as it came in."""

    method: str
    target: str
    head: bytes
    body: bytes

    @property
    def print(self) -> bytes:
        """Equal for two requests that ask the same."""
        return hashlib.sha256(b"\0".join((self.method.encode(), self.target.encode(), self.body))).digest()


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """An HTTP reply taken apart. ``head``: status line and headers without those that say how long the body is."""

    head: bytes
    body: bytes

    @classmethod
    def of(cls, raw: bytes) -> "Reply":
        """Take a whole reply apart; chunks are joined."""
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        chunked = any(line.lower().startswith(b"transfer-encoding:") for line in lines)
        kept = [line for line in lines if line.lower().partition(b":")[0] not in (b"content-length", b"transfer-encoding", b"connection")]
        return cls(b"\r\n".join(kept), _joined(body) if chunked else body)

    def written(self, body: bytes, length: int | None = None) -> bytes:
        """The reply with another body, announced as ``length`` bytes long, or as long as it is."""
        said = len(body) if length is None else length
        return self.head + b"\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % said + body


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        body, chunks = body + chunks[:length], chunks[length + 2 :]
    return body


@dataclass(frozen=True, slots=True)
class Turn:
    """One request's turn: what a fault may do with it."""

    seen: Seen
    writer: asyncio.StreamWriter
    truth: Callable[[], Awaitable[bytes]]
    """Ask the simulator; the whole reply as it came."""
    over: asyncio.Event
    """Set when the gate closes."""

    async def reply(self) -> Reply:
        """The simulator's own reply."""
        return Reply.of(await self.truth())

    def reset(self) -> None:
        """End the connection as a machine that fails does."""
        _reset(self.writer)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail. ``at_once``: before anything is read. ``lasts``: every later request fails as well."""

    name: str
    strike: Callable[[Turn], Awaitable[None]]
    at_once: bool = False
    lasts: bool = True


class Gate:
    """The door. ``after``: so many requests pass before the fault strikes."""

    def __init__(self, upstream: int, fault: Fault | None = None, after: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self._upstream = upstream
        self._fault = fault
        self._after = after
        self._tls = tls
        self._over = asyncio.Event()
        self._connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self.seen: list[Seen] = []
        self.reached = asyncio.Event()
        """Set when a request has come in that the fault strikes."""

    @property
    def url(self) -> str:
        """Where it stands."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=_MOST, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    def heal(self) -> None:
        """From now on nothing fails."""
        self._fault = None
        self._over.set()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, *_GONE):
                await self._turn(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _turn(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self._fault if self._strikes(self._connections) else None
        self._connections += 1
        if fault is not None and fault.at_once:
            self.reached.set()
            _reset(writer)
            return
        head = await reader.readuntil(b"\r\n\r\n")
        body = await _body(reader, head)
        method, target, _ = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        turn = Turn(Seen(method, target, head, body), writer, lambda: self._ask(head, body), self._over)
        self.seen.append(turn.seen)
        if fault is None:
            writer.write(await turn.truth())
        else:
            self.reached.set()
            await fault.strike(turn)
        await writer.drain()

    def _strikes(self, index: int) -> bool:
        return self._fault is not None and (index >= self._after if self._fault.lasts else index == self._after)

    async def _ask(self, head: bytes, body: bytes) -> bytes:
        lines = [line for line in head[:-4].split(b"\r\n") if line.lower().partition(b":")[0] not in (b"connection", b"transfer-encoding")]
        if body and not any(line.lower().startswith(b"content-length:") for line in lines):
            lines.append(b"content-length: %d" % len(body))
        async with asyncio.timeout(_UPSTREAM_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
            try:
                writer.write(b"\r\n".join((*lines, b"connection: close", b"", b"")) + body)
                return await reader.read(-1)
            finally:
                writer.close()


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    headers = dict(line.lower().split(b":", 1) for line in head[:-4].split(b"\r\n")[1:])
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        raw = await reader.readuntil(b"0\r\n\r\n")
        return _joined(raw)
    return await reader.readexactly(int(headers.get(b"content-length", b"0")))


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
