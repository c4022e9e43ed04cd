"""A gateway process from its start to its end: signals, the drain, and what the exit status says."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable
from pathlib import Path
from typing import Final

import structlog

from linkage.errors import AuditUnavailable, LinkageError
from linkage.runtime.gateway import Gateway, tell_failure
from linkage.runtime.post import Post
from linkage.runtime.standing_back import others_stand_back
from linkage.runtime.worker_process import CUT_OFF, LEAVE, Heartbeat
from linkage.settings import Settings

_log = structlog.get_logger()

LOG_LOST: Final = CUT_OFF
"""Exit status after which a supervisor starts the gateway again: the log could not be written, or moved away."""
HURRIED: Final = 75
"""Exit status after a second signal: what was under way was not waited for. It was cut off, and its outcomes are recorded."""
BEAT_S: Final = 0.25
_LOST_S: Final = 1.0
"""Seconds in which whoever waits for a lost log hears of it by name. Nothing that is under way can be answered any more."""


class LogLost(LinkageError):
    """The log can be written no more by this process; a new one reads what the disk holds and goes on. Says why."""


class _Signals:
    """The first SIGTERM or SIGINT says that it is over, a second one that nobody waits any longer; `LEAVE` that a sibling has come."""

    def __init__(self) -> None:
        self.over, self.again, self.leave = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.grace: float | None = None
        """Seconds for what is under way when it is over; None for the settings'."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._came)
        loop.add_signal_handler(signal.SIGHUP, _not_here)
        loop.add_signal_handler(LEAVE, self.leave.set)

    def _came(self) -> None:
        (self.again if self.over.is_set() else self.over).set()


async def serve(settings: Settings, file: Path) -> bool:
    """Serve until SIGTERM or SIGINT, or until the log is lost to this process; then drain. Whether a second signal cut the drain short.

    Raises:
        LogLost: it ended by itself: another start may write again.
        LogCorrupt: it ended by itself: a reader found that the log does not verify. Also as `Gateway.start` and `Gateway.stop`.
    """
    signals = _Signals()
    gateway = await Gateway.start(settings, file)
    _stand_back()
    return await _to_the_end(gateway, signals)


async def serve_as_worker(settings: Settings, file: Path, post: Post, pipe: int) -> bool:
    """As `serve`, for one worker among several. ``pipe``: where it says that it lives; it drains, too, when nobody listens there."""
    signals, heart = _Signals(), Heartbeat(pipe)
    gateway = await Gateway.start(settings, file, post=post)
    _stand_back()
    heart.serves(gateway.page_port)
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(_beat(heart, gateway, signals)), loop.create_task(_leave(gateway, signals))]
    for task in tasks:
        task.add_done_callback(tell_failure)
    try:
        return await _to_the_end(gateway, signals)
    finally:
        for task in tasks:
            task.cancel()


def _stand_back() -> None:
    if not others_stand_back():
        _log.info("threads keep their places: the system does not let them stand back")


async def _leave(gateway: Gateway, signals: _Signals) -> None:
    await signals.leave.wait()
    _log.info("a new worker serves in this one's place: leaving")
    try:
        await gateway.leave()
    finally:
        signals.over.set()


async def _beat(heart: Heartbeat, gateway: Gateway, signals: _Signals) -> None:
    while True:
        if not heart.beat() and not signals.over.is_set():
            _log.error("the process that started this worker is gone: ending")
            if gateway.equipment.storage.shared:  # the name went with that process: on another machine it may be in use already
                signals.grace = 0.0
            signals.over.set()
        await asyncio.sleep(BEAT_S)


async def _to_the_end(gateway: Gateway, signals: _Signals) -> bool:
    if await _first(signals.over.wait(), gateway.until_lost()) == 0:
        stopping = asyncio.get_running_loop().create_task(gateway.stop(signals.grace))
        if await _first(asyncio.shield(stopping), signals.again.wait()) == 1:
            _log.warning("a second signal: what is under way is not waited for")
            await gateway.hurry()
        await stopping
        return signals.again.is_set()
    why = gateway.journal.health().reason
    _log.error("the log is lost to this process: ending", why=why)
    with contextlib.suppress(AuditUnavailable):  # what was not done in time was never acknowledged
        await gateway.stop(min(gateway.settings.server.drain, _LOST_S))
    raise gateway.lost or LogLost(why)


async def _first(*waits: Awaitable[object]) -> int:
    """Wait for one of them; gives its place. The others are given up."""
    waiting = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    found = next(place for place, each in enumerate(waiting) if each.done())
    for each in waiting:
        each.cancel()
    return found


def _not_here() -> None:
    _log.warning("SIGHUP: settings change with a rolling restart of several workers, or with a restart")
