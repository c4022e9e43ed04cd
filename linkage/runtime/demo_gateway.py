"""The gateway of a demo: a real process, started as an operator would start it, ended by its own id."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from linkage.client.channel import open_channel
from linkage.errors import LinkageError
from linkage.runtime.demo_place import Place

_STARTS_S = 60.0
_ENDS_S = 20.0
_SHOWN = 2000
"""Characters of the gateway's last words."""


class GatewayDidNotStart(LinkageError):
    """The gateway's process ended, or does not answer. Holds the end of what it said."""


def command(*words: str) -> list[str]:
    """A `linkage` command that runs with this very interpreter."""
    return [sys.executable, "-m", "linkage.cli.main", *words]


@contextmanager
def running_gateway(place: Place) -> Iterator[int]:
    """Run the gateway until the block is left; gives its process id once it serves. What it says goes to ``gateway.log``.

    Raises:
        GatewayDidNotStart: it does not come up.
    """
    said = place.folder / "gateway.log"
    with said.open("ab") as log:
        # A session of its own: Ctrl-C reaches the demo alone, which then ends the gateway in order.
        process = subprocess.Popen(  # noqa: S603 (our own command)
            command("serve", "--config", str(place.settings)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
        )
    try:
        _wait(place, process, said)
        yield process.pid
    finally:
        _end(process)


def _wait(place: Place, process: subprocess.Popen[bytes], said: Path) -> None:
    counter = place.counter
    until = time.monotonic() + _STARTS_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with open_channel(place.target, counter / "ca.pem", counter / "cert.pem", counter / "key.pem") as channel:
            if _serves(channel):
                return
        time.sleep(0.05)
    raise GatewayDidNotStart(said.read_text(encoding="utf-8", errors="replace")[-_SHOWN:] or "no word of why")


def _serves(channel: grpc.Channel) -> bool:
    try:
        reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
    except grpc.RpcError:
        return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
