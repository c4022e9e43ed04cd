"""A gateway of several workers: what is done once for all of them, and the process that watches over them.

It holds the log's lock and the port, checks the log, closes what an earlier life left open, and only then starts the workers. It opens
no connection to an agency and answers no call.
"""

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Mapping, Sized
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from linkage.audit.boot import new_origin
from linkage.clock import SystemClock
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.alike import alike, differing
from linkage.runtime.equipment import check, equip
from linkage.runtime.held_port import HeldPort
from linkage.runtime.leaving import longest
from linkage.runtime.log_opening import check_log, close_orphans, journal_of, sealing_of
from linkage.runtime.post import Post
from linkage.runtime.presence import EVERY_S
from linkage.runtime.storage import Lock
from linkage.runtime.supervisor import Launcher, Supervisor
from linkage.runtime.worker_process import CORRUPT, Launch, Orders, Patience
from linkage.runtime.workers_page import show
from linkage.settings import Settings, load, restore
from linkage.store.lock import StoreLocked

_log = structlog.get_logger()

_CLOSING_S = 15.0
"""Seconds that a worker may take after its drain: outcomes, the log's and the index's closing."""
_FINAL = {CORRUPT: 1}
"""A worker that found that the log does not verify: then no other may write it either, and the whole gateway says what one process would."""
_FIXED = ("server.workers", "server.listen", "server.metrics_listen", "server.connection_age", "server.drain")
_FIXED_IN_LOG = ("origin", "path", "postgres", "data_keys", "data_keys_postgres", "anchor", "replica")
"""Settings that a rolling restart cannot change: this process itself, or all workers at once, stand on them."""


def run(settings: Settings, file: Path) -> int:
    """Serve with ``settings.server.workers`` processes until SIGTERM or SIGINT; gives the exit status.

    Raises:
        SettingsInvalid, StoreLocked, AuditUnavailable, LogCorrupt: as `Gateway.start`.
        OSError: somebody listens at the address.
    """
    asked: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _: asked.append(number))  # else it would end a process that is still at its checks
    began = alike(settings)  # before anything is read: workers compare what they read with it
    lock = asyncio.run(_taken(settings, file))
    try:
        port = HeldPort(settings.server.listen)
        try:
            return _Watch(settings, file, lock, port, began).run(asked)
        finally:
            port.close()
    finally:
        lock.release()


async def _taken(settings: Settings, file: Path) -> Lock:
    """The log's lock, once the log was found sound and what an earlier life left open is closed."""
    clock = SystemClock()
    equipment = await equip(settings, file, clock)
    try:
        lock = equipment.storage.lock(settings.server.drain)
        try:
            witnessing = await check_log(equipment, clock)
            await witnessing.aclose()
            journal = journal_of(equipment, sealing_of(equipment, clock), new_origin(settings.log.replica), clock)
            journal.start()
            try:
                await close_orphans(journal, clock, equipment)
            finally:
                await journal.close()
        except BaseException:  # whatever it is: cleaned up after, and raised again
            lock.release()
            raise
    finally:
        await equipment.sources.aclose()
    return lock


class _Watch:
    """The supervisor with what belongs to a gateway: signals, settings, the page of metrics."""

    def __init__(self, settings: Settings, file: Path, lock: Lock, port: HeldPort, began: Mapping[str, str]) -> None:
        self._settings = settings
        self._file = file
        self._lock = lock
        self._port = port
        self._began = began
        self._supervisor = Supervisor(
            self._launcher(settings),
            settings.server.workers,
            Patience(leave=longest(settings.server), drain=settings.server.drain + settings.log.append_timeout * 2 + _CLOSING_S),
            renew=self._renewed,
            final=_FINAL,
        )

    def run(self, asked: Sized = ()) -> int:
        """Watch until the end. ``asked``: not empty where a rolling restart was asked for before."""
        supervisor = self._supervisor
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop())
        signal.signal(signal.SIGHUP, lambda *_: supervisor.reload())
        if asked:
            supervisor.reload()
        page = show(self._settings.server.metrics_listen, supervisor)
        over = threading.Event()
        threading.Thread(target=self._hold, args=(over,), name="lock", daemon=True).start()
        _log.info("workers are started", listen=self._port.listen, count=supervisor.number)
        try:
            return supervisor.run()
        finally:
            over.set()
            if page is not None:
                page.shutdown()
                page.server_close()

    def _hold(self, over: threading.Event) -> None:
        while not over.wait(EVERY_S):
            try:
                self._lock.look()
            except StoreLocked as cause:
                _log.error("the log is lost to this gateway: ending", why=str(cause))
                self._supervisor.lose()
                return

    def _launcher(self, settings: Settings) -> Launcher:
        shared = settings.model_copy(update={"server": settings.server.model_copy(update={"listen": self._port.listen})})
        text = shared.model_dump(mode="json")
        command = (sys.executable, "-m", "linkage.cli.main", "serve", "--worker", "--config", str(self._file))

        def launch(orders: Orders) -> Launch:
            told = {"orders": asdict(orders), "settings": text, "began": dict(self._began)}
            return Launch(command, json.dumps(told).encode(), (self._lock.descriptor,))

        return launch

    def _renewed(self) -> Launcher | None:
        """Settings and every file, read and checked anew; None, and a word why, where they cannot be taken."""
        try:
            settings = load(self._file)
            asyncio.run(check(settings, self._file))
            problems = self._not_by_rolling(settings)
        except SettingsInvalid as failure:
            problems = failure.problems
        for problem in problems:
            _log.error("rolling restart: refused", file=problem.file, key=problem.key, expected=problem.expected)
        if problems:
            return None
        self._settings = settings
        return self._launcher(settings)

    def _not_by_rolling(self, settings: Settings) -> tuple[Problem, ...]:
        expected = "as it was; a whole restart changes it"
        changed = [key for key in _FIXED if _at(settings, key) != _at(self._settings, key)]
        changed += [f"log.{name}" for name in _FIXED_IN_LOG if getattr(settings.log, name) != getattr(self._settings.log, name)]
        changed += differing(self._began, settings)
        return tuple(Problem(str(self._file), key, "another", expected) for key in changed)


def _at(settings: Settings, key: str) -> object:
    part, name = key.split(".")
    return getattr(getattr(settings, part), name)


def read_orders(text: str, file: Path) -> tuple[Settings, Post, int]:
    """What a worker was told on its standard input: its settings, its post, and the file descriptor of its pipe.

    Raises:
        SettingsInvalid: this process cannot take the settings.
    """
    told: dict[str, Any] = json.loads(text)
    orders = told["orders"]
    post = Post(orders["number"], orders["boot"], frozenset(orders["after"]), told["began"])
    return restore(told["settings"], file), post, orders["pipe"]
