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

from adapters.dopa import Dopa
from adapters.dopa.settings import PERSON, DopaSettings
from adapters.dopa.simulator import DopaSimulator
from adapters.dopa.tests.world import OFFICE, OFFICER, REQUEST_ID, World, laser_of
from linkage.sources.adapter import Found, Link, LoginBegin, LoginConfirm, Query, Session, Verified
from linkage.terms import CitizenNumber, FieldName, Secret, ServiceId, Verdict, VisitPerson
from linkage.transport import agency_client, tls_context

SOMMUT = "1100000000016"
Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def served() -> Iterator[str]:
    """A simulator on a loopback port; its URL."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # now, so that the first request may come before the server's loop runs
    server = uvicorn.Server(uvicorn.Config(DopaSimulator().app, log_level="critical", lifespan="off", server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@contextlib.asynccontextmanager
async def link_to(url: str) -> AsyncIterator[Link]:
    settings = DopaSettings.model_validate(DopaSimulator().settings_for(url))
    origins = Dopa().base_urls(settings)
    client = agency_client(origins, tls=tls_context(), timeout=5.0, connect_timeout=2.0, connections=4, most_bytes=2**20)
    async with client:
        yield Link(client, settings, 5.0, REQUEST_ID, 1_767_225_600)


async def test_the_whole_way_works_over_real_sockets(served: str) -> None:
    person = World().person(SOMMUT)
    dopa = Dopa()
    async with link_to(served) as link:
        said = await dopa.verify(laser_of(person), link)
        assert isinstance(said, Verified)
        assert said.verdict is Verdict.MATCH
        session = await dopa.confirm(LoginConfirm(LoginBegin(OFFICER, None), "", OFFICE, None, Secret("t")), link)
        assert isinstance(session, Session)
        query = Query(VisitPerson(CitizenNumber(SOMMUT)), ServiceId("s"), {PERSON: (FieldName("first_name"),)}, session.token)
        found = (await dopa.fetch(query, link))[PERSON]
        assert isinstance(found, Found)
        assert found.fields == {"first_name": "สมมติ"}


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def reads_then_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"</soap12:Envelope>")
    writer.close()


async def stops_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"</soap12:Envelope>")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n<soap:Envelope")
    await writer.drain()
    writer.close()


async def speaks_something_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"</soap12:Envelope>")
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("answers", [resets, reads_then_closes, stops_in_the_middle, speaks_something_else])
async def test_a_broken_connection_is_raised_as_it_came_and_tells_nothing(answers: Answers) -> None:
    person = World().person(SOMMUT)
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    async with server, link_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as link:
        with pytest.raises(httpx.TransportError) as raised:
            await Dopa().verify(laser_of(person), link)
    told = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
    assert not any(value in told for value in (SOMMUT, person.first, person.laser, "25300115"))


async def test_a_port_where_nobody_listens_is_raised_as_it_came() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with link_to(f"http://127.0.0.1:{taken.getsockname()[1]}") as link:
            with pytest.raises(httpx.TransportError):
                await Dopa().verify(laser_of(World().person(SOMMUT)), link)
