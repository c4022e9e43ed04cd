"""``python -m tests.bench.load``: closed-loop clients over mutual TLS, told on standard input, answering on standard output, in JSON."""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import uvloop

from linkage.v1 import lookup_pb2, lookup_pb2_grpc

CHANNELS = 4


async def run(told: dict[str, Any]) -> dict[str, Any]:
    credentials = grpc.ssl_channel_credentials(*(Path(told[name]).read_bytes() for name in ("ca", "key", "certificate")))  # noqa: ASYNC240 (nothing else runs yet)
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.secure_channel(told["target"], credentials, options=options) for _ in range(CHANNELS)]
    calls = [lookup_pb2_grpc.LookupServiceStub(channel).Lookup for channel in channels]
    request = lookup_pb2.LookupRequest.FromString(bytes.fromhex(told["request"]))
    metadata = (("authorization", f"Bearer {told['token']}"),)
    latencies: list[float] = []
    until = 0.0

    async def client(call: Any) -> None:
        while (started := time.perf_counter()) < until:
            reply = await call(request, metadata=metadata, timeout=20)
            if reply.answer != lookup_pb2.ANSWER_FOUND:
                raise RuntimeError("not found")
            latencies.append(time.perf_counter() - started)

    for seconds in (told["warm"], told["seconds"]):
        latencies.clear()
        began = time.perf_counter()
        until = began + seconds
        await asyncio.gather(*(client(calls[i % CHANNELS]) for i in range(told["in_flight"])))
        took = time.perf_counter() - began
    for channel in channels:
        await channel.close(None)
    latencies.sort()
    count = len(latencies)
    return {"calls": count, "seconds": took, "p50_ms": latencies[count // 2] * 1000, "p99_ms": latencies[count * 99 // 100] * 1000}


def main() -> None:
    told = json.load(sys.stdin)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setaffinity(0, {told["cpu"] % (os.cpu_count() or 1)})
    sys.stdout.write(json.dumps(uvloop.run(run(told))))


if __name__ == "__main__":
    main()
