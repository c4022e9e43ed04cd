"""``python -m tests.crash.simulators``: DOPA and ThaID on real sockets, until standard input ends.

Says their ports in one line, ``{"dopa": 40001, "thaid": 40002}``. It outlives every kill of the gateway, and remembers what it was
asked. DOPA can be told to kill the gateway itself, at the two moments that no clock outside meets by chance.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from typing import Any

import uvicorn

from adapters.dopa.simulator import DopaSimulator
from adapters.thaid.simulator import ThaidSimulator

ARM = "/_crash/arm"


class Deadly:
    """Stands before DOPA. ``POST /_crash/arm`` with ``{"pid": 4711, "moment": "asked"}`` ends that process, once.

    ``asked``: when the next query has come in whole, before it is read. ``answered``: when the next answer is on its way.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._victim = 0
        self._moment = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if scope["path"] == ARM:
            await self._arm(body, send)
            return
        if scope["path"].startswith("/_"):
            await self._app(scope, _once(body), send)
            return
        self._meet("asked")
        await self._app(scope, _once(body), send)
        self._meet("answered")

    async def _arm(self, body: bytes, send: Any) -> None:
        told = json.loads(body)
        self._victim, self._moment = told["pid"], told["moment"]
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    def _meet(self, moment: str) -> None:
        if self._victim and self._moment == moment:
            os.kill(self._victim, signal.SIGKILL)
            self._victim = 0


def _once(body: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """None: whoever started this process ends it by closing its input."""


async def serve(apps: dict[str, Any]) -> None:
    """Serve every app on a port of the system's choosing."""
    sockets = {name: socket.create_server(("127.0.0.1", 0), backlog=256) for name in apps}
    servers = {
        name: _Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1))
        for name, app in apps.items()
    }

    def until_input_ends() -> None:
        sys.stdin.read()
        for server in servers.values():
            server.should_exit = True

    threading.Thread(target=until_input_ends, daemon=True).start()
    sys.stdout.write(json.dumps({name: bound.getsockname()[1] for name, bound in sockets.items()}) + "\n")
    sys.stdout.flush()
    await asyncio.gather(*(servers[name].serve([bound]) for name, bound in sockets.items()))


if __name__ == "__main__":
    asyncio.run(serve({"dopa": Deadly(DopaSimulator().app), "thaid": ThaidSimulator().app}))
