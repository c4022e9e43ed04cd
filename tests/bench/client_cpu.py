"""CPU of one request to an agency, ours beside bare aiohttp and httpx: `python -m tests.bench.client_cpu`.

A raw server in a process of its own answers 1.5 KB to every 400-byte POST; only the client's process is measured. One run of each
warms up, then the figures of several runs are taken in turn, so that a busy machine is busy for all of them.
"""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import cast

import aiohttp
import httpx
import uvloop
from httpx_aiohttp import AiohttpTransport

from linkage.transport import agency_client, tls_context

IN_FLIGHT = 32
REQUESTS = 4000
RUNS = 5
BODY = b"x" * 400
HEADERS = {"content-type": "application/json", "authorization": "Bearer token", "x-request-id": "0193f0aa"}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: agency\r\nContent-Length: 1500\r\n\r\n" + b"y" * 1500

Ask = Callable[[], Awaitable[object]]


class _Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by descent
        self._read = b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0 and len(self._read) >= end + 4 + len(BODY):
            self._read = self._read[end + 4 + len(BODY) :]
            self._transport.write(ANSWER)


def _serve(port: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Ask]:
    async with agency_client(
        [url], tls=tls_context(), timeout=10, connect_timeout=3, connections=IN_FLIGHT * 2, most_bytes=2**20
    ) as client:
        yield lambda: client.post(url, content=BODY, headers=HEADERS)


@asynccontextmanager
async def over(url: str, transport: httpx.AsyncBaseTransport | None) -> AsyncIterator[Ask]:
    async with httpx.AsyncClient(transport=transport) as client:
        yield lambda: client.post(url, content=BODY, headers=HEADERS)


@asynccontextmanager
async def bare(url: str) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession() as session:

        async def ask() -> bytes:
            async with session.post(url, data=BODY, headers=HEADERS) as answer:
                return await answer.read()

        yield ask


async def _cpu(ask: Ask) -> float:
    """Microseconds of this process's CPU for one request."""
    left = iter(range(REQUESTS))

    async def worker() -> None:
        for _ in left:
            await ask()

    started = time.process_time()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return (time.process_time() - started) / REQUESTS * 1e6


async def _measure(url: str) -> dict[str, list[float]]:
    figures: dict[str, list[float]] = {}
    async with bare(url) as a, ours(url) as b, over(url, AiohttpTransport()) as c, over(url, None) as d:
        asks = {"bare aiohttp": a, "ours": b, "httpx over aiohttp": c, "httpx": d}
        for run in range(RUNS + 1):
            for name, ask in asks.items():
                cpu = await _cpu(ask)
                if run:
                    figures.setdefault(name, []).append(cpu)
    return figures


def main() -> None:
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    server.start()
    try:
        figures = uvloop.run(_measure(f"http://127.0.0.1:{here.recv()}/records"))
    finally:
        server.terminate()
    least = statistics.median(figures["bare aiohttp"])
    for name, cpu in figures.items():
        median = statistics.median(cpu)
        print(f"{name:20} {median:7.0f} us a request  {median / least:5.2f} x bare  (of {RUNS}: {min(cpu):.0f} to {max(cpu):.0f})")  # noqa: T201 (a script's answer)


if __name__ == "__main__":
    main()
