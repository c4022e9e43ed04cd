"""Opens a gateway's log: checks what the disk holds before anything is written, then begins to write, then closes what others left open."""

import structlog

from linkage.audit.boot import check_edge, recover_orphans
from linkage.audit.journal import Journal, JournalLimits
from linkage.audit.record import Origin
from linkage.audit.sealing import Sealing
from linkage.audit.witness_reading import WitnessReading
from linkage.audit.witnessing import Witnessing
from linkage.clock import Clock
from linkage.runtime.equipment import Equipment
from linkage.runtime.key_care import open_checked
from linkage.runtime.post import Post
from linkage.runtime.witnesses import BOOT_S, witnessing_of
from linkage.store.anchor import Anchor, check_anchor
from linkage.store.contract import SpaceLimits

_log = structlog.get_logger()


async def check_log(equipment: Equipment, clock: Clock, post: Post | None = None) -> Witnessing | WitnessReading:
    """Check that the log is sound, and at least as long as the anchor and the witnesses have seen it; gives the witnesses, for later.

    Without a ``post``, with the lock held, what the very first start needs is made first.

    Raises:
        LogCorrupt: it is not.
        AuditUnavailable: that cannot be told now.
    """
    storage, settings, verifier = equipment.storage, equipment.settings.log, equipment.keys.signer.verifier
    if post is None:
        storage.make_missing(equipment.keys.signer)
    with storage.open_reader() as reader:
        check_edge(reader, verifier)
        check_anchor(storage.anchor, reader, verifier)
    asks = post is None or post.keeps_house
    witnessing = witnessing_of(settings, equipment.couriers, storage, verifier, clock, equipment.metrics, asks=asks)
    try:
        await witnessing.check(within=BOOT_S)
    except BaseException:  # whatever it is: cleaned up after, and raised again
        await witnessing.aclose()
        raise
    return witnessing


def sealing_of(equipment: Equipment, clock: Clock) -> Sealing:
    """What seals entries under the gateway's key rings."""
    settings, keys = equipment.settings.log, equipment.keys
    return Sealing(settings.origin, keys.encryption, keys.pseudonyms, clock, keep_days=settings.retention_days)


def journal_of(equipment: Equipment, sealing: Sealing, origin: Origin, clock: Clock) -> Journal:
    """The journal, not started yet.

    Raises:
        AuditUnavailable: log or data keys cannot be used now, or not durably.
        SettingsInvalid: a ring lacks a key that is needed.
    """
    settings, storage = equipment.settings.log, equipment.storage
    data_keys = open_checked(storage.open_keys, sealing, equipment.settings)
    return Journal(
        storage.open_log(equipment.keys.signer, clock, origin, SpaceLimits(settings.refuse_intents_below, settings.refuse_all_below)),
        data_keys,
        sealing=sealing,
        origin=origin,
        clock=clock,
        limits=JournalLimits(settings.queue, settings.append_timeout),
        anchor=Anchor(storage.anchor),
    )


async def close_orphans(journal: Journal, clock: Clock, equipment: Equipment, post: Post | None = None) -> None:
    """Close the intents that ended processes of this gateway left open: all, or with a ``post`` those that it names.

    Raises:
        AuditUnavailable: not all could be closed.
    """
    if post is not None and not post.after:
        return
    only_of = equipment.settings.log.replica if equipment.storage.shared else None
    orphans = await recover_orphans(journal, clock, only_of=only_of, boots=None if post is None else post.after)
    if orphans:
        equipment.metrics.recovered.inc(orphans)
        _log.warning("intents of an ended process were closed: their outcome is unknown", count=orphans)
