"""Over real sockets: the simulator as it is served, and offices that break off, hang, flood and mislead."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from linkage.errors import LinkageError
from linkage.sources.adapter import Answer, Found, Link, NotFound, Query, Unavailable
from linkage.sources.rest import ManifestSimulator, load_adapter, load_simulator
from linkage.terms import FieldName, RecordType, ServiceId
from linkage.transport import agency_client, tls_context
from tests.sources.rest.ferry import NOBODY, OAUTH2, REQUEST_ID, SOMMUT, TICKET, subject, written

Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NOW = 1_767_225_600


@pytest.fixture
def simulator(tmp_path: Path) -> ManifestSimulator:
    return load_simulator(written(tmp_path, credentials=OAUTH2))


@pytest.fixture
def served(simulator: ManifestSimulator) -> Iterator[str]:
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


async def ask(folder: Path, settings: Mapping[str, object], number: str = SOMMUT, *, seconds: float = 5.0) -> Answer:
    adapter = load_adapter(folder)
    own = adapter.Settings.model_validate(settings)
    client = agency_client(adapter.base_urls(own), tls=tls_context(), timeout=seconds, connect_timeout=2.0, connections=4, most_bytes=2**20)
    wanted: dict[RecordType, tuple[FieldName, ...]] = {TICKET: (FieldName("serial"), FieldName("price"))}
    async with client:
        link = Link(client, own, seconds, REQUEST_ID, NOW)
        return (await adapter.fetch(Query(subject(number), ServiceId("s"), wanted), link))[TICKET]


async def test_the_whole_way_works_over_real_sockets(tmp_path: Path, simulator: ManifestSimulator, served: str) -> None:
    settings = simulator.settings_for(served)
    found = await ask(tmp_path, settings)
    assert isinstance(found, Found)
    assert found.fields["serial"] == "A1"  # type: ignore[index]
    assert await ask(tmp_path, settings, NOBODY) == NotFound()
    simulator.knobs.quota = 0
    assert not isinstance(await ask(tmp_path, settings), Found | NotFound)


@pytest.mark.parametrize(
    "knob",
    [{"down": True}, {"status": 404}, {"status": 500}, {"malformed": True}, {"entity_bomb": True}, {"redirect": True}, {"huge": True}],
)
@pytest.mark.parametrize("only", ["token", "traveller"])
async def test_every_trouble_at_every_request_is_no_answer(
    tmp_path: Path, simulator: ManifestSimulator, served: str, knob: dict[str, Any], only: str
) -> None:
    for name, value in knob.items():
        setattr(simulator.knobs, name, value)
    simulator.knobs.only = frozenset({only})
    try:
        answer = await ask(tmp_path, simulator.settings_for(served))
    except (httpx.HTTPError, LinkageError):
        return
    assert isinstance(answer, Unavailable)


async def request_read(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0)
    await reader.readexactly(length)


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def reads_then_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_read(reader)
    writer.close()


async def stops_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_read(reader)
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"ok": true')
    writer.close()


async def speaks_no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_read(reader)
    writer.write(b"220 ferry office ESMTP\r\n")
    writer.close()


async def hangs(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


def says(body: bytes, status: bytes = b"200 OK") -> Answers:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_read(reader)
        writer.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(body)) + body
        )
        writer.close()

    return answer


NESTED = b"[" * 300_000 + b"]" * 300_000
WIDE = b'{"ok": true, "id": "x", "ticket": {' + b",".join(b'"k%d": 1' % n for n in range(60_000)) + b"}}"
ROWS = b'{"ok": true, "id": null, "legs": [' + b",".join([b'{"owner": null}'] * 50_000) + b'], "ticket": {"serial": "A", "price": 1}}'
DEEP_ROWS = b'{"ok": true, "ticket": ' + b'{"serial": ' * 900 + b"1" + b"}" * 900 + b"}"
BIG_NUMBER = b'{"ok": true, "id": null, "legs": [], "ticket": {"serial": "A", "price": 1e999999999}}'
LONG_NUMBER = b'{"ok": true, "id": null, "legs": [], "ticket": {"serial": "A", "price": %b}}' % (b"9" * 4000)
TWO_ERAS = b'{"ok": 1, "id": null, "ticket": {"serial": "A", "price": 1}}'


@contextlib.asynccontextmanager
async def office(answers: Answers) -> AsyncIterator[str]:
    writers: list[asyncio.StreamWriter] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await answers(reader, writer)

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "answers",
    [
        resets,
        reads_then_closes,
        stops_in_the_middle,
        speaks_no_http,
        hangs,
        says(NESTED),
        says(WIDE),
        says(DEEP_ROWS),
        says(BIG_NUMBER),
        says(LONG_NUMBER),
        says(TWO_ERAS),
        says(b" " * 2**21),
        says(b"{}" * 3),
        says(b'"error"'),
        says(b'["error", "NONE"]', b"404 Not Found"),
        says(b'{"error": "NONE"}', b"500 Broken"),
        says(b'{"error": "NONE"}', b"301 Moved"),
    ],
    ids=[
        "resets", "closes", "stops", "smtp", "hangs", "nested", "wide", "deep", "big", "long", "flag", "huge", "thrice", "text", "array", "broken", "moved",
    ],
)  # fmt: skip
async def test_nothing_that_an_office_does_is_taken_for_an_answer(tmp_path: Path, answers: Answers) -> None:
    async with office(answers) as url:
        try:
            answer: object = await ask(written(tmp_path), {"base_url": url}, seconds=1.0 if answers is hangs else 5.0)
        except (httpx.HTTPError, LinkageError) as failed:
            answer = failed
    assert isinstance(answer, Unavailable | httpx.HTTPError | LinkageError), answer
    assert SOMMUT not in f"{answer!r} {answer}"


async def test_a_flood_of_rows_is_read_within_its_time(tmp_path: Path) -> None:
    async with office(says(ROWS)) as url:
        answer = await ask(written(tmp_path), {"base_url": url})
    assert isinstance(answer, Found)
    assert answer.about.number is None
