"""Seals what is personal in an entry, so that the log can be shown to anybody and a person can be forgotten.

One data key (DEK) for each visit and subject. From it, by HKDF-SHA256 with a purpose each: the key that seals (AES-256-GCM), the
commitment that says which data key it was, the tag of the subject in one entry, the tag of the answer. The data key itself is
kept wrapped under a key-encryption key (KEK) beside a pseudonym that a search finds it by; neither stands in the log.

Pseudonyms change with the month in Thailand: an epoch is named ``<id of the ring's key>.<yyyy-mm>``, and its key is derived from the
ring's. Rows of before have the ring key's id alone, and its key.

In a leaf: ``{"commit": base64, "fields": {name: base64 of nonce, ciphertext and tag}, "key": hex id, "subject": base64}``.
"""

import hmac
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linkage.audit.record import JSON, VERSION, Kind
from linkage.clock import Clock, thai_day
from linkage.errors import LinkageError
from linkage.ids import chance
from linkage.keyring import KeyRing
from linkage.store.backend import KeyRow
from linkage.terms import CitizenNumber, DataKey
from linkage.tlog.encoding import from_base64, to_base64

SUBJECT: Final = "subject"
"""The sealed field that holds the number of the person, or juristic person, an entry is about."""

_NONCE: Final = 12
_DAY_MS: Final = 86_400_000
_COMMITMENT: Final = b"linkage-commit-v1"


class SealBroken(LinkageError):
    """What is sealed does not open: another key, a moved or changed ciphertext, or a key that is forgotten. Never says what."""


class KekGone(SealBroken):
    """The key that wraps the data key is not in the ring: whoever destroyed it forgot all that it wrapped."""


@dataclass(frozen=True, slots=True)
class FreshKey(DataKey):
    """A data key that the key store does not hold yet: ``row`` is written before the entry that first uses the key."""

    row: KeyRow = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class _Derived:
    seal: AESGCM
    commit: str
    subject: HMAC
    answer: HMAC


def _hkdf(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, None, purpose.encode()).derive(key)


@lru_cache(maxsize=256)  # a visit's key seals several entries; the cache holds nothing that its tokens would not give
def _derived(key: bytes) -> _Derived:
    commit = to_base64(hmac.digest(_hkdf(key, "commit"), _COMMITMENT, "sha256"))
    return _Derived(AESGCM(_hkdf(key, "seal")), commit, HMAC(_hkdf(key, "subject"), SHA256()), HMAC(_hkdf(key, "answer"), SHA256()))


def _tag(keyed: HMAC, content: bytes) -> str:
    """Base64 of an HMAC under a key set up once."""
    copy = keyed.copy()
    copy.update(content)
    return to_base64(copy.finalize())


def answer_tag(key: DataKey, answer: bytes) -> str:
    """Base64 of the HMAC of an answer under the data key: whoever holds both can show later what was released."""
    return _tag(_derived(key.key).answer, answer)


