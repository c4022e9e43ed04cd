"""``python -m tests.bench.idle_clients``: counters that connect, make one call each, and stay. Told in JSON on standard input."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import grpc
import uvloop

AT_ONCE = 8
TIMEOUT_S = 60.0


async def run(told: dict[str, Any]) -> None:
    folder, root = Path(told["folder"]), (Path(told["folder"]) / "ca.pem").read_bytes()
    channels: list[grpc.aio.Channel] = []
    turns = asyncio.Semaphore(AT_ONCE)

    async def connect(number: int) -> None:
        pair = (folder / f"idle-{number}.key").read_bytes(), (folder / f"idle-{number}.pem").read_bytes()
        credentials = grpc.ssl_channel_credentials(root, *pair)
        channel = grpc.aio.secure_channel(told["target"], credentials, options=[("grpc.use_local_subchannel_pool", 1)])
        channels.append(channel)
        async with turns:
            method: Any = channel.unary_unary(told["method"])
            await method(b"", timeout=TIMEOUT_S)

    await asyncio.gather(*(connect(number) for number in told["numbers"]))
    sys.stdout.write(f"{len(channels)}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.stdin.readline())))
