"""A small true world around a journal: a real log and a real file of keys on a disk that can be slow or fail."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from linkage.audit.journal import Journal, JournalLimits
from linkage.audit.record import Origin
from linkage.audit.report import Report
from linkage.audit.sealing import Sealing
from linkage.clock import FakeClock
from linkage.errors import AuditUnavailable
from linkage.ids import new_id
from linkage.keyring import KeyRing, NamedKey
from linkage.store.anchor import Anchor, anchor_beside
from linkage.store.contract import Claim, SpaceLimits
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from linkage.store.sqlite_log import SqliteLog, create_log
from linkage.terms import CitizenNumber
from tests.small_log import NO_WATERMARKS, ORIGIN, SIGNER, entries, opened, verified
from tests.store.failing_disk import FailingDisk

NUMBER = CitizenNumber("1100000000008")
OTHER_NUMBER = CitizenNumber("1100000000016")
FACTS = {"counter": "urn:linkage:counter:c1", "service": "jobseeker_registration"}


def ring(seed: int = 0) -> KeyRing:
    return KeyRing((NamedKey(f"k{seed}", bytes([seed]) * 32),))


class World:
    """Log, keys, clock and disk; `journal` starts a journal on them, `close` ends all that were started."""

    def __init__(self, folder: Path) -> None:
        self.path, self.keys_path = folder / "log.db", folder / "keys.db"
        self.anchor = anchor_beside(self.keys_path)
        self.clock = FakeClock()
        self.disk = FailingDisk()
        self.sealing = Sealing(SIGNER.verifier.name, ring(1), ring(2), self.clock)
        create_log(self.path, SIGNER)
        create_keys(self.keys_path)
        self._started: list[Journal] = []

    def journal(self, *, limits: JournalLimits | None = None, space: SpaceLimits = NO_WATERMARKS, origin: Origin = ORIGIN) -> Journal:
        log = opened(self.path, self.clock, space, self.disk.name)
        keys = SqliteKeys(self.keys_path)
        journal = Journal(log, keys, sealing=self.sealing, origin=origin, clock=self.clock, limits=limits, anchor=Anchor(self.anchor))
        journal.start()
        self._started.append(journal)
        return journal

    def log_of(self, journal: Journal) -> SqliteLog:
        log = journal._writer._log
        assert isinstance(log, SqliteLog)
        return log

    async def close(self) -> None:
        self.disk.gate.set()
        self.disk.arm(None)
        for journal in self._started:
            try:
                await journal.close()
            except AuditUnavailable:
                continue
        self.disk.unregister()

    def id(self) -> bytes:
        return new_id(self.clock)

    def leaves(self) -> list[dict[str, Any]]:
        """What every entry says, in log order."""
        return [json.loads(entry.leaf) for entry in entries(self.path)]

    def said(self) -> list[tuple[str, str]]:
        """Kind and result, or reason, or nothing, of every entry."""
        return [(leaf["kind"], str(leaf["facts"].get("result") or leaf["facts"].get("reason") or "")) for leaf in self.leaves()]

    def verified(self) -> Report:
        return verified(self.path)


async def one_passage(world: World, journal: Journal, *claims: Claim, result: str = "found") -> Any:
    """A whole passage, and its receipt."""
    async with journal.passage(world.id(), FACTS, claims=claims) as passage:
        passage.conclude(result)
    return passage.receipt


async def until(condition: Callable[[], bool]) -> None:
    """Wait, without a limit of its own, for what another thread or task is about to do."""
    loop = asyncio.get_running_loop()
    changed = loop.create_future()

    def look() -> None:
        if condition():
            changed.set_result(None)
        else:
            loop.call_later(0.001, look)

    look()
    await changed
