"""Runs the checks of the kit on one adapter."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from structlog.testing import capture_logs

from linkage.sources.conformance.check import CHECKS, CannotBeTold, Check, Outcome, Result
from linkage.sources.conformance.place import Place, Truth, default_tls
from linkage.sources.installed import Candidate, find, simulator_of

MOST_S = 60.0
"""Seconds after which a check that does not end has failed."""

ALONE = frozenset({"log-lines-tell-no-value", "it-keeps-nothing", "it-keeps-to-its-time"})
"""Checks that listen to the whole process, or to its clock: nothing else runs beside them."""

_AT_ONCE = 6

Told = Callable[[Result], None]


async def run_checks(candidate: Candidate, *, told: Told | None = None, only: Sequence[str] = ()) -> tuple[Result, ...]:
    """Run every check, or those named, each in a place of its own.

    Args:
        candidate: from `linkage.sources.installed.find`.
        told: called with each result as it comes; None: nobody.
        only: names of checks; empty: all.

    Returns: results in the kit's order. Nobody outside this machine is asked anything.

    Raises:
        SettingsInvalid: its simulator cannot be made.
    """
    simulator_of(candidate)
    chosen = [one for one in CHECKS.values() if not only or one.name in only]
    tls = default_tls()
    places = asyncio.Semaphore(_AT_ONCE)

    opened: list[Place] = []
    truths: dict[str, Truth] = {}

    async def run(one: Check) -> Result:
        async with places:
            opened.append(Place(candidate, tls, truths))
            result = await _run(one, opened[-1])
        if told is not None:
            told(result)
        return result

    with capture_logs():  # the gateway's own lines about the failures that are made here
        ran = await _together(chosen, run)
        await asyncio.gather(*(task for place in opened for task in place.closing))
    results = {one.name: result for one, result in zip(*ran, strict=True)}
    return tuple(results[one.name] for one in chosen)


async def _together(chosen: Sequence[Check], run: Callable[[Check], Awaitable[Result]]) -> tuple[list[Check], list[Result]]:
    beside = [one for one in chosen if one.name not in ALONE]
    alone = [one for one in chosen if one.name in ALONE]
    results = list(await asyncio.gather(*(run(one) for one in beside)))
    results += [await run(one) for one in alone]
    return [*beside, *alone], results


async def _run(one: Check, place: Place) -> Result:
    started = time.monotonic()
    (seen,) = await asyncio.gather(_findings(one, place), return_exceptions=True)
    seconds = time.monotonic() - started
    match seen:
        case CannotBeTold():
            return Result(one.name, one.because, one.remedy, Outcome.DOES_NOT_APPLY, (str(seen),), seconds)
        case BaseException():
            if isinstance(seen, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
                raise seen
            said = "it did not end" if isinstance(seen, TimeoutError) else f"the adapter or its simulator raised {type(seen).__name__}"
            return Result(one.name, one.because, one.remedy, Outcome.FAILED, (said,), seconds)
        case _:
            outcome = Outcome.FAILED if seen else Outcome.PASSED
            return Result(one.name, one.because, one.remedy, outcome, seen, seconds)


async def _findings(one: Check, place: Place) -> tuple[str, ...]:
    async with asyncio.timeout(MOST_S), place.served():
        return tuple([finding async for finding in one.finds(place)])


async def failures(path_or_name: str | Path) -> tuple[str, ...]:
    """What an adapter does not keep to, as sentences; nothing where it conforms. For its own tests.

    Raises:
        SettingsInvalid: there is no such adapter.
    """
    results = await run_checks(find(path_or_name))
    return tuple(str(result) for result in results if result.outcome is Outcome.FAILED)
