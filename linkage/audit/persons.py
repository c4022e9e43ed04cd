"""Tells persons apart without saying who they are: for rules that ask whether two entries are about the same one.

Within an epoch a person is the pseudonym that the key store keeps beside each data key. Over epochs the same person has several: one
entry of each is opened, in memory, and what stands for the person afterwards is a hash under a key of this object's own, which means
nothing anywhere else and is kept by nobody. Where nothing can be opened, a person is told apart within the epoch alone.
"""

import hashlib
import os
from sys import intern
from typing import NewType

from linkage.audit.access import Access
from linkage.audit.record import Kind
from linkage.audit.sealing import SUBJECT, SealBroken, Sealing
from linkage.store.backend import KeyRow, KeyStore

Person = NewType("Person", bytes)
"""Stands for a person as long as its `Persons` lives. Two of the same person are equal, unless nothing could be opened."""

_REMEMBERED = 65_536
"""Data keys whose person is remembered: those of some thousand visits at once."""


class Persons:
    """Finds out whom accesses are about. For one thread."""

    def __init__(self, keys: KeyStore, sealing: Sealing | None) -> None:
        """Take the data keys, and what opens entries; None: persons are told apart within an epoch alone."""
        self._keys = keys
        self._sealing = sealing
        self._salt = os.urandom(32)
        self._of_key: dict[bytes, Person | None] = {}
        self._of_pseudonym: dict[tuple[str, bytes], Person] = {}

    def of(self, access: Access) -> Person | None:
        """The person that an access is about; of one about a juristic person, the visit's person. None: not known, or forgotten.

        Raises:
            StoreUnavailable: the data keys cannot be read now.
        """
        key_id = access.key_id
        if key_id is None:
            return None
        if key_id not in self._of_key:
            if len(self._of_key) >= _REMEMBERED:
                self._of_key.clear()
            person, settled = self._found(key_id, access)
            if not settled:
                return person
            self._of_key[key_id] = person
        return self._of_key[key_id]

    def _found(self, key_id: bytes, access: Access) -> tuple[Person | None, bool]:
        """The person, and whether a later entry under the same key can say no more."""
        row = self._keys.get(key_id)
        if row is None or row.pseudonym is None or row.epoch is None:
            return None, True
        name = (intern(row.epoch), row.pseudonym)
        if name not in self._of_pseudonym:
            number = None if access.facts.get("subject") == "juristic" else self._number(row, access)
            if number is None:
                return self._hashed(b"pseudonym", row.epoch.encode() + b"\x00" + row.pseudonym), False
            self._of_pseudonym[name] = self._hashed(b"number", number.encode())
        return self._of_pseudonym[name], True

    def _number(self, row: KeyRow, access: Access) -> str | None:
        if self._sealing is None:
            return None
        try:
            key = self._sealing.unwrap(row)
            opened = (self._sealing.open(key, Kind(one.kind), one.eid, one.members) for one in access.sealed if one.key_id == row.id)
            return next((fields[SUBJECT] for fields in opened if SUBJECT in fields), None)
        except (SealBroken, ValueError):
            return None

    def _hashed(self, what: bytes, content: bytes) -> Person:
        return Person(hashlib.blake2b(content, key=self._salt, person=what, digest_size=16).digest())
