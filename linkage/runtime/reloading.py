"""Register, catalogue and agreements that change while the gateway runs: recorded before they are in force, refused where they are wrong."""

from typing import Any

import structlog

from linkage.audit.journal import Journal
from linkage.audit.record import Entry, Kind
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, Problem, Refusal
from linkage.ids import new_id
from linkage.in_force import InForce
from linkage.runtime.equipment import Equipment
from linkage.runtime.files import WatchedFiles

_log = structlog.get_logger()

_SHOWN = 20
"""Problems of one version that are shown."""


def watched(equipment: Equipment, journal: Journal, clock: Clock) -> WatchedFiles:
    """The files in force, which change with those on the disk."""
    reloaded = equipment.metrics.reload_ok.labels("files")
    reloaded.set(1)

    async def record(files: InForce) -> bool:
        try:
            await journal.record(Entry(Kind.CONFIG, new_id(clock), {"digests": digests(files)}))
        except (AuditUnavailable, Refusal):
            reloaded.set(0)
            _log.error("a change of files could not be recorded; the old ones stay in force")
            return False
        reloaded.set(1)
        _log.info("register, catalogue and agreements reloaded")
        return True

    def mended() -> None:
        reloaded.set(1)
        _log.info("register, catalogue and agreements are again as they are in force")

    def not_changed(problems: tuple[Problem, ...]) -> None:
        reloaded.set(0)
        for problem in problems[:_SHOWN]:
            _log.error("changed files refused; the old ones stay in force", file=problem.file, key=problem.key, expected=problem.expected)

    return WatchedFiles(
        equipment.files, equipment.settings, equipment.record_kinds, record=record, on_problem=not_changed, on_mended=mended
    )


def digests(files: InForce) -> dict[str, Any]:
    """What the log says of the files in force, so that every decision can be traced to the text it was made by."""
    return {"register": files.register.digest, "catalogue": files.catalogue.digest, "agreements": files.book.digest}
