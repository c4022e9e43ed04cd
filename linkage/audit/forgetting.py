"""Forgets one person, on a lawful ground: says so in the log first, then destroys the person's data keys over all epochs.

The entry says how many keys, made before when, and on which ground; never whose, nor which: the ids of one person's keys together would
tell everybody which entries are about one person. Entries, proofs and checkpoints stay as they are; what was sealed is unreadable.
Cut off between entry and destruction, it is asked for once more.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from linkage.audit.journal import Journal
from linkage.audit.keys_apart import KeysApart
from linkage.audit.receipt import Receipt
from linkage.audit.record import JSON, Entry, Kind
from linkage.audit.sealing import Sealing
from linkage.clock import Clock
from linkage.errors import LinkageError
from linkage.ids import new_id
from linkage.store.backend import KeyRow, KeyStore
from linkage.store.contract import StoreUnavailable
from linkage.terms import CitizenNumber

AT_ONCE = 256
BY_REQUEST = "request"
_TRIES = 5
_PAUSE_S = 0.2


class Ground(StrEnum):
    """Why a person may, or must, be forgotten."""

    PDPA_33 = "pdpa-33"
    """The person asked for it: Personal Data Protection Act B.E. 2562, section 33."""
    COURT = "court"
    """A court ordered it."""
    REGULATOR = "regulator"
    """The Personal Data Protection Committee, or its expert committee, ordered it."""
    UNLAWFUL = "unlawful"
    """The accesses should never have been: nothing let them be recorded."""


class EpochsLost(LinkageError):
    """The ring lacks pseudonym keys: somebody could be forgotten in part, and nobody would notice. Names the epochs."""

    def __init__(self, epochs: tuple[str, ...]) -> None:
        super().__init__(f"pseudonym keys: none for {', '.join(epochs[:8])}")
        self.epochs = epochs


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done. ``receipt``: of the entry that says so, None where there was nothing to forget.

    ``left``: keys in the span that were left, because the visits they were made for may still be open.
    """

    count: int
    left: int
    receipt: Receipt | None


class Forgetting:
    """Forgets people, through the journal of this process and a key store of its own."""

    def __init__(self, journal: Journal, keys: KeysApart, sealing: Sealing, clock: Clock, *, open_ms: int) -> None:
        """``open_ms``: how long after its data key was made a visit may be open, milliseconds.

        That is the longest request that opens one, and the visit itself: its token holds the data key, and is still good after the key
        is destroyed.
        """
        self._journal = journal
        self._keys = keys
        self._sealing = sealing
        self._clock = clock
        self._open_ms = open_ms

    async def forget(self, number: CitizenNumber, before_ms: int, ground: Ground) -> Forgotten:
        """Forget what was recorded about a person under keys made before a moment. It can never be undone.

        Args:
            number: the person.
            before_ms: Unix time in ms.
            ground: what the entry gives as the reason.

        Raises:
            EpochsLost: the person cannot be looked for everywhere; nothing was done.
            Refusal, AuditUnavailable: not all was done. Ask once more: what is gone stays gone.
        """
        found = await self._keys.ask(lambda store: _of(store, self._sealing, number, before_ms))
        closed_before = self._clock.now_ms() - self._open_ms
        rows = [row for row in found if row.made_ms < closed_before]
        if not rows:
            return Forgotten(0, len(found), None)
        receipt = await self._journal.record(self._shred(rows, before_ms, ground))
        for first in range(0, len(rows), AT_ONCE):
            await self._destroy(tuple(row.id for row in rows[first : first + AT_ONCE]))
        return Forgotten(len(rows), len(found) - len(rows), receipt)

    async def _destroy(self, ids: tuple[bytes, ...]) -> None:
        for tried in range(1, _TRIES + 1):
            try:
                await self._keys.ask(lambda store: store.forget(ids))
            except StoreUnavailable:  # also where the rows are gone, and what they stood in could not be overwritten yet
                if tried == _TRIES:
                    raise
                await asyncio.sleep(_PAUSE_S)
            else:
                return

    def _shred(self, rows: list[KeyRow], before_ms: int, ground: Ground) -> Entry:
        facts: dict[str, JSON] = {"why": BY_REQUEST, "ground": ground.value, "count": len(rows), "before_ms": before_ms}
        return Entry(Kind.SHRED, new_id(self._clock), facts)


def _of(store: KeyStore, sealing: Sealing, number: CitizenNumber, before_ms: int) -> list[KeyRow]:
    epochs = store.epochs()
    if lost := sealing.lost_epochs(epochs):
        raise EpochsLost(lost)
    rows = (row for pseudonym in sealing.pseudonyms(number, epochs) for row in store.of_pseudonym(pseudonym))
    return [row for row in rows if row.made_ms < before_ms]
