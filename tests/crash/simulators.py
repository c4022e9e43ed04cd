"""``python -m tests.crash.simulators``: DOPA and ThaID on real sockets, until standard input ends.

Says their ports in one line, ``{"dopa": 40001, "thaid": 40002}``. It outlives every kill of the gateway, and remembers what it was asked.
"""

import asyncio
import json
import socket
import sys
import threading
from typing import Any

import uvicorn

from adapters.dopa.simulator import DopaSimulator
from adapters.thaid.simulator import ThaidSimulator


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
    asyncio.run(serve({"dopa": DopaSimulator().app, "thaid": ThaidSimulator().app}))
