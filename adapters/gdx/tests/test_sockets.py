"""Over real sockets: the simulator as uvicorn serves it, and agencies that break the connection. No number and no secret is told."""

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

from adapters.gdx import Gdx
from adapters.gdx.settings import JURISTIC_PERSON, PERSON, GdxSettings
from adapters.gdx.simulator import GdxSimulator
from adapters.gdx.simulator_door import AGENT, CONSUMER_KEY, CONSUMER_SECRET
from adapters.gdx.tests.world import REQUEST_ID, SOMMUT, TRADING, World, card_of, query
from linkage.sources.adapter import Found, Link, NotFound, Probed, Verified
from linkage.terms import Verdict
from linkage.transport import agency_client, tls_context

NOT_TOLD = (SOMMUT, TRADING, AGENT, CONSUMER_KEY, CONSUMER_SECRET, "สมมติ", "%E0%B8%AA", "ZZ9900000001", "25300115", "the-token")
Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def served() -> Iterator[str]:
    """A simulator on a loopback port; its URL."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # now, so that the first request may come before the server's loop runs
    config = uvicorn.Config(GdxSimulator().app, log_level="critical", access_log=False, lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@contextlib.asynccontextmanager
async def link_to(url: str) -> AsyncIterator[Link]:
    simulator = GdxSimulator()  # its files of secrets live as long as it does
    settings = GdxSettings.model_validate(simulator.settings_for(url))
    origins = Gdx().base_urls(settings)
    client = agency_client(origins, tls=tls_context(), timeout=5.0, connect_timeout=2.0, connections=4, most_bytes=2**20)
    async with client:
        yield Link(client, settings, 5.0, REQUEST_ID, 1_767_225_600)


async def test_the_whole_way_works_over_real_sockets_and_no_log_line_tells(served: str, caplog: pytest.LogCaptureFixture) -> None:
    gdx = Gdx()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("lines are kept")
        async with link_to(served) as link:
            said = await gdx.verify(card_of(World().simulator.people[SOMMUT]), link)
            person = (await gdx.fetch(query(PERSON, SOMMUT, "first_name"), link))[PERSON]
            body = (await gdx.fetch(query(JURISTIC_PERSON, TRADING, "name_th"), link))[JURISTIC_PERSON]
            nobody = (await gdx.fetch(query(JURISTIC_PERSON, "0995599999990", "name_th"), link))[JURISTIC_PERSON]
            granted = await gdx.probe(link)
    assert isinstance(said, Verified)
    assert said.verdict is Verdict.MATCH
    assert isinstance(person, Found)
    assert person.fields == {"first_name": "สมมติ"}
    assert isinstance(body, Found)
    assert body.fields == {"name_th": "บริษัท สมมติการค้า จำกัด"}
    assert nobody == NotFound()
    assert granted == Probed({JURISTIC_PERSON: True, PERSON: True})
    assert "lines are kept" in caplog.text
    told = caplog.text + repr((said, person, body, link, gdx, query(PERSON, SOMMUT)))
    assert not any(value in told for value in NOT_TOLD)


async def gives_a_token(writer: asyncio.StreamWriter) -> None:
    body = b'{"Result":"the-token"}'
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    await writer.drain()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def resets_after_the_token(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await gives_a_token(writer)
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def stops_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await gives_a_token(writer)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"Result": false}')
    await writer.drain()
    writer.close()


async def speaks_something_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("answers", [resets, resets_after_the_token, stops_in_the_middle, speaks_something_else])
async def test_a_broken_connection_is_raised_as_it_came_and_tells_nothing(answers: Answers, caplog: pytest.LogCaptureFixture) -> None:
    card = card_of(World().simulator.people[SOMMUT])
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    with caplog.at_level(logging.DEBUG):
        async with server, link_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as link:
            with pytest.raises(httpx.TransportError) as raised:
                await Gdx().verify(card, link)
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + caplog.text
    assert not any(value in told for value in NOT_TOLD if value != "the-token")
