"""Cosignatures (c2sp.org/tlog-cosignature, Ed25519, type 0x04): a witness's word that it saw a log grow to a checkpoint, and when.

Another kind of cosignature (ML-DSA-44, type 0x06) is a line of an unknown key here, and as such ignored.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from linkage.tlog.encoding import MAX_SIZE, to_base64
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.note import SIGNATURE_PREFIX, SKEY_PREFIX, checked_name, id_of_key, key_parts, split_note

COSIGNATURE_V1 = 0x04
"""Signature type byte of an Ed25519 cosignature with a time."""

_TIME = struct.Struct(">Q")
_SIGNATURE_SIZE = 64
_SEED_SIZE = 32


def _message(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """A witness's public key by its name; ``text`` is its vkey."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a vkey of type 0x04.

        Raises:
            NoteInvalid: of another form or type, or its id is not that of its name and key.
        """
        name, key_id, public = key_parts(vkey, "witness vkey", COSIGNATURE_V1)
        if key_id != id_of_key(name, public, COSIGNATURE_V1):
            raise NoteInvalid("witness vkey id", got="another key's", expected="the id of this name and key")
        return cls(name, key_id, public)

    @property
    def text(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([COSIGNATURE_V1]) + self.public)}"

    def time_of(self, text: str, signature: bytes) -> int | None:
        """When this key cosigned the checkpoint's text, Unix seconds; None where the bytes are no cosignature of its own."""
        if len(signature) != _TIME.size + _SIGNATURE_SIZE:
            return None
        (time_s,) = _TIME.unpack_from(signature)
        if time_s > MAX_SIZE:
            return None
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature[_TIME.size :], _message(text, time_s))
        except (InvalidSignature, ValueError):  # ValueError: 32 bytes that are no point of the curve
            return None
        return int(time_s)


class Cosigner:
    """A witness's private key. Its text has the type byte 0x04, so that no log's key is taken for a witness's."""

    __slots__ = ("_private", "key")

    def __init__(self, name: str, seed: bytes) -> None:
        """Take a key name and a 32-byte Ed25519 seed; `NoteInvalid` for anything else."""
        if len(seed) != _SEED_SIZE:
            raise NoteInvalid("seed", got=f"{len(seed)} bytes", expected="32 bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes_raw()
        self.key = CosignerKey(checked_name(name), id_of_key(name, public, COSIGNATURE_V1), public)

    @classmethod
    def parse(cls, skey: str) -> Self:
        """Read ``PRIVATE+KEY+<name>+<8 hex digits>+<base64(0x04 || seed)>``.

        Raises:
            NoteInvalid: another form, or its id is not that of its name and key. The message holds nothing of the key.
        """
        if not skey.startswith(SKEY_PREFIX):
            raise NoteInvalid("witness key", got="another form", expected="PRIVATE+KEY+ at its beginning")
        name, key_id, seed = key_parts(skey.removeprefix(SKEY_PREFIX), "witness key", COSIGNATURE_V1)
        cosigner = cls(name, seed)
        if cosigner.key.key_id != key_id:
            raise NoteInvalid("witness key id", got="another key's", expected="the id of this name and key")
        return cosigner

    @property
    def skey(self) -> str:
        """The private key as text: secret."""
        raw = bytes([COSIGNATURE_V1]) + self._private.private_bytes_raw()
        return f"{SKEY_PREFIX}{self.key.name}+{self.key.key_id.hex()}+{to_base64(raw)}"

    def __repr__(self) -> str:
        return f"Cosigner({self.key.name!r})"

    def cosign(self, text: str, time_s: int) -> str:
        """The signature line, with its newline, that is put below a checkpoint.

        Args:
            text: the checkpoint's text with its final newline, without any signature.
            time_s: Unix seconds.

        Raises:
            NoteInvalid: the signature just made does not hold (a fault of memory or library).
        """
        signature = _TIME.pack(time_s) + self._private.sign(_message(text, time_s))
        if self.key.time_of(text, signature) != time_s:
            raise NoteInvalid("own cosignature", got="one that does not hold", expected="one that holds")
        return f"{SIGNATURE_PREFIX}{self.key.name} {to_base64(self.key.key_id + signature)}\n"


def cosigned_by(note: bytes, known: Sequence[CosignerKey]) -> Mapping[CosignerKey, int]:
    """Which of the known witnesses cosigned a checkpoint, and when (Unix seconds; of several lines of one key, the latest).

    Lines of unknown keys are ignored, the log's own among them: whether the log signed is `open_checkpoint`'s question.

    Raises:
        NoteInvalid: malformed, or a known witness's cosignature does not hold.
    """
    text, signatures = split_note(note)
    by_identity = {(key.name, key.key_id): key for key in known}
    found: dict[CosignerKey, int] = {}
    for name, key_id, signature in signatures:
        key = by_identity.get((name, key_id))
        if key is None:
            continue
        time_s = key.time_of(text, signature)
        if time_s is None:
            raise NoteInvalid("cosignature of a known witness", got="one that does not hold", expected="one that holds")
        found[key] = max(time_s, found.get(key, 0))
    return found
