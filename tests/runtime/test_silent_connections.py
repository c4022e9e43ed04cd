"""A witness answers however many connections are silent, or slow, and those that are silent are closed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from linkage.clock import FakeClock
from linkage.runtime.heads_in_time import HeadsInTime
from linkage.runtime.witness import AT_ONCE, Witness, WitnessApp, serve_witness
from linkage.store.witness_state import WitnessState, create_state
from tests.witnessed import COSIGNER, LOG, GrowingLog

REQUEST = GrowingLog(3).request(0, 3)
BOUND_S = 20


class Hasty(HeadsInTime):
    """Waits half a second for a head."""

    HEAD_S = 0.5


class Endless(HeadsInTime):
    """Waits longer for a head than a test lasts."""

    HEAD_S = 600.0


def made(folder: Path) -> Witness:
    create_state(folder / "w.db", COSIGNER.key.text)
    return Witness(COSIGNER, WitnessState(folder / "w.db", COSIGNER.key.text), {LOG.verifier.name: LOG.verifier}, FakeClock())


@pytest.fixture
async def port(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """Where a witness listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(serve_witness(made(tmp_path), listening, None, request.param))
        yield listening.getsockname()[1]
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def cosigned(port: int) -> int:
    async with httpx.AsyncClient(timeout=BOUND_S) as client:
        return (await client.post(f"http://127.0.0.1:{port}/add-checkpoint", content=REQUEST)).status_code


HEAD = b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 9\r\n"


@pytest.mark.parametrize("port", [Endless], indirect=True)
@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"\r\n"], ids=["nothing", "half a head", "no body"])
async def test_more_connections_that_wait_than_requests_are_taken_keep_nobody_from_an_answer(port: int, sent: bytes) -> None:
    async with AsyncExitStack() as many:
        for _ in range(AT_ONCE + 6):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            many.callback(writer.close)
            writer.write(sent)
            await writer.drain()
        assert 200 == await cosigned(port)


@pytest.mark.parametrize("port", [Hasty], indirect=True)
async def test_a_connection_without_a_whole_head_is_closed_and_dripping_does_not_help(port: int) -> None:
    async def ends(first: bytes, drip: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        said, part = b"", b"-"
        while part:
            writer.write(drip)
            try:
                part = await asyncio.wait_for(reader.read(1000), 0.05)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            said += part
        writer.close()
        return said

    async with asyncio.timeout(BOUND_S):
        said = await asyncio.gather(ends(b"", b""), ends(b"GET / HTTP/1.1\r\n", b"x"), ends(b"GET / HTTP/1.1\r\nhost: w\r\n\r\n", b"G"))
    assert [each[:12] for each in said] == [b"", b"", b"HTTP/1.1 404"]


@pytest.mark.parametrize("port", [Hasty], indirect=True)
async def test_a_request_whose_body_is_slower_than_a_head_may_be_is_answered(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: %d\r\n\r\n" % len(REQUEST))
    await asyncio.sleep(0.8)
    writer.write(REQUEST)
    assert b" 200 " in await reader.readline()
    writer.close()


async def test_requests_beyond_those_that_wait_already_are_refused(tmp_path: Path) -> None:
    face = WitnessApp(made(tmp_path))
    transport = httpx.ASGITransport(face.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://w", timeout=BOUND_S) as client:
        answers = await asyncio.gather(*(client.post("/add-checkpoint", content=REQUEST) for _ in range(AT_ONCE * 3)))
        codes = [answer.status_code for answer in answers]
        assert set(codes) >= {200, 503}
        assert 409 == (await client.post("/add-checkpoint", content=REQUEST)).status_code, "afterwards it answers again"
    await face.aclose()
