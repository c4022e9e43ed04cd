"""A client that speaks HTTP/2 frame by frame, as no gRPC library would: for what only a hostile or a broken counter sends."""

import asyncio
import ssl
import struct
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Self

from tests.journeys.world import World


class Frame(IntEnum):
    """Types of frames (RFC 9113, section 6)."""

    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7


END_STREAM = 0x1
_ACK = 0x1
_END_HEADERS = 0x4
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_INITIAL_WINDOW_SIZE = 4


class Wire:
    """One connection. What comes is read in the background: settings are acknowledged, the rest is kept as (type, flags, stream)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._next = 1
        self.came: list[tuple[int, int, int]] = []
        self.windows: list[int] = []
        """Bytes that the server let each stream send before it is read, as it changed its mind."""
        self.over = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def to(cls, world: World, desk: tuple[Path, Path], *, window: int = 65_535) -> Self:
        """Connect with a certificate and its key. ``window``: bytes of each reply that the server may send unasked."""
        trusted = ssl.create_default_context(cafile=str(world.folder / "ca.pem"))
        trusted.load_cert_chain(*desk)
        trusted.set_alpn_protocols(["h2"])
        wire = cls(*await asyncio.open_connection("127.0.0.1", world.gateway.port, ssl=trusted))
        wire.writer.write(_PREFACE)
        wire.send(Frame.SETTINGS, 0, 0, struct.pack(">HI", _INITIAL_WINDOW_SIZE, window))
        return wire

    def send(self, kind: int, flags: int, stream: int, body: bytes = b"") -> None:
        """Send one frame, whatever it says."""
        self.writer.write(struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body)

    def begin(self, method: str, metadata: Sequence[tuple[str, str]] = (), *, flags: int = 0) -> int:
        """Send the head of a call; its stream."""
        head = [(":method", "POST"), (":scheme", "https"), (":path", method), (":authority", "localhost")]
        head += [("te", "trailers"), ("content-type", "application/grpc"), *metadata]
        stream, self._next = self._next, self._next + 2
        self.send(Frame.HEADERS, _END_HEADERS | flags, stream, b"".join(b"\0" + _text(name) + _text(value) for name, value in head))
        return stream

    def ask(self, method: str, message: bytes, metadata: Sequence[tuple[str, str]] = ()) -> int:
        """Send a whole call; its stream."""
        stream = self.begin(method, metadata)
        self.send(Frame.DATA, END_STREAM, stream, struct.pack(">BI", 0, len(message)) + message)
        return stream

    def ended(self, stream: int) -> bool:
        """Whether the server has ended a stream."""
        return any(s == stream and (kind == Frame.RST_STREAM or flags & END_STREAM) for kind, flags, s in self.came)

    def went_away(self) -> bool:
        """Whether the server has said that it takes no more on this connection, or closed it."""
        return self.over.is_set() or any(kind == Frame.GOAWAY for kind, _, _ in self.came)

    async def _listen(self) -> None:
        try:
            while True:
                head = await self._reader.readexactly(9)
                kind, flags, stream = struct.unpack(">BBI", head[3:])
                body = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
                if kind in (Frame.SETTINGS, Frame.PING) and not flags & _ACK:
                    self.send(kind, _ACK, 0, body if kind == Frame.PING else b"")
                if kind == Frame.SETTINGS:
                    said = dict(struct.iter_unpack(">HI", body))
                    self.windows += [said[_INITIAL_WINDOW_SIZE]] if _INITIAL_WINDOW_SIZE in said else []
                self.came.append((kind, flags, stream))
        except (OSError, asyncio.IncompleteReadError):
            self.over.set()

    async def close(self) -> None:
        """Hang up."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self.writer.transport.abort()


def _text(text: str) -> bytes:
    """A literal of HPACK, without Huffman (RFC 7541, section 5.2)."""
    size, rest = len(text), b""
    if size >= 127:
        left = size - 127
        while left >= 128:
            rest += bytes([left % 128 + 128])
            left //= 128
        rest += bytes([left])
        size = 127
    return bytes([size]) + rest + text.encode()
