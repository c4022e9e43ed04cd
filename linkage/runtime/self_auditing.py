"""The self-audit of a gateway's log, as its settings ask for it."""

from collections.abc import Callable

from linkage.audit.self_audit import SelfAudit
from linkage.clock import Clock
from linkage.errors import LogCorrupt
from linkage.runtime.equipment import Equipment


def self_audit_of(equipment: Equipment, clock: Clock, corrupt: Callable[[LogCorrupt], None]) -> SelfAudit:
    """Put it together; ``corrupt`` is told, in the self-audit's own thread, what is wrong with the log."""
    log = equipment.settings.log
    return SelfAudit(
        equipment.storage.open_reader,
        equipment.keys.signer.verifier,
        corrupt=corrupt,
        metrics=equipment.metrics,
        clock=clock,
        every_s=log.self_audit_hours * 3600,
        rate=log.self_audit_rate,
    )
