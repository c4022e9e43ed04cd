"""``python -m tests.bench.load``: closed-loop clients over mutual TLS. One job a line on standard input, one answer a line, in JSON.

The same clients for every side: gRPC's own (grpc.aio) where a side speaks gRPC, aiohttp where it speaks HTTP. What a job and an
answer hold, `tests.bench.loading` says. Clients that honour pushback use the service config that we publish for counters, and
wait as long as a refusal says when its retries are used up.
"""

import asyncio
import gc
import json
import random
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import uvloop

from linkage.client.channel import OPTIONS
from linkage.v1 import lookup_pb2
from tests.bench.places import cpu_seconds

TIMEOUT_S = 20.0
PROBE_EVERY_S = 0.05
UNTOLD_S = 1.0
"""How long a client waits after a refusal that does not say."""

Call = Callable[[], Awaitable[object]]
_BUSY = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)
_OWN_CONNECTIONS = ("grpc.use_local_subchannel_pool", 1)


@dataclass
class Seen:
    """What came of one job, between ``begins`` and ``ends`` (`time.perf_counter`)."""

    begins: float
    ends: float
    latencies: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    """How long a call took that was refused at the first try."""
    given_up: int = 0
    """Calls that were still refused after all their retries."""

    def note(self, times: list[float], started: float) -> None:
        now = time.perf_counter()
        if self.begins <= now <= self.ends:
            times.append(now - started)


async def closed_loop(call: Call, seen: Seen) -> None:
    """One client: the next call begins when the last has ended."""
    while (started := time.perf_counter()) < seen.ends:
        await call()
        seen.note(seen.latencies, started)


async def honouring(call: Call, seen: Seen) -> None:
    """One client that waits when it is told to."""
    while (started := time.perf_counter()) < seen.ends:
        try:
            await call()
        except grpc.aio.AioRpcError as refusal:
            if refusal.code() not in _BUSY:
                raise
            seen.given_up += seen.begins <= time.perf_counter() <= seen.ends
            await asyncio.sleep(_pushback(refusal) * random.uniform(1.0, 1.5))
        else:
            seen.note(seen.latencies, started)


async def probing(call: Call, seen: Seen) -> None:
    """One client that tries nothing again: how fast is a refusal?"""
    while (started := time.perf_counter()) < seen.ends:
        try:
            await call()
        except grpc.aio.AioRpcError as refusal:
            if refusal.code() not in _BUSY:
                raise
            seen.note(seen.refusals, started)
        else:
            seen.note(seen.latencies, started)
        await asyncio.sleep(PROBE_EVERY_S)


def _pushback(refusal: grpc.aio.AioRpcError) -> float:
    trailers: Any = refusal.trailing_metadata() or ()  # pairs; the stubs do not say so
    told = next((int(value) for key, value in trailers if key == "grpc-retry-pushback-ms"), -1)
    return told / 1000 if told >= 0 else UNTOLD_S


async def over_grpc(caller: dict[str, Any], stack: AsyncExitStack, *, retrying: bool) -> Call:
    """A call over a connection of its own."""
    credentials = grpc.ssl_channel_credentials(*(Path(caller[name]).read_bytes() for name in ("ca", "key", "certificate")))  # noqa: ASYNC240 (nothing else runs yet)
    options = [*OPTIONS, _OWN_CONNECTIONS] if retrying else [_OWN_CONNECTIONS]
    channel = await stack.enter_async_context(grpc.aio.secure_channel(caller["target"], credentials, options=options))
    method: Any = channel.unary_unary(caller["method"])
    metadata = tuple((name, value) for name, value in caller["metadata"])
    call = partial(method, bytes.fromhex(caller["request"]), metadata=metadata, timeout=TIMEOUT_S)
    return partial(_found, call) if caller["found"] else call


async def _found(call: Callable[[], Awaitable[bytes]]) -> None:
    if lookup_pb2.LookupResponse.FromString(await call()).answer != lookup_pb2.ANSWER_FOUND:
        raise RuntimeError("not found")


async def over_http(caller: dict[str, Any], stack: AsyncExitStack) -> Call:
    """A call over a pool of connections of its own."""
    verified: ssl.SSLContext | bool = True
    if caller["certificate"]:
        verified = ssl.create_default_context(cafile=caller["ca"])
        verified.load_cert_chain(caller["certificate"], caller["key"])
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=verified)))
    url, body, headers = caller["url"], caller["body"].encode(), {**caller["headers"], "content-type": "application/json"}
    timeout = aiohttp.ClientTimeout(TIMEOUT_S)

    async def call() -> None:
        async with session.post(url, data=body, headers=headers, timeout=timeout) as answer:
            if answer.status != 200 or not await answer.read():
                raise RuntimeError(f"answered {answer.status}")

    return call


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job."""
    async with AsyncExitStack() as stack:
        honour, probes = job["honour"], job["probes"]
        if job["kind"] == "grpc":
            calls = [await over_grpc(caller, stack, retrying=honour) for caller in job["callers"]]
            straight = [await over_grpc(caller, stack, retrying=False) for caller in job["callers"]] if probes else []
        else:
            calls, straight = [await over_http(caller, stack) for caller in job["callers"]], []
        begins = time.perf_counter() + job["warm"]
        seen = Seen(begins, begins + job["seconds"])
        loop = honouring if honour else closed_loop
        clients = [loop(calls[i % len(calls)], seen) for i in range(job["in_flight"] - probes)]
        clients += [probing(straight[i % len(straight)], seen) for i in range(probes)]
        watching = asyncio.create_task(_cpu(job["watched"], seen))
        await asyncio.gather(*clients)
        cpu = await watching
    return _answer(seen, cpu)


async def _cpu(watched: dict[str, list[int]], seen: Seen) -> dict[str, float]:
    """Processor seconds that each of those watched, and this process, used in the time that counts."""

    def used() -> dict[str, float]:
        return {name: cpu_seconds(pids) for name, pids in watched.items()} | {"load": time.process_time()}

    await asyncio.sleep(max(0.0, seen.begins - time.perf_counter()))
    before = used()
    await asyncio.sleep(max(0.0, seen.ends - time.perf_counter()))
    return {name: seconds - before[name] for name, seconds in used().items()}


def _answer(seen: Seen, cpu: dict[str, float]) -> dict[str, Any]:
    calls, took = len(seen.latencies), seen.ends - seen.begins
    return {
        "rate": calls / took,
        "p50_ms": _quantile(seen.latencies, 0.5),
        "p99_ms": _quantile(seen.latencies, 0.99),
        "refused": len(seen.refusals),
        "refused_p99_ms": _quantile(seen.refusals, 0.99),
        "given_up": seen.given_up,
        "cpu_ms": {name: seconds * 1000 / max(1, calls) for name, seconds in cpu.items()},
    }


def _quantile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[int(len(seconds) * share)] * 1000 if seconds else 0.0


async def main() -> None:
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    while line := await asyncio.to_thread(sys.stdin.readline):
        sys.stdout.write(json.dumps(await run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
