"""Where the search index is, and what a search of this gateway's log opens."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from linkage.audit.sealing import Sealing
from linkage.audit.search_room import SearchRoom
from linkage.errors import LogCorrupt
from linkage.inspection import Inspection
from linkage.keyring import load_keyring
from linkage.runtime.auditors_desk import AuditorsDesk
from linkage.runtime.storage import Storage
from linkage.settings import Log
from linkage.telemetry import Metrics
from linkage.visits.token import Sealer

_log = structlog.get_logger()


def search_index_of(log: Log, storage: Storage) -> Path:
    """The index's file: as the settings say, or beside the log's file, or beside the anchor where the log has none."""
    if log.search_index is not None:
        return log.search_index
    beside = log.path or storage.anchor
    return beside.with_name(f"{beside.name}.index")


def search_room_of(log: Log, storage: Storage, sealing: Sealing, on_corrupt: Callable[[LogCorrupt], None] = lambda _: None) -> SearchRoom:
    """The search of a log; ``on_corrupt`` as in `SearchRoom`."""
    return SearchRoom(storage.open_reader, storage.open_keys, search_index_of(log, storage), sealing, on_corrupt)


@asynccontextmanager
async def inspection_at(desk: AuditorsDesk, told: Callable[[int], None], *, rebuild: bool = False) -> AsyncIterator[Inspection]:
    """The corridor of readings for an auditor at the gateway's own machine, once the index is up with the log.

    ``told`` is told how many entries are left to be read into the index; ``rebuild``: it is made anew from the log first.

    Raises:
        SettingsInvalid: the ring that seals page tokens cannot be read.
        Refusal: SEARCH_UNAVAILABLE.
        AuditUnavailable, LogCorrupt: the log cannot be read.
    """
    sealer = Sealer(load_keyring(desk.settings.tokens.keys))
    search = search_room_of(desk.settings.log, desk.storage, desk.sealing)
    try:
        await search.come_up(told, anew=rebuild)
        yield Inspection(lambda: desk.files, search, desk.room, sealer)
    finally:
        await search.close()


def watching(metrics: Metrics) -> Callable[[int | None], None]:
    """Shows the operator how the index is, and says once when it cannot be used, and once when it can again."""
    usable = True

    def told(missing: int | None) -> None:
        nonlocal usable
        metrics.search_behind.set(-1 if missing is None else missing)
        if usable is not (missing is not None):
            usable = missing is not None
            if usable:
                _log.info("the search index can be used again")
            else:
                _log.warning("the search index cannot be used: is its disk full, or its folder gone?")

    return told
