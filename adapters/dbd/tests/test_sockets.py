"""Over real sockets: the simulator as uvicorn serves it, and agencies that break the connection."""

import asyncio
import contextlib
import logging
import socket
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
import uvicorn

from adapters.dbd import Dbd
from adapters.dbd.settings import JURISTIC_PERSON, DbdSettings
from adapters.dbd.simulator import DbdSimulator
from adapters.dbd.tests.world import REQUEST_ID, TRADING, query
from linkage.sources.adapter import Found, Link, NotFound
from linkage.transport import agency_client, tls_context

Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def served() -> Iterator[str]:
    """A simulator on a loopback port; its URL."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # now, so that the first request may come before the server's loop runs
    config = uvicorn.Config(DbdSimulator().app, log_level="critical", access_log=False, lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@contextlib.asynccontextmanager
async def link_to(url: str) -> AsyncIterator[Link]:
    settings = DbdSettings.model_validate(DbdSimulator().settings_for(url))
    origins = Dbd().base_urls(settings)
    client = agency_client(origins, tls=tls_context(), timeout=5.0, connect_timeout=2.0, connections=4, most_bytes=2**20)
    async with client:
        yield Link(client, settings, 5.0, REQUEST_ID, 1_767_225_600)


async def test_the_whole_way_works_and_no_log_line_has_the_number(served: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with link_to(served) as link:
            found = (await Dbd().fetch(query(TRADING, "name_th"), link))[JURISTIC_PERSON]
            nobody = (await Dbd().fetch(query("0995599999990", "name_th"), link))[JURISTIC_PERSON]
    assert isinstance(found, Found)
    assert found.fields == {"name_th": "บริษัท สมมติการค้า จำกัด"}
    assert nobody == NotFound()
    assert "09955" not in caplog.text


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def reads_then_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def stops_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"status":{"code":"1004"}}')
    await writer.drain()
    writer.close()


async def speaks_something_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("answers", [resets, reads_then_closes, stops_in_the_middle, speaks_something_else])
async def test_a_broken_connection_is_raised_as_it_came_and_tells_nothing(answers: Answers, caplog: pytest.LogCaptureFixture) -> None:
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    with caplog.at_level(logging.DEBUG):
        async with server, link_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as link:
            with pytest.raises(httpx.TransportError) as raised:
                await Dbd().fetch(query(TRADING, "name_th"), link)
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + caplog.text
    assert "09955" not in told
