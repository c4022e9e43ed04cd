"""An auditor at the gateway's own machine: log, data keys and what is agreed, opened beside a running gateway or without one.

Whoever reads here is an auditor of the register, and every reading is an entry of the log before anything is shown.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from linkage.audit.boot import new_origin
from linkage.audit.journal import Journal, JournalLimits
from linkage.audit.reading import ReadingRoom
from linkage.audit.record import JSON
from linkage.audit.sealing import Sealing
from linkage.audit.view import View
from linkage.clock import Clock, SystemClock
from linkage.errors import Problem, SettingsInvalid
from linkage.identity.peer import Auditor
from linkage.ids import new_id
from linkage.in_force import InForce
from linkage.keyring import load_keyring
from linkage.runtime.agreed import load_kinds
from linkage.runtime.files import load_files
from linkage.runtime.key_care import open_checked
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import Storage, storage_of
from linkage.settings import Settings, load
from linkage.store.contract import SpaceLimits
from linkage.terms import RecipientId


@dataclass(frozen=True, slots=True)
class AuditorsDesk:
    """What an auditor works with. ``files``: what is in force as the files say it now."""

    settings: Settings
    files: InForce
    storage: Storage
    sealing: Sealing
    auditor: Auditor
    clock: Clock
    room: ReadingRoom

    @property
    def view(self) -> View:
        """What of the log the auditor may see."""
        return View(self.auditor.agencies, {centre.id: centre.agency for centre in self.files.register.centres.values()})

    @property
    def agencies(self) -> frozenset[RecipientId]:
        """The agencies whose entries the auditor may see."""
        return self.auditor.agencies

    async def record(self, method: str, sought: Mapping[str, JSON]) -> None:
        """Record the reading; durable on return.

        Raises:
            Refusal, AuditUnavailable: it is not known to be recorded; nothing may be shown.
        """
        await self.room.record(new_id(self.clock), self.auditor, method, sought)


@asynccontextmanager
async def auditors_desk(config: Path, uri: str) -> AsyncIterator[AuditorsDesk]:
    """Open log and keys for an auditor of the register.

    Args:
        config: the gateway's settings file.
        uri: the auditor's name in the register.

    Raises:
        SettingsInvalid: a file is wrong or lacks a key, or the register names no such auditor.
        AuditUnavailable: log or data keys cannot be opened now.
    """
    settings = load(config)
    files = load_files(settings, await asyncio.to_thread(load_kinds, settings, config))
    auditor = _auditor(settings, files, uri)
    signer, clock, origin = load_signer(settings), SystemClock(), new_origin(settings.log.replica)
    encryption, pseudonyms = load_keyring(settings.log.key_encryption_keys), load_keyring(settings.log.pseudonym_keys)
    sealing = Sealing(settings.log.origin, encryption, pseudonyms, clock, keep_days=settings.log.retention_days)
    storage = storage_of(settings)
    space = SpaceLimits(settings.log.refuse_intents_below, settings.log.refuse_all_below)
    log = storage.open_log(signer, clock, origin, space)
    journal = Journal(
        log,
        open_checked(storage.open_keys, sealing, settings),
        sealing=sealing,
        origin=origin,
        clock=clock,
        limits=JournalLimits(settings.log.queue, settings.log.append_timeout),
    )
    journal.start()
    try:
        yield AuditorsDesk(settings, files, storage, sealing, auditor, clock, ReadingRoom(journal, sealing))
    finally:
        await journal.close()


def _auditor(settings: Settings, files: InForce, uri: str) -> Auditor:
    agencies = files.register.auditors.get(uri)
    if agencies is None:
        raise SettingsInvalid(
            (Problem(str(settings.files.register), "auditor", "no auditor of the name given", "--auditor URI: the uri of an [[auditor]]"),)
        )
    return Auditor(uri, agencies, "")
