"""After a change of sealing keys: wraps every data key anew under the current one, so that the older ones can be destroyed."""

from linkage.audit.journal import Journal
from linkage.audit.key_changes import KeyChange, KeyUse, say_once
from linkage.audit.keys_apart import KeysApart
from linkage.audit.sealing import SealBroken, Sealing
from linkage.errors import Problem, SettingsInvalid
from linkage.store.backend import KeyRow, KeyStore

AT_ONCE = 256


def expect_keks(sealing: Sealing, keys: KeyStore, ring: str) -> None:
    """Check that the ring holds every key that data keys are wrapped under. ``ring``: the ring's file, for the problem.

    Raises:
        SettingsInvalid: it lacks one; what that wraps could not be read, and would be taken for forgotten.
        StoreUnavailable: the data keys cannot be read now.
    """
    lacking = [kek for kek in keys.keks() if kek not in sealing.keks]
    if lacking:
        expected = "every key that data keys are wrapped under: put it back, and wait until the log says that it has ended"
        raise SettingsInvalid(tuple(Problem(ring, "log.key_encryption_keys", f"no key {kek!r}", expected) for kek in lacking))


def expect_epochs(sealing: Sealing, keys: KeyStore, ring: str) -> None:
    """Check that the ring holds every key that people are found by. ``ring``: the ring's file, for the problem.

    Raises:
        SettingsInvalid: it lacks one; a search would find a person in part, and nobody would notice.
        StoreUnavailable: the data keys cannot be read now.
    """
    lost = sorted({epoch.partition(".")[0] for epoch in sealing.lost_epochs(keys.epochs())})
    if lost:
        expected = "every key that people are found by: put it back, until nothing that was recorded under it is left"
        raise SettingsInvalid(tuple(Problem(ring, "log.pseudonym_keys", f"no key {key_id!r}", expected) for key_id in lost))


async def rewrap_some(keys: KeysApart, sealing: Sealing) -> tuple[int, int]:
    """Wrap at most 256 data keys anew; how many were, and how many could not be: they are not as they were written.

    Raises:
        AuditUnavailable: not now.
    """
    return await keys.ask(lambda store: _rewrap(store, sealing))


def _rewrap(store: KeyStore, sealing: Sealing) -> tuple[int, int]:
    found = store.not_under(sealing.kek, AT_ONCE)
    anew: list[KeyRow] = []
    for row in found:
        try:
            anew.append(sealing.rewrap(row))
        except SealBroken:
            continue
    if anew:
        store.rewrap(anew)
    return len(anew), len(found) - len(anew)


async def say_ended(journal: Journal, sealing: Sealing) -> None:
    """Say in the log that the ring's older keys wrap nothing any more: the operator may destroy them.

    Raises:
        Refusal, AuditUnavailable: as `say_once`.
    """
    for kek in sealing.keks[1:]:
        await say_once(journal, KeyChange(KeyUse.SEALING, kek, ended=True).entry)
