"""The composition root: puts the rooms together, opens the door last, closes it first."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, Self

import prometheus_client
import structlog

from linkage import __version__
from linkage.audit.boot import announce, new_origin
from linkage.audit.receipt import ReceiptBook
from linkage.audit.record import Origin
from linkage.audit.sweeper import Sweeper
from linkage.audit.tally import Tally
from linkage.clock import Clock, SystemClock
from linkage.errors import AuditUnavailable, LogCorrupt, Refusal
from linkage.identity import KeySets
from linkage.runtime.alike import expect_alike
from linkage.runtime.equipment import Equipment, equip
from linkage.runtime.face import Rooms, build_face
from linkage.runtime.health import EVERY_S, Health
from linkage.runtime.key_care import begin_care
from linkage.runtime.leaving import leave
from linkage.runtime.log_opening import check_log, close_orphans, journal_of, sealing_of
from linkage.runtime.outlook import Outlook
from linkage.runtime.post import Post
from linkage.runtime.presence import Presence
from linkage.runtime.reloading import digests, watched
from linkage.runtime.searching import search_room_of, watching
from linkage.runtime.self_auditing import self_audit_of
from linkage.runtime.storage import Hold
from linkage.settings import Settings
from linkage.sources.registry import ClientMaker, client_for
from linkage.transport import key_set_client
from linkage.transport.expiry import read_expiry

_log = structlog.get_logger()

WORKERS_PAGE = "127.0.0.1:0"
"""Where a worker shows its metrics: to the process that started it, which puts them on the gateway's one page."""


