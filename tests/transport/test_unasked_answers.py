"""An answer that nobody asked for, on a connection that is kept: it must not become the answer about the next citizen."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from linkage.transport import tls_context

Fixture = Callable[..., Any]


def answer(text: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text.encode())


STRAY = answer("stray")
PARTS = [STRAY, STRAY[:-2], STRAY[:-5], STRAY[:20], STRAY[:10], STRAY[:1], STRAY * 3]
NAMES = ["whole", "without its end", "head alone", "half a head", "half a status", "one byte", "three"]


def speaking_unasked(stray: bytes, *, at_once: bool) -> Callable[[Any], Any]:
    """Answers every request by its number, and says something more after the first answer of the first connection."""

    async def behave(visitor: Any) -> None:
        first = visitor.agency.connections == 1
        while True:
            await visitor.request()
            own = answer(f"answer {len(visitor.agency.requests)}")
            if not first:
                await visitor.send(own)
            elif at_once:
                await visitor.send(own + stray)
            else:
                await visitor.send(own)
                await asyncio.sleep(0.02)  # the first answer has been taken, and the connection is idle
                await visitor.send(stray)

    return behave


@pytest.mark.parametrize("stray", PARTS, ids=NAMES)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("at_once", [False, True], ids=["while idle", "with the first answer"])
async def test_what_was_not_asked_for_answers_no_later_request(
    stray: bytes, *, tls: bool, at_once: bool, serve: Fixture, connect: Fixture, authority: Fixture, tls_of: Fixture
) -> None:
    of_test = authority("ours")
    agency = await serve(speaking_unasked(stray, at_once=at_once), tls_of(of_test.issue("127.0.0.1")) if tls else None)
    client = connect(agency.url, tls=tls_context(ca=of_test.file))
    said = []
    for _ in range(3):
        said.append((await client.post(agency.url, content=b"?")).text)
        await asyncio.sleep(0.04)
    assert said == ["answer 1", "answer 2", "answer 3"]
    assert agency.connections == 2, "one that spoke unasked is not used again; one that did not is"


async def test_nor_does_what_the_busy_event_loop_has_not_read_yet(connect: Fixture) -> None:
    spoke = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(3)

    def twice() -> None:
        with contextlib.suppress(TimeoutError):
            first, _ = listener.accept()
            with first:
                first.recv(65536)
                first.sendall(answer("answer 1"))
                taken.wait(3)
                first.sendall(STRAY)
                spoke.set()
                second, _ = listener.accept()
                with second:
                    second.recv(65536)
                    second.sendall(answer("answer 2"))

    taken = threading.Event()
    thread = threading.Thread(target=twice)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    client = connect(url)
    said = [(await client.post(url, content=b"")).text]
    taken.set()
    spoke.wait(3)
    time.sleep(0.05)  # noqa: ASYNC251 (the point: the loop does not turn while the stray answer arrives)
    try:
        said.append((await client.post(url, content=b"")).text)
    finally:
        await asyncio.to_thread(thread.join)
        listener.close()
    assert said == ["answer 1", "answer 2"]
