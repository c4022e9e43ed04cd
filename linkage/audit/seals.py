"""What is sealed, for those who read: whether it could still be opened, and whom an entry is about. Nothing is opened for anybody here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import cast

from linkage.audit.access import Access, Sealed
from linkage.audit.record import JSON, Kind
from linkage.audit.sealing import KekGone, SealBroken, Sealing
from linkage.errors import Reason, Refusal
from linkage.store.backend import KeyRow, KeyStore
from linkage.terms import CitizenNumber


class SealState(StrEnum):
    """What can be done with what an entry keeps sealed."""

    NOTHING = auto()
    """Nothing is sealed in it."""
    READABLE = auto()
    FORGOTTEN = auto()
    """Its data key was destroyed, or the key that wrapped it: nobody can read it ever again."""
    BROKEN = auto()
    """The key is there, and what is sealed does not open under it, or the key itself not under the gateway's."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a search is about, and the person's data keys that still are, by id."""

    number: CitizenNumber
    rows: Mapping[bytes, KeyRow] = field(repr=False)


class Seals:
    """Looks at seals, through a key store of its own. For one thread; raises `StoreUnavailable` where the keys cannot be read."""

    def __init__(self, sealing: Sealing, keys: KeyStore) -> None:
        """Take what opens, and where the data keys are."""
        self._sealing = sealing
        self._keys = keys

    def person(self, number: CitizenNumber) -> Person:
        """The data keys of a person, over all epochs of pseudonyms that are in the key store.

        Raises:
            Refusal: SEARCH_UNAVAILABLE; the ring lacks the key of an epoch, and what is found would not be all.
        """
        epochs = self._keys.epochs()
        if self._sealing.lost_epochs(epochs):
            raise Refusal(Reason.SEARCH_UNAVAILABLE, retry_after=60.0, detail="the pseudonym key of an epoch is missing from its ring")
        rows = (row for pseudonym in self._sealing.pseudonyms(number, epochs) for row in self._keys.of_pseudonym(pseudonym))
        return Person(number, {row.id: row for row in rows})

    def is_about(self, access: Access, person: Person, opened: Callable[[str], Access | None]) -> bool:
        """Whether an entry is about a person: by its tag, or, where it has none, because its visit was opened for the person.

        ``opened`` gives the verification that opened a visit, by the visit's id as the entry names it.
        """
        tagged = [one for one in access.sealed if "subject" in one.members]
        if not tagged:
            verification = opened(access.text("visit"))
            tagged = [] if verification is None else [one for one in verification.sealed if "subject" in one.members]
        return any(self._tag_is(one, person) for one in tagged)

    def state(self, access: Access) -> SealState:
        """What can be done with what an entry keeps sealed: the worst of what is true of its parts."""
        states = {self._state(one) for one in access.sealed}
        for state in (SealState.BROKEN, SealState.FORGOTTEN, SealState.READABLE):
            if state in states:
                return state
        return SealState.NOTHING

    def close(self) -> None:
        """Close the key store."""
        self._keys.close()

    def _tag_is(self, sealed: Sealed, person: Person) -> bool:
        row = person.rows.get(sealed.key_id or b"")
        if row is None:
            return False
        try:
            return self._sealing.is_about(self._sealing.unwrap(row), sealed.eid, _members(sealed), person.number.reveal())
        except SealBroken:
            return False

    def _state(self, sealed: Sealed) -> SealState:
        row = None if sealed.key_id is None else self._keys.get(sealed.key_id)
        if row is None:
            return SealState.BROKEN if sealed.key_id is None else SealState.FORGOTTEN
        try:
            self._sealing.open(self._sealing.unwrap(row), Kind(sealed.kind), sealed.eid, _members(sealed))
        except KekGone:
            return SealState.FORGOTTEN
        except (SealBroken, ValueError):
            return SealState.BROKEN
        return SealState.READABLE


def _members(sealed: Sealed) -> Mapping[str, JSON]:
    return cast("Mapping[str, JSON]", sealed.members)
