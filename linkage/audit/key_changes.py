"""Says in the log when a key of the log's own begins or ends to be used: the log key, the sealing keys, the pseudonyms' epochs.

An entry's id follows from what it says, so that each is said once, however many gateways and starts would say it.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from hashlib import sha256

from linkage.audit.journal import IntentClosed, Journal
from linkage.audit.record import JSON, Entry, Kind
from linkage.audit.sealing import Sealing
from linkage.tlog.log_keys import LogKey, LogVerifier


class KeyUse(StrEnum):
    """What a key is for."""

    LOG = auto()
    """It signs checkpoints."""
    SEALING = auto()
    """It wraps data keys."""
    PSEUDONYM = auto()
    """People are found by it: one for each month."""


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key, by its id, begins to be used, or ends. ``facts``: what else is said, the same from whoever says it."""

    use: KeyUse
    key_id: str
    ended: bool = False
    facts: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def eid(self) -> bytes:
        """The id of the entry that says so."""
        return fixed_eid("key", self.use.value, self.key_id, str(self.ended))

    @property
    def entry(self) -> Entry:
        """The entry that says so."""
        facts: dict[str, JSON] = {"key_use": self.use.value, "key_id": self.key_id, "key_state": "ended" if self.ended else "begun"}
        return Entry(Kind.KEY, self.eid, facts | dict(self.facts))


def fixed_eid(*says: str) -> bytes:
    """An entry's id that follows from what it says: a UUIDv8 (RFC 9562 5.8), 16 bytes."""
    digest = sha256("\x00".join(("linkage-entry-v1", *says)).encode()).digest()
    return digest[:6] + bytes([0x80 | digest[6] & 0x0F, digest[7], 0x80 | digest[8] & 0x3F]) + digest[9:16]


def log_key_begun(key: LogKey) -> KeyChange:
    """A log key begins to sign: its vkey, and the smallest size that it may sign."""
    return KeyChange(KeyUse.LOG, key.key.key_id.hex(), facts={"vkey": key.key.text, "first_size": key.first_size})


def log_key_ended(key: LogKey) -> KeyChange:
    """A log key has ended: the largest size that it vouches for."""
    return KeyChange(KeyUse.LOG, key.key.key_id.hex(), ended=True, facts={"vkey": key.key.text, "last_size": key.last_size or 0})


def epoch_begun(sealing: Sealing) -> KeyChange:
    """This month's pseudonyms begin."""
    return KeyChange(KeyUse.PSEUDONYM, sealing.epoch)


def in_use(verifier: LogVerifier, sealing: Sealing) -> tuple[KeyChange, ...]:
    """What the log must have said of the keys that a gateway starts with, in the order in which it came to be."""
    of_log: list[KeyChange] = []
    for key in reversed(verifier.keys):
        of_log += [log_key_begun(key)] if key.last_size is None else [log_key_begun(key), log_key_ended(key)]
    return (*of_log, KeyChange(KeyUse.SEALING, sealing.kek), epoch_begun(sealing))


async def say_once(journal: Journal, entry: Entry) -> None:
    """Record an entry with a fixed id, unless it was recorded before, by whomever.

    Raises:
        Refusal: OVERLOADED.
        AuditUnavailable: it is not known to be durable.
    """
    with contextlib.suppress(IntentClosed):  # the id is used: it was said
        await journal.record(entry)
