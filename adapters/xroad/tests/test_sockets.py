"""Over real sockets: the simulator as uvicorn serves it, Security Servers that break the connection, and the request's first line."""

import asyncio
import contextlib
import socket
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
import uvicorn

from adapters.xroad import XRoad
from adapters.xroad.simulator import XRoadSimulator
from adapters.xroad.tests.world import NOBODY, PERSON, REQUEST_ID, SOMMUT, question
from linkage.sources.adapter import Found, Link, NotFound, Probed, Unavailable
from linkage.transport import agency_client, tls_context

Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def simulator() -> XRoadSimulator:
    return XRoadSimulator()


@pytest.fixture
def served(simulator: XRoadSimulator) -> Iterator[str]:
    """The simulator on a loopback port; its URL."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # now, so that the first request may come before the server's loop runs
    server = uvicorn.Server(uvicorn.Config(simulator.app, log_level="critical", lifespan="off", server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@contextlib.asynccontextmanager
async def link_to(url: str, **settings: str) -> AsyncIterator[Link]:
    own = XRoad.Settings.model_validate({**XRoadSimulator().settings_for(url), **settings})
    client = agency_client(XRoad().base_urls(own), tls=tls_context(), timeout=5.0, connect_timeout=2.0, connections=4, most_bytes=2**20)
    async with client:
        yield Link(client, own, 5.0, REQUEST_ID, 1_767_225_600)


async def test_the_whole_way_works_over_real_sockets(served: str, simulator: XRoadSimulator) -> None:
    async with link_to(served) as link:
        assert await XRoad().probe(link) == Probed({PERSON: True})
        assert isinstance((await XRoad().fetch(question(SOMMUT), link))[PERSON], Found)
        assert (await XRoad().fetch(question(NOBODY), link))[PERSON] == NotFound()
        simulator.knobs.error = "Server.ServerProxy.ServiceFailed.IOError"
        said = (await XRoad().fetch(question(SOMMUT), link))[PERSON]
        assert said == Unavailable("their security server: provider does not answer")


async def test_the_first_line_keeps_the_parts_apart() -> None:
    """The address goes out as the adapter spelt it: nothing below encodes or decodes it anew."""
    lines: list[bytes] = []

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines.extend(head.split(b"\r\n"))
        writer.write(b"HTTP/1.1 500 X\r\nX-Road-Error: server.clientproxy.io_error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(listens, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    own = {"client": "TH-TEST/GOV/1/o'hara(2)", "person_service": "TH-TEST/GOV/1/a+b,c-d.e=f?/persons"}
    async with server, link_to(url, **own) as link:
        said = (await XRoad().fetch(question(SOMMUT), link))[PERSON]
    assert said == Unavailable("our security server: input or output")
    assert lines[0] == b"POST /r1/TH-TEST/GOV/1/a%2Bb%2Cc-d.e%3Df%3F/persons/v1/persons/search HTTP/1.1"
    assert [line.partition(b": ")[2] for line in lines if line.lower().startswith(b"x-road-client:")] == [b"TH-TEST/GOV/1/o%27hara%282%29"]


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def reads_then_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"personCode")
    writer.close()


async def stops_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"personCode")
    writer.write(b'HTTP/1.1 404 Not Found\r\ncontent-length: 500\r\n\r\n{"code":"PERSON_NOT_FOUND"')
    await writer.drain()
    writer.close()


async def speaks_something_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"personCode")
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("answers", [resets, reads_then_closes, stops_in_the_middle, speaks_something_else])
async def test_a_broken_connection_is_raised_as_it_came_and_tells_nothing(answers: Answers) -> None:
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    async with server, link_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as link:
        with pytest.raises(httpx.TransportError) as raised:
            await XRoad().fetch(question(SOMMUT), link)
    told = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
    assert SOMMUT not in told
