"""Health that tells the truth: about the log, its disk and every agency, for load balancers and for people.

Names that can be asked: "" (the gateway as a whole) and every service of ours, which are NOT_SERVING exactly while nothing can be
recorded or the gateway is draining; `log`; what may be the matter with it, `disk`, `clock`, `keys`; `source.<name>` for each agency, and
`witness` where witnesses are set. A broken agency does not take the gateway out of service: others still answer.
"""

import asyncio
import math
from collections.abc import Callable

import structlog

from linkage.audit.journal import Journal
from linkage.rpc.beside import HealthService
from linkage.rpc.server import SERVICES
from linkage.runtime.presence import Presence
from linkage.sources.breaker import BreakerState
from linkage.sources.registry import Registry
from linkage.telemetry import Metrics

_log = structlog.get_logger()

EVERY_S = 0.5
LITTLE_SPACE, FULL, CLOCK = "little disk space", "FullError", "clock: "
"""How the log begins, or what it says, where the disk or the clock is the reason."""

Trouble = Callable[[], str]
"""What is wrong, in a few words; empty while nothing is."""


class Health:
    """Looks at everything twice a second and says how it is."""

    def __init__(
        self,
        servicer: HealthService,
        journal: Journal,
        sources: Registry,
        metrics: Metrics,
        presence: Presence,
    ) -> None:
        self._presence = presence
        self._servicer = servicer
        self._journal = journal
        self._sources = sources
        self._metrics = metrics
        self._said: dict[str, bool] = {}
        self._draining = False
        self.also: dict[str, Trouble] = {}
        """Further names that can be asked, each with what says why it is NOT_SERVING; empty while it serves."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once."""
        log = self._journal.health()
        free = self._presence.free_bytes()
        why = log.reason or self._presence.trouble  # a log that nobody writes to now may be out of reach all the same
        self._metrics.log_ok.set(not why)
        self._metrics.log_size.set(log.size)
        self._metrics.log_queue.set(log.queued)
        self._metrics.log_commit_ms.set(log.last_commit_ms or 0)
        self._metrics.disk_free.set(math.nan if free is None else free)
        self._say("log", not why, why=why)
        self._say("disk", log.reason != LITTLE_SPACE and FULL not in log.reason, why=log.reason, bytes_free=free)
        self._say("clock", not log.reason.startswith(CLOCK), why=log.reason)
        self._say("keys", not log.keys, why=log.keys)
        for source in self._sources.sources.values():
            state = source.health().state
            self._say(f"source.{source.name}", state is BreakerState.CLOSED, why=state.value)
        for name, trouble in self.also.items():
            self._say(name, not (said := trouble()), why=said)
        serving = not why and not self._draining
        for name in ("", *(service.full_name for service in SERVICES)):
            self._say(name, serving)

    async def drain(self) -> None:
        """Say that no new calls are wanted: balancers look elsewhere."""
        self._draining = True
        await self.look()

    def _say(self, name: str, good: bool, **why: object) -> None:
        if self._said.get(name) is good:
            return
        if name in self._said or not good:
            (_log.info if good else _log.warning)("health", where=name or "gateway", state="serving" if good else "not serving", **why)
        self._said[name] = good
        self._servicer.set(name, serving=good)
