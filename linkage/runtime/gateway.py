"""The composition root: puts the rooms together, opens the door last, closes it first."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

import prometheus_client
import structlog

from linkage import __version__
from linkage.audit.boot import announce, check_edge, new_origin, recover_orphans
from linkage.audit.journal import Journal, JournalLimits
from linkage.audit.receipt import ReceiptBook
from linkage.audit.record import Entry, Kind
from linkage.audit.sealing import Sealing
from linkage.audit.sweeper import Sweeper
from linkage.audit.tally import Tally
from linkage.clock import Clock, SystemClock
from linkage.errors import AuditUnavailable, LinkageError, LogCorrupt, Problem, Refusal
from linkage.identity import KeySets
from linkage.ids import new_id
from linkage.in_force import InForce
from linkage.runtime.equipment import Equipment, equip
from linkage.runtime.face import Rooms, build_face
from linkage.runtime.files import WatchedFiles
from linkage.runtime.health import EVERY_S, Health
from linkage.runtime.key_care import begin_care, open_checked
from linkage.runtime.outlook import Outlook
from linkage.runtime.presence import Presence
from linkage.runtime.searching import search_room_of, watching
from linkage.runtime.self_auditing import self_audit_of
from linkage.runtime.witnesses import BOOT_S, witnessing_of
from linkage.settings import Settings
from linkage.sources.registry import ClientMaker, client_for
from linkage.store.anchor import Anchor, check_anchor
from linkage.store.contract import SpaceLimits
from linkage.transport import key_set_client
from linkage.transport.expiry import read_expiry

_log = structlog.get_logger()


class LogLost(LinkageError):
    """The log can be written no more by this process; a new one reads what the disk holds and goes on. Says why."""


class Gateway:
    """A gateway that serves. Made by `start`, ended by `stop`."""

    def __init__(self, equipment: Equipment, clock: Clock, outlook: Outlook) -> None:
        self.equipment = equipment
        self.settings = equipment.settings
        self._clock = clock
        self._storage = equipment.storage
        self._lock = equipment.storage.lock()
        self._outlook = outlook
        self.lost: LogCorrupt | None = None
        """What a reader found wrong with the log; None while nobody did."""
        self._tasks: list[asyncio.Task[Any]] = []
        self._origin = new_origin(self.settings.log.replica)
        self._watched = WatchedFiles(
            equipment.files,
            self.settings,
            equipment.record_kinds,
            record=self._record_config,
            on_problem=self._not_changed,
            on_mended=self._mended,
        )
        equipment.metrics.reload_ok.labels("files").set(1)

    @classmethod
    async def start(cls, settings: Settings, file: Path, *, clock: Clock | None = None, clients: ClientMaker = client_for) -> Self:
        """Read and check everything, open the log, close orphans, record the start, then serve.

        Args:
            settings: as `linkage.settings.load` read them.
            file: the settings file, for problems.
            clock: None for the machine's.
            clients: makes the HTTP clients; another one puts simulators in the agencies' place.

        Raises:
            SettingsInvalid: something the operator wrote is wrong.
            StoreLocked: another gateway holds the log.
            AuditUnavailable, LogCorrupt: the log cannot be written, or does not verify.
            RuntimeError: the port is taken.
        """
        clock = clock or SystemClock()
        equipment = await equip(settings, file, clock, clients=clients)
        read = read_expiry if clients is client_for else None  # whoever stands in for the agencies shows no certificates
        outlook = Outlook(equipment.sources, settings.sources, equipment.metrics, clock, kinds=equipment.record_kinds, read=read)
        gateway = cls(equipment, clock, outlook)
        try:
            await gateway._open_journal()
            await gateway._open_door()
        except BaseException:
            await gateway._close_rest()
            raise
        return gateway

    @property
    def port(self) -> int:
        """The port that gRPC listens on."""
        return self._built.port

    async def _open_journal(self) -> None:
        settings, keys, clock, storage = self.settings.log, self.equipment.keys, self._clock, self._storage
        storage.make_missing(keys.signer)
        with storage.open_reader() as reader:
            check_edge(reader, keys.signer.verifier)
            check_anchor(storage.anchor, reader, keys.signer.verifier)
        self._witnessing = witnessing_of(settings, self.equipment.couriers, storage, keys.signer.verifier, clock, self.equipment.metrics)
        await self._witnessing.check(within=BOOT_S)
        space = SpaceLimits(settings.refuse_intents_below, settings.refuse_all_below)
        self.sealing = Sealing(settings.origin, keys.encryption, keys.pseudonyms, clock, keep_days=settings.retention_days)
        data_keys = open_checked(storage.open_keys, self.sealing, self.settings)
        self.journal = Journal(
            storage.open_log(keys.signer, clock, self._origin, space),
            data_keys,
            sealing=self.sealing,
            origin=self._origin,
            clock=clock,
            limits=JournalLimits(settings.queue, settings.append_timeout),
            anchor=Anchor(storage.anchor),
        )
        self.journal.start()
        self._tally = Tally(self.journal, clock)
        self._book = ReceiptBook(storage.open_reader, self._corrupt)
        self._search = search_room_of(settings, storage, self.sealing, self._corrupt)
        orphans = await recover_orphans(self.journal, clock, only_of=settings.replica if storage.shared else None)
        if orphans:
            self.equipment.metrics.recovered.inc(orphans)
            _log.warning("intents of an ended process were closed: their outcome is unknown", count=orphans)
        await announce(self.journal, clock, version=__version__, digests=_digests(self.equipment.files))
        self._care = await begin_care(self.journal, storage.open_keys, self.sealing, clock, self.equipment)

    async def _open_door(self) -> None:
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
        metrics = self.equipment.metrics
        presence = Presence(self._lock, self.journal, self._storage.free_bytes)
        self._health = Health(self._built.health, self.journal, self.equipment.sources, metrics, presence)
        if self.equipment.couriers:
            self._health.also["witness"] = self._witnessing.trouble
        await self._health.look()
        for work in self._witnessing.work(self.journal.withhold_intents, self._corrupt):
            self._go(work)
        sweeper = Sweeper(self.journal, self._clock, after=self.settings.log.recover_after)
        for task in (
            self._health.run(),
            sweeper.run(),
            self._tally.run(),
            self._care.run(),
            self._watched.run(),
            self._outlook.run(),
            self._search.run(watching(metrics)),
            presence.run(),
            self_audit_of(self.equipment, self._clock, self._corrupt).run(),
        ):
            self._go(task)
        self._page = _metrics_page(self.settings.server.metrics_listen, self.equipment)
        await self._built.server.start()
        _log.info("serving", listen=self.settings.server.listen, version=__version__, replica=self.settings.log.replica)

    async def _record_config(self, files: InForce) -> bool:
        """Say in the log which files will be in force, so that every decision can be traced to the text it was made by."""
        reloaded = self.equipment.metrics.reload_ok.labels("files")
        try:
            await self.journal.record(Entry(Kind.CONFIG, new_id(self._clock), {"digests": _digests(files)}))
        except (AuditUnavailable, Refusal):
            reloaded.set(0)
            _log.error("a change of files could not be recorded; the old ones stay in force")
            return False
        reloaded.set(1)
        _log.info("register, catalogue and agreements reloaded")
        return True

    def _mended(self) -> None:
        """The files on disk are those in force again: the alarm ends, and there is nothing to record."""
        self.equipment.metrics.reload_ok.labels("files").set(1)
        _log.info("register, catalogue and agreements are again as they are in force")

    def _not_changed(self, problems: tuple[Problem, ...]) -> None:
        self.equipment.metrics.reload_ok.labels("files").set(0)
        for problem in problems[:20]:
            _log.error("changed files refused; the old ones stay in force", file=problem.file, key=problem.key, expected=problem.expected)

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
        self._tasks[-1].add_done_callback(_told)

    async def stop(self, grace: float | None = None) -> None:
        """Readiness off, finish what is under way, record what is counted, close the log. ``grace``: seconds; None for the settings'."""
        await self._health.drain()
        await self._built.server.stop(self.settings.server.drain if grace is None else grace)
        with contextlib.suppress(AuditUnavailable, Refusal):
            await self._tally.record(everything=True)
        await self._close_rest()
        _log.info("stopped")

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


