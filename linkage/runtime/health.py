"""Health that tells the truth: about the log, its disk and every agency, for load balancers and for people.

Names that can be asked: "" (the gateway as a whole) and every service of ours, which are NOT_SERVING exactly while nothing can be
recorded or the gateway is draining; `log`, `disk`, and `source.<name>` for each agency. A broken agency does not take the gateway
out of service: others still answer.
"""

import asyncio
import shutil
from pathlib import Path

import structlog
from grpc_health.v1 import health, health_pb2

from linkage.audit.journal import Journal
from linkage.rpc.server import SERVICES
from linkage.sources.breaker import BreakerState
from linkage.sources.registry import Registry
from linkage.telemetry import Metrics

_log = structlog.get_logger()

EVERY_S = 0.5
LITTLE_SPACE = "little disk space"

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """Looks at everything twice a second and says how it is."""

    def __init__(self, servicer: health.aio.HealthServicer, journal: Journal, sources: Registry, metrics: Metrics, log: Path) -> None:
        self._folder = log.parent
        self._servicer = servicer
        self._journal = journal
        self._sources = sources
        self._metrics = metrics
        self._said: dict[str, bool] = {}
        self._draining = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once."""
        log = self._journal.health()
        free = _free(self._folder)
        self._metrics.log_ok.set(log.ok)
        self._metrics.log_size.set(log.size)
        self._metrics.log_queue.set(log.queued)
        self._metrics.log_commit_ms.set(log.last_commit_ms or 0)
        self._metrics.disk_free.set(free)
        await self._say("log", log.ok, why=log.reason)
        await self._say("disk", log.reason != LITTLE_SPACE, bytes_free=free)
        for source in self._sources.sources.values():
            state = source.health().state
            await self._say(f"source.{source.name}", state is BreakerState.CLOSED, why=state.value)
        serving = log.ok and not self._draining
        for name in ("", *(service.full_name for service in SERVICES)):
            await self._say(name, serving)

    async def drain(self) -> None:
        """Say that no new calls are wanted: balancers look elsewhere."""
        self._draining = True
        await self.look()

    async def _say(self, name: str, good: bool, **why: object) -> None:
        if self._said.get(name) is good:
            return
        if name in self._said or not good:
            (_log.info if good else _log.warning)("health", where=name or "gateway", state="serving" if good else "not serving", **why)
        self._said[name] = good
        await self._servicer.set(name, _SERVING if good else _NOT_SERVING)


def _free(folder: Path) -> int:
    """Bytes free on the folder's disk; 0 where it is gone: the log says so itself, and the looking goes on."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
