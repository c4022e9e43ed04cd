"""What a client keeps to in size and time, and what it tells of a call."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from linkage.transport import (
    AnswerCompressed,
    AnswerTooLarge,
    MaybeSent,
    NoAnswerInTime,
    NotSent,
    WrongOrigin,
    in_process_client,
    key_set_client,
    watched,
)
from tests.ports import free_port

Fixture = Any
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MIB = 2**20


async def answers_ok(visitor: Any) -> None:
    while True:
        await visitor.request()
        await visitor.send(OK)


# ---- size and time ----------------------------------------------------------------------------------------------------


async def test_one_byte_at_a_time_ends_with_the_whole_requests_time(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await visitor.send(b"x")
            await asyncio.sleep(0.02)

    agency = await serve(behave)
    with pytest.raises(NoAnswerInTime):
        await connect(agency.url, timeout=0.4).get(agency.url)


async def test_one_byte_of_the_headers_at_a_time_ends_so_too(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            await visitor.send(b"x")
            await asyncio.sleep(0.02)

    agency = await serve(behave)
    with pytest.raises(NoAnswerInTime):
        await connect(agency.url, timeout=0.4).get(agency.url)


@pytest.mark.parametrize("longer", [None, 60.0])
async def test_an_adapter_cannot_lengthen_the_whole_requests_time(longer: float | None, serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await asyncio.sleep(30)

    agency = await serve(behave)
    async with asyncio.timeout(10):
        with pytest.raises(NoAnswerInTime):
            await connect(agency.url, timeout=0.3).get(agency.url, timeout=longer)


async def test_a_hundred_megabytes_are_not_read(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(1600):
            await visitor.send(bytes(65536))

    agency = await serve(behave)
    with pytest.raises(AnswerTooLarge) as caught:
        await connect(agency.url).get(agency.url)
    assert isinstance(caught.value, MaybeSent)
    await asyncio.sleep(0.1)
    assert agency.sent < 32 * MIB  # what both kernels' buffers may hold, and no more


async def test_a_hundred_megabytes_announced_are_not_waited_for(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        await asyncio.sleep(30)

    agency = await serve(behave)
    with pytest.raises(AnswerTooLarge):
        await connect(agency.url, timeout=2.0).get(agency.url)


async def test_chunks_without_end_are_not_read(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await visitor.send(b"10000\r\n" + bytes(65536) + b"\r\n")

    agency = await serve(behave)
    with pytest.raises(AnswerTooLarge):
        await connect(agency.url).get(agency.url)


async def test_an_answer_of_just_the_largest_size_is_taken(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + bytes(50_000))

    agency = await serve(behave)
    assert len((await connect(agency.url, most_bytes=50_000).get(agency.url)).content) == 50_000
    with pytest.raises(AnswerTooLarge):
        await connect(agency.url, most_bytes=49_999).get(agency.url)


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"GZIP", b"identity, gzip"])
async def test_a_compressed_answer_is_refused_unread(coding: bytes, serve: Fixture, connect: Fixture) -> None:
    bomb = gzip.compress(bytes(64 * MIB))  # 64 KiB that unpack to 64 MiB

    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding, len(bomb)) + bomb)

    agency = await serve(behave)
    with pytest.raises(AnswerCompressed):
        await connect(agency.url).get(agency.url)


async def test_identity_is_asked_for_and_taken(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok")

    agency = await serve(behave)
    assert (await connect(agency.url).get(agency.url)).text == "ok"
    assert b"accept-encoding: identity\r\n" in agency.requests[0].lower()


async def test_a_request_that_the_agency_does_not_read_ends_in_time(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        await asyncio.sleep(30)

    async def much() -> AsyncIterator[bytes]:
        for _ in range(512):
            yield bytes(65536)

    agency = await serve(behave)
    with pytest.raises(NoAnswerInTime):
        await connect(agency.url, timeout=0.3).post(agency.url, content=much())


async def test_cancelling_a_request_frees_its_connection(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        if len(visitor.agency.requests) == 1:
            await asyncio.sleep(30)
        await visitor.send(OK)

    agency = await serve(behave)
    client = connect(agency.url, connections=1)
    asking = asyncio.create_task(client.get(agency.url))
    await agency.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await client.get(agency.url)).text == "ok"


# ---- what it tells ----------------------------------------------------------------------------------------------------


async def test_a_watched_block_knows_what_left_and_what_came_back(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n")

    agency = await serve(behave)
    client = connect(agency.url)
    with watched() as wire:
        assert (wire.left, wire.status) == (False, None)
        await asyncio.gather(asyncio.create_task(client.get(agency.url)))
        assert (wire.left, wire.status) == (True, 503)
    with watched() as another:
        assert (another.left, another.status) == (False, None)
    await client.get(agency.url)
    assert (another.left, another.status) == (False, None)


async def test_a_watched_block_knows_that_nothing_left(connect: Fixture) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with watched() as wire, pytest.raises(NotSent):
        await connect(url).get(url)
    assert (wire.left, wire.status) == (False, None)


# ---- in process -------------------------------------------------------------------------------------------------------


async def page(request: Request) -> Response:
    match request.url.path:
        case "/large":
            return Response(bytes(5 * MIB))
        case "/unannounced":
            return StreamingResponse(iter([bytes(MIB)] * 5))
        case "/packed":
            return Response(b"", headers={"content-encoding": "gzip"})
        case "/slow":
            await asyncio.sleep(30)
    if request.url.path == "/broken":
        raise ValueError("the simulator broke")
    return Response(request.headers["accept-encoding"])


@pytest.fixture
async def simulator() -> Any:
    async with in_process_client(Starlette(routes=[Route("/{rest:path}", page)]), ["https://agency.example"], timeout=0.5) as client:
        yield client


async def test_a_simulator_in_process_meets_the_same_client(simulator: httpx.AsyncClient) -> None:
    with watched() as wire:
        assert (await simulator.get("https://agency.example/")).text == "identity"
    assert (wire.left, wire.status) == (True, 200)
    assert (await simulator.get("https://agency.example/broken")).status_code == 500
    with pytest.raises(WrongOrigin):
        await simulator.get("https://elsewhere.example/")
    with pytest.raises(AnswerTooLarge):
        await simulator.get("https://agency.example/large")
    with pytest.raises(AnswerTooLarge):
        await simulator.get("https://agency.example/unannounced")
    with pytest.raises(AnswerCompressed):
        await simulator.get("https://agency.example/packed")
    with pytest.raises(NoAnswerInTime):
        await simulator.get("https://agency.example/slow")


async def test_a_key_set_client_speaks_to_its_issuer_alone(serve: Fixture) -> None:
    agency = await serve(answers_ok)
    async with key_set_client(f"{agency.url}/jwks.json") as client:
        assert (await client.get(f"{agency.url}/jwks.json")).text == "ok"
        with pytest.raises(WrongOrigin):
            await client.get("https://elsewhere.example/jwks.json")