def _told(task: asyncio.Task[Any]) -> None:
    """A defect that ends one of the gateway's own tasks must not pass unseen: nobody waits for them."""
    if not task.cancelled() and (failure := task.exception()) is not None:
        _log.error("a task of the gateway's own failed", exception=type(failure).__name__)


def _digests(files: InForce) -> dict[str, Any]:
    return {"register": files.register.digest, "catalogue": files.catalogue.digest, "agreements": files.book.digest}


def _metrics_page(listen: str, equipment: Equipment) -> Any:
    if not listen:
        return None
    host, _, port = listen.rpartition(":")
    page, _thread = prometheus_client.start_http_server(int(port), host, equipment.metrics.registry)
    return page


async def serve(settings: Settings, file: Path) -> None:
    """Serve until SIGTERM or SIGINT, or until the log is lost to this process; then drain.

    Raises:
        LogLost: it ended by itself: another start may write again.
        LogCorrupt: it ended by itself: a reader found that the log does not verify. Also as `Gateway.start`, like all else.
    """
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    gateway = await Gateway.start(settings, file)
    if await _over_or_lost(over, gateway):
        await gateway.stop()
        return
    why = gateway.journal.health().reason
    _log.error("the log is lost to this process: ending", why=why)
    with contextlib.suppress(AuditUnavailable):  # what was not done in time was never acknowledged
        await gateway.stop()
    raise gateway.lost or LogLost(why)


async def _over_or_lost(over: asyncio.Event, gateway: Gateway) -> bool:
    """Wait for one of the two; whether it is over by order."""
    waiting = [asyncio.ensure_future(over.wait()), asyncio.ensure_future(gateway.until_lost())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    return over.is_set()
