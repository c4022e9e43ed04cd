"""The kit, run over the harbour: in this process, or for many broken adapters in processes of their own, one for each processor."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import uvloop

from linkage.sources.adapter import Adapter
from linkage.sources.conformance import Outcome, run_checks
from linkage.sources.installed import Candidate
from linkage.sources.simulation import Simulator
from tests.sources.conformance.harbour.adapter import Harbour
from tests.sources.conformance.harbour.simulator import HarbourSimulator

HERE = Path(__file__).parent


def harbour(
    make: Callable[[], Adapter] = Harbour, make_simulator: Callable[[], Simulator] | None = HarbourSimulator, folder: Path = HERE
) -> Candidate:
    """The harbour's adapter, with parts of it in other hands."""
    return Candidate("harbour", (folder,), make, make_simulator, "linkage", "0")


async def caught(candidate: Candidate) -> set[str]:
    """The checks that fail."""
    return {one.name for one in await run_checks(candidate) if one.outcome is Outcome.FAILED}


def caught_here(kind: type[Harbour]) -> set[str]:
    """The checks that this adapter fails, run to the end in this process."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(caught(harbour(kind)))