class Gateway:
    """A gateway that serves, or one worker of it. Made by `start`, ended by `stop`."""

    def __init__(self, equipment: Equipment, clock: Clock, outlook: Outlook, hold: Hold, post: Post | None) -> None:
        self.equipment = equipment
        self.settings = equipment.settings
        self._clock = clock
        self._storage = equipment.storage
        self._lock = hold
        self._post = post
        self._outlook = outlook
        self.lost: LogCorrupt | None = None
        """What a reader found wrong with the log; None while nobody did."""
        self._tasks: list[asyncio.Task[Any]] = []
        replica = self.settings.log.replica
        self._origin = new_origin(replica) if post is None else Origin(replica, bytes.fromhex(post.boot))
        self.sealing = sealing_of(equipment, clock)

    @classmethod
    async def start(
        cls, settings: Settings, file: Path, *, clock: Clock | None = None, clients: ClientMaker = client_for, post: Post | None = None
    ) -> Self:
        """Read and check everything, open the log, close orphans, record the start, then serve.

        Args:
            settings: as `linkage.settings.load` read them.
            file: the settings file, for problems.
            clock: None for the machine's.
            clients: makes the HTTP clients; another one puts simulators in the agencies' place.
            post: None for a gateway that is one process; else a worker's, and another process holds the log's lock.

        Raises:
            SettingsInvalid: something the operator wrote is wrong.
            StoreLocked: another gateway holds the log.
            AuditUnavailable, LogCorrupt: the log cannot be written, or does not verify.
            NotAlike: a worker read other keys than its siblings, or would write another log.
            RuntimeError: the port is taken.
        """
        clock = clock or SystemClock()
        equipment = await equip(settings, file, clock, clients=clients)
        read = read_expiry if clients is client_for else None  # whoever stands in for the agencies shows no certificates
        outlook = Outlook(equipment.sources, settings.sources, equipment.metrics, clock, kinds=equipment.record_kinds, read=read)
        try:
            if post is not None:
                expect_alike(post.began, settings)
            hold = equipment.storage.watch() if post is not None else await asyncio.to_thread(equipment.storage.lock, settings.server.drain)
        except BaseException:  # whatever it is: cleaned up after, and raised again
            await equipment.sources.aclose()
            raise
        gateway = cls(equipment, clock, outlook, hold, post)
        try:
            await gateway._open_journal()
            await gateway._open_door()
        except BaseException:  # whatever it is: cleaned up after, and raised again
            await gateway._close_rest()
            raise
        return gateway

    @property
    def port(self) -> int:
        """The port that gRPC listens on."""
        return self._built.port

    @property
    def page_port(self) -> int:
        """The port of the metrics page, 0 where there is none."""
        return 0 if self._page is None else int(self._page.server_port)

    async def _open_journal(self) -> None:
        equipment, clock = self.equipment, self._clock
        self._witnessing = await check_log(equipment, clock, self._post)
        self.journal = journal_of(equipment, self.sealing, self._origin, clock)
        self.journal.start()
        self._tally = Tally(self.journal, clock)
        self._book = ReceiptBook(self._storage.open_reader, self._corrupt)
        self._search = search_room_of(self.settings.log, self._storage, self.sealing, self._corrupt)
        await close_orphans(self.journal, clock, equipment, self._post)
        await announce(self.journal, clock, version=__version__, digests=digests(equipment.files))
        self._care = await begin_care(self.journal, self._storage.open_keys, self.sealing, clock, equipment)

    async def _open_door(self) -> None:
        self._watched = watched(self.equipment, self.journal, self._clock)
        self._key_sets = KeySets(self._clock, key_set_client)
        self._built = build_face(
            Rooms(
                equipment=self.equipment,
                clock=self._clock,
                in_force=lambda: self._watched.current,
                journal=self.journal,
                sealing=self.sealing,
                tally=self._tally,
                book=self._book,
                search=self._search,
                witnessing=self._witnessing,
                key_sets=self._key_sets,
            )
        )
        presence = Presence(self._lock, self.journal, self._storage.free_bytes)
        self._health = Health(self._built.health, self.journal, self.equipment.sources, self.equipment.metrics, presence)
        if self.equipment.couriers:
            self._health.also["witness"] = self._witnessing.trouble
        await self._health.look()
        for task in (self._health.run(), presence.run(), *self._every_worker(), *self._housekeeping()):
            self._go(task)
        listen = self.settings.server.metrics_listen
        self._page = _metrics_page(WORKERS_PAGE if listen and self._post is not None else listen, self.equipment)
        await self._built.server.start()
        _log.info("serving", listen=self.settings.server.listen, version=__version__, replica=self.settings.log.replica)

    def _every_worker(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield from self._witnessing.work(self.journal.withhold_intents, self._corrupt)
        yield Sweeper(self.journal, self._clock, after=self.settings.log.recover_after).run()
        yield self._tally.run()
        yield self._watched.run()
        yield self._outlook.run()

    def _housekeeping(self) -> Iterator[Coroutine[Any, Any, None]]:
        if self._post is not None and not self._post.keeps_house:
            return
        yield self._care.run()
        yield self._search.run(watching(self.equipment.metrics))
        yield self_audit_of(self.equipment, self._clock, self._corrupt).run()

    def _corrupt(self, cause: LogCorrupt) -> None:
        self.lost = cause
        self.journal.poison(f"log: {cause}")

    async def until_lost(self) -> None:
        """Return when the log can be written no more, whatever is waited for, by this process."""
        while not self.journal.health().poisoned:  # noqa: ASYNC110 (a thread, a file or a disk brings it about: there is no event)
            await asyncio.sleep(EVERY_S)

    def _go(self, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.get_running_loop().create_task(work))
        self._tasks[-1].add_done_callback(tell_failure)

    async def stop(self, grace: float | None = None) -> None:
        """Readiness off, finish what is under way, record what is counted, close the log. ``grace``: seconds; None for the settings'.

        What is still under way then is cancelled, and its outcome recorded, before the log is closed.

        Raises:
            AuditUnavailable: something could not be recorded in time; it was never acknowledged.
        """
        await self._health.drain()
        self._built.health.end()
        await self._built.server.stop(self.settings.server.drain if grace is None else grace)
        with contextlib.suppress(AuditUnavailable, Refusal):
            await self._tally.record(everything=True)
        await self._close_rest()
        _log.info("stopped")

    async def leave(self) -> None:
        """Before `stop`, where siblings listen at the same port: serve those who are connected until each has moved on to one of them."""
        await leave(self.port, self.settings.server)

    async def hurry(self) -> None:
        """While `stop` runs: let it wait no longer for what is under way."""
        await self._built.server.stop(0)

    async def _close_rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if hasattr(self, "_built"):
            await self._built.server.stop(0)  # ended before, or begun half: the port must not stay bound
        try:
            for name, close in (
                ("_book", "close"),
                ("_search", "close"),
                ("_care", "close"),
                ("_witnessing", "aclose"),
                ("journal", "close"),
                ("_key_sets", "close"),
            ):
                if hasattr(self, name):
                    await getattr(getattr(self, name), close)()
            await self.equipment.sources.aclose()
        finally:
            if getattr(self, "_page", None) is not None:
                self._page.shutdown()
                self._page.server_close()  # shutdown leaves the socket listening
            self._lock.release()


def tell_failure(task: asyncio.Task[Any]) -> None:
    """A defect that ends one of the gateway's own tasks must not pass unseen: nobody waits for them."""
    if not task.cancelled() and (failure := task.exception()) is not None:
        _log.error("a task of the gateway's own failed", exception=type(failure).__name__)


def _metrics_page(listen: str, equipment: Equipment) -> Any:
    if not listen:
        return None
    host, _, port = listen.rpartition(":")
    page, _thread = prometheus_client.start_http_server(int(port), host, equipment.metrics.registry)
    return page