class Sealing:
    """Makes data keys, and seals and opens entries of one log."""

    def __init__(self, origin: str, keks: KeyRing, pseudonyms: KeyRing, clock: Clock, *, keep_days: int | None = None) -> None:
        """Take the log's origin, the key-encryption keys and the pseudonym keys (in both the first is current).

        ``keep_days``: after how many days a new key is to be forgotten, where no agreement says otherwise; None: never by itself.
        """
        self._origin = origin
        self._keks = keks
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._keep_days = keep_days

    @property
    def kek(self) -> str:
        """The id of the key that wraps new data keys."""
        return self._keks.current.id

    @property
    def keks(self) -> tuple[str, ...]:
        """The ids of all keys that unwrap, current first."""
        return tuple(key.id for key in self._keks.keys)

    @property
    def epoch(self) -> str:
        """The epoch of the pseudonyms that are made now; another from the next midnight in Thailand that begins a month."""
        return f"{self._pseudonyms.current.id}.{thai_day(self._clock.now_ms()):%Y-%m}"

    def new_key(self, number: CitizenNumber | None, retentions: Iterable[int | None] = ()) -> FreshKey:
        """A fresh data key for a person.

        Args:
            number: None for one who is not known yet (`bind`).
            retentions: for how many days what is sealed shall be readable, by everybody who has a say; the longest counts. None, or
                nobody: what this object was given.
        """
        key = DataKey(os.urandom(16), os.urandom(32))
        now = self._clock.now_ms()
        row = KeyRow(key.id, b"", "", *self._pseudonym_and_epoch(number), now, self._expiry(now, retentions))
        return FreshKey(key.id, key.key, self._wrapped(key, row))

    def bind(self, key: FreshKey, number: CitizenNumber) -> FreshKey:
        """The same key, now that the person is known: a search will find it."""
        pseudonym, epoch = self._pseudonym_and_epoch(number)
        return FreshKey(key.id, key.key, replace(key.row, pseudonym=pseudonym, epoch=epoch))

    def unwrap(self, row: KeyRow) -> DataKey:
        """The data key of a row.

        Raises:
            KekGone: the KEK is not in the ring any more.
            SealBroken: the row is not as it was written.
        """
        kek = self._keks.get(row.kek)
        if kek is None:
            raise KekGone("data key: wrapped under a key that the ring does not hold")
        try:
            key = AESGCM(kek.key).decrypt(row.wrapped[:_NONCE], row.wrapped[_NONCE:], _wrap_context(row.id, row.kek))
        except (InvalidTag, ValueError):
            raise SealBroken("data key: does not unwrap") from None
        return DataKey(row.id, key)

    def rewrap(self, row: KeyRow) -> KeyRow:
        """The same row, its data key wrapped under the current KEK; raises as `unwrap`."""
        return self._wrapped(self.unwrap(row), row)

    def pseudonyms(self, number: CitizenNumber, epochs: Iterable[str]) -> tuple[bytes, ...]:
        """What a search looks for: the person's pseudonym of now, then those of each of these epochs (`KeyStore.epochs`).

        An epoch of a key that is not in the ring is passed over: nobody can be found by it any more (`lost_epochs`).
        """
        keys = (self._epoch_key(epoch) for epoch in dict.fromkeys((self.epoch, *epochs)))
        return tuple(_pseudonym(key, number) for key in keys if key is not None)

    def lost_epochs(self, epochs: Iterable[str]) -> tuple[str, ...]:
        """Those of these epochs whose key is not in the ring."""
        return tuple(epoch for epoch in epochs if self._epoch_key(epoch) is None)

    def seal(self, key: DataKey, kind: Kind, eid: bytes, fields: Mapping[str, str]) -> dict[str, JSON]:
        """Seal fields for one entry; a number among them (`SUBJECT`) also gives the entry its tag."""
        derived = _derived(key.key)
        sealed: dict[str, JSON] = {}
        for name, text in fields.items():
            nonce = chance()[:_NONCE]
            context = _context(self._origin, kind, eid, name)
            sealed[name] = to_base64(nonce + derived.seal.encrypt(nonce, text.encode("utf-8", "surrogatepass"), context))
        members: dict[str, JSON] = {"commit": derived.commit, "fields": sealed, "key": key.id.hex()}
        if SUBJECT in fields:
            members["subject"] = _subject_tag(derived, eid, fields[SUBJECT])
        return members

    def open(self, key: DataKey, kind: Kind, eid: bytes, sealed: Mapping[str, JSON]) -> dict[str, str]:
        """Open the sealed fields of an entry, given its kind and id as they stand in the leaf.

        The commitment is checked first: AES-GCM alone would let somebody with two keys show two texts for one ciphertext.

        Raises:
            SealBroken: the key is another, or what is sealed was moved or changed.
        """
        derived = _derived(key.key)
        commit, fields = sealed.get("commit"), sealed.get("fields")
        if not (isinstance(commit, str) and commit.isascii() and hmac.compare_digest(commit, derived.commit)):
            raise SealBroken("sealed fields: committed to another key")
        if not isinstance(fields, Mapping):
            raise SealBroken("sealed fields: not a group")
        opened: dict[str, str] = {}
        for name, text in fields.items():
            raw = _bytes(text)
            try:
                clear = derived.seal.decrypt(raw[:_NONCE], raw[_NONCE:], _context(self._origin, kind, eid, name))
            except (InvalidTag, ValueError):
                raise SealBroken("sealed field: does not open") from None
            opened[name] = clear.decode("utf-8", "surrogatepass")
        return opened

    def is_about(self, key: DataKey, eid: bytes, sealed: Mapping[str, JSON], number: str) -> bool:
        """Whether the entry's tag is this subject's, without opening anything else."""
        tag = sealed.get("subject")
        return isinstance(tag, str) and tag.isascii() and hmac.compare_digest(tag, _subject_tag(_derived(key.key), eid, number))

    def _expiry(self, now: int, retentions: Iterable[int | None]) -> int | None:
        asked = [self._keep_days if each is None else each for each in retentions] or [self._keep_days]
        longest = max(float("inf") if days is None else days for days in asked)
        return None if longest == float("inf") else now + int(longest) * _DAY_MS

    def _wrapped(self, key: DataKey, row: KeyRow) -> KeyRow:
        kek, nonce = self._keks.current, os.urandom(_NONCE)
        wrapped = nonce + AESGCM(kek.key).encrypt(nonce, key.key, _wrap_context(key.id, kek.id))
        return replace(row, wrapped=wrapped, kek=kek.id)

    def _pseudonym_and_epoch(self, number: CitizenNumber | None) -> tuple[bytes | None, str | None]:
        if number is None:
            return None, None
        epoch = self.epoch
        return _pseudonym(_month_key(self._pseudonyms.current.key, epoch.partition(".")[2]), number), epoch

    def _epoch_key(self, epoch: str) -> bytes | None:
        ring_id, _, month = epoch.partition(".")
        key = self._pseudonyms.get(ring_id)
        if key is None:
            return None
        return _month_key(key.key, month) if month else key.key


def _subject_tag(derived: _Derived, eid: bytes, number: str) -> str:
    return _tag(derived.subject, eid + number.encode())


def _month_key(key: bytes, month: str) -> bytes:
    return hmac.digest(key, b"linkage-pseudonym-month-v1\x00" + month.encode(), "sha256")


def _pseudonym(key: bytes, number: CitizenNumber) -> bytes:
    return hmac.digest(key, b"linkage-pseudonym-v1\x00" + number.reveal().encode(), "sha256")


def _framed(*parts: bytes) -> bytes:
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def _context(origin: str, kind: Kind, eid: bytes, name: str) -> bytes:
    return _of_kind(origin, kind) + _framed(eid, name.encode())


@lru_cache(maxsize=64)
def _of_kind(origin: str, kind: Kind) -> bytes:
    return _framed(origin.encode(), str(VERSION).encode(), kind.value.encode())


def _wrap_context(key_id: bytes, kek: str) -> bytes:
    return _framed(b"linkage-data-key-v1", key_id, kek.encode())


def _bytes(value: object) -> bytes:
    return (from_base64(value) if isinstance(value, str) else None) or b""
