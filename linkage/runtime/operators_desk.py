"""The operator at the gateway's own machine: the log, opened to record what is done to its keys, beside a running gateway or without one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from linkage.audit.boot import new_origin
from linkage.audit.journal import Journal, JournalLimits
from linkage.audit.keys_apart import KeysApart
from linkage.clock import Clock, SystemClock
from linkage.runtime.storage import Storage
from linkage.settings import Settings
from linkage.store.contract import SpaceLimits
from linkage.tlog.log_keys import LogSigner


@dataclass(frozen=True, slots=True)
class OperatorsDesk:
    """What the operator works with."""

    journal: Journal
    keys: KeysApart
    clock: Clock


@asynccontextmanager
async def operators_desk(
    settings: Settings, storage: Storage, signer: LogSigner, clock: Clock | None = None
) -> AsyncIterator[OperatorsDesk]:
    """Open the log for appending, and the data keys.

    Args:
        settings: the gateway's.
        storage: where the log is.
        signer: the keys that sign what is recorded.
        clock: None for the machine's.

    Raises:
        AuditUnavailable: the log cannot be opened now.
    """
    clock = clock or SystemClock()
    origin = new_origin(settings.log.replica)
    space = SpaceLimits(settings.log.refuse_intents_below, settings.log.refuse_all_below)
    log = storage.open_log(signer, clock, origin, space)
    limits = JournalLimits(settings.log.queue, settings.log.append_timeout)
    journal = Journal(log, None, sealing=None, origin=origin, clock=clock, limits=limits)
    journal.start()
    keys = KeysApart(storage.open_keys)
    try:
        yield OperatorsDesk(journal, keys, clock)
    finally:
        await keys.close()
        await journal.close()
