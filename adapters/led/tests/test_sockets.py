"""Over real sockets: the simulator as uvicorn serves it, and agencies that break the connection."""

import asyncio
import contextlib
import socket
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
import uvicorn

from adapters.led import Led
from adapters.led.settings import BANKRUPTCY, LedSettings
from adapters.led.simulator import LedSimulator
from adapters.led.tests.world import ALL, CHAMLONG, CLEAR, REQUEST_ID, person
from linkage.sources.adapter import Found, Link, NotFound, Query
from linkage.terms import ServiceId
from linkage.transport import agency_client, tls_context

Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def simulator() -> LedSimulator:
    return LedSimulator()


@pytest.fixture
def served(simulator: LedSimulator) -> Iterator[str]:
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
async def link_to(url: str, simulator: LedSimulator) -> AsyncIterator[Link]:
    settings = LedSettings.model_validate(simulator.settings_for(url))
    client = agency_client(Led().base_urls(settings), tls=tls_context(), timeout=5.0, connect_timeout=2.0, connections=4, most_bytes=2**20)
    async with client:
        yield Link(client, settings, 5.0, REQUEST_ID, 1_767_225_600)


def question(number: str) -> Query:
    return Query(person(number), ServiceId("s"), {BANKRUPTCY: ALL})


async def test_the_whole_way_works_over_real_sockets(served: str, simulator: LedSimulator) -> None:
    async with link_to(served, simulator) as link:
        assert isinstance((await Led().fetch(question(CHAMLONG), link))[BANKRUPTCY], Found)
        assert (await Led().fetch(question(CLEAR), link))[BANKRUPTCY] == NotFound()


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def reads_then_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b'"branchCode"')
    writer.close()


async def stops_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b'"branchCode"')
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"responseCode":"904"')
    await writer.drain()
    writer.close()


async def speaks_something_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b'"branchCode"')
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("answers", [resets, reads_then_closes, stops_in_the_middle, speaks_something_else])
async def test_a_broken_connection_is_raised_as_it_came_and_tells_nothing(answers: Answers, simulator: LedSimulator) -> None:
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    async with server, link_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", simulator) as link:
        with pytest.raises(httpx.TransportError) as raised:
            await Led().fetch(question(CHAMLONG), link)
    told = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
    assert not any(value in told for value in (CHAMLONG, simulator.password, simulator.username))
