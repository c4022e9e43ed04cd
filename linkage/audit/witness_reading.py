"""What a worker knows of the witnesses that another worker of the same gateway asks: it reads the file which that one keeps."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog

from linkage.audit.freshness import Freshness, Witnesses, WitnessLimits
from linkage.audit.witness_answers import Courier
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, LogCorrupt
from linkage.store.cosignatures import last_cosigned, newest_cosigned

_log = structlog.get_logger()


class WitnessReading:
    """Stands in the place of `Witnessing`, and asks nobody. Used in one event loop; the file is read in one thread of its own."""

    def __init__(self, couriers: Sequence[Courier], *, state: Path, clock: Clock, limits: WitnessLimits, told: Witnesses) -> None:
        """Take the witnesses and where another worker keeps its `Cosignatures`; nothing is ever written there."""
        self._couriers = couriers
        self._state = state
        self._began_ms = clock.now_ms()
        self._limits = limits
        self._told = told
        self._freshness = Freshness([courier.name for courier in couriers], limits, clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="witnesses")

    async def check(self, *, within: float) -> None:
        """Read once. The log itself was checked by whoever asks; ``within`` is of no matter: nobody is waited for.

        Raises:
            AuditUnavailable: the file cannot be read now.
        """
        del within
        loop = asyncio.get_running_loop()
        for name, at_ms in await loop.run_in_executor(self._thread, self._read):
            self._freshness.cosigned(name, at_ms)

    def work(self, withhold: Callable[[str], None], alarm: Callable[[LogCorrupt], None]) -> Iterator[Coroutine[Any, Any, None]]:
        """See `Witnessing.work`; there is never an alarm."""
        del alarm
        if self._couriers:
            yield self._freshness.watch(withhold, self._told)
            yield self._read_again()

    def trouble(self) -> str:
        """See `Witnessing.trouble`."""
        return self._freshness.trouble()

    async def newest_cosigned(self) -> str | None:
        """See `Witnessing.newest_cosigned`."""
        if not self._couriers:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, newest_cosigned, self._state, self._limits.quorum)

    async def aclose(self) -> None:
        """Close everything. The tasks must have ended."""
        await asyncio.to_thread(self._thread.shutdown)
        for courier in self._couriers:
            await courier.aclose()

    async def _read_again(self) -> None:
        while True:
            await asyncio.sleep(self._limits.every)
            try:
                await self.check(within=0)
            except AuditUnavailable:
                _log.warning("what the witnesses have cosigned cannot be read now", file=self._state.name)

    # ---- in the thread ---------------------------------------------------------------------------------------------

    def _read(self) -> list[tuple[str, int]]:
        """Opened anew each time: the worker that keeps the file may have set a damaged one aside and begun another."""
        known = last_cosigned(self._state)
        return [(courier.name, known.get(courier.key.text, self._began_ms)) for courier in self._couriers]
