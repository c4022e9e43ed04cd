"""What can happen between the gateway and an agency: answers changed in process, and servers that misbehave on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.journeys.world import App

Misbehave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def rewriting(old: bytes, new: bytes) -> Callable[[App], App]:
    """Puts a proxy in the way that replaces bytes in every JSON answer."""

    def between(app: App) -> App:
        async def proxy(scope: Any, receive: Any, send: Any) -> None:
            async def changed(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [(k, v) for k, v in message["headers"] if k != b"content-length"]
                elif message.get("body", b"").startswith(b"{"):
                    message = {**message, "body": message["body"].replace(old, new)}
                await send(message)

            await app(scope, receive, changed)

        return proxy

    return between


@asynccontextmanager
async def server(behave: Misbehave) -> AsyncIterator[str]:
    """A server on a real socket; its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        host, port = listening.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        listening.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One whole HTTP request, head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with a RST, as a machine that lost its memory does."""
    import socket
    import struct

    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
