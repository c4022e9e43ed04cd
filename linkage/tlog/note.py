"""Signed notes (c2sp.org/signed-note) with Ed25519 keys: a text, a blank line, signature lines.

One reading for every note: where other readers are known to differ (duplicate lines, loose base64, line ends), what is
not exactly the specified form is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from linkage.tlog.encoding import from_base64, to_base64
from linkage.tlog.errors import NoteInvalid

ED25519 = 0x01
"""Signature type byte of a plain Ed25519 signature over the text."""

MAX_NOTE = 1_000_000
"""Bytes. Larger notes are refused unread."""
MAX_SIGNATURES = 100

SIGNATURE_PREFIX = "— "  # U+2014, one space
_KEY_SIZE = 32
_ID_SIZE = 4
_MOST_NAMED = 4
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")  # all but newline
SKEY_PREFIX = "PRIVATE+KEY+"


def id_of_key(name: str, public: bytes, kind: int = ED25519) -> bytes:
    """The four bytes by which signature lines name a key of this kind (its signature type byte)."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_ID_SIZE]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < 0x20 for c in name)


def checked_name(name: str) -> str:
    """The name, if it can be a key's; `NoteInvalid` else."""
    if not _is_name(name):
        raise NoteInvalid("key name", got="a forbidden form", expected="no spaces, no plus sign, not empty")
    return name


def key_parts(text: str, what: str, kind: int = ED25519) -> tuple[str, bytes, bytes]:
    """Name, id and 32 key bytes of ``<name>+<hex8>+<base64(type || key)>``; `NoteInvalid` for any other form or kind of key."""
    parts = text.split("+", 2)  # base64 may hold a plus sign
    if len(parts) != 3:
        raise NoteInvalid(what, got=f"{len(parts)} parts", expected="name+id+key")
    name, hex_id, encoded = parts
    if len(hex_id) != 8 or any(c not in "0123456789abcdef" for c in hex_id):
        raise NoteInvalid(f"{what} id", got="another form", expected="8 lower-case hexadecimal digits")
    raw = from_base64(encoded)
    if raw is None or len(raw) != 1 + _KEY_SIZE or raw[0] != kind:
        raise NoteInvalid(f"{what} material", got="another form", expected=f"base64 of 0x{kind:02x} and 32 bytes")
    return checked_name(name), bytes.fromhex(hex_id), raw[1:]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by its name; ``text`` is its vkey, ``<name>+<8 hex digits>+<base64>``."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a vkey.

        Raises:
            NoteInvalid: not an Ed25519 vkey, or its id is not that of its name and key.
        """
        name, key_id, public = key_parts(vkey, "vkey")
        if key_id != id_of_key(name, public):
            raise NoteInvalid("vkey id", got="another key's", expected="the id of this name and key")
        return cls(name, key_id, public)

    @property
    def text(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([ED25519]) + self.public)}"

    def holds(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the 64-byte signature of the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):  # ValueError: 32 bytes that are no point of the curve
            return False
        return True


class Signer:
    """A private key by its name. Checks every signature of its own before it gives it away."""

    __slots__ = ("_private", "_public", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        """Take a key name and a 32-byte Ed25519 seed; `NoteInvalid` for anything else."""
        if len(seed) != _KEY_SIZE:
            raise NoteInvalid("seed", got=f"{len(seed)} bytes", expected="32 bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._private.public_key()
        public = self._public.public_bytes_raw()
        self.verifier = VerifierKey(checked_name(name), id_of_key(name, public), public)

    @classmethod
    def parse(cls, skey: str) -> Self:
        """Read ``PRIVATE+KEY+<name>+<8 hex digits>+<base64(0x01 || seed)>``.

        Raises:
            NoteInvalid: another form, or its id is not that of its name and key. The message holds nothing of the key.
        """
        if not skey.startswith(SKEY_PREFIX):
            raise NoteInvalid("private key", got="another form", expected="PRIVATE+KEY+ at its beginning")
        name, key_id, seed = key_parts(skey.removeprefix(SKEY_PREFIX), "private key")
        signer = cls(name, seed)
        if signer.verifier.key_id != key_id:
            raise NoteInvalid("private key id", got="another key's", expected="the id of this name and key")
        return signer

    @property
    def skey(self) -> str:
        """The private key as text: secret."""
        seed = self._private.private_bytes_raw()
        return f"{SKEY_PREFIX}{self.verifier.name}+{self.verifier.key_id.hex()}+{to_base64(bytes([ED25519]) + seed)}"

    def __repr__(self) -> str:
        return f"Signer({self.verifier.name!r})"

    def sign(self, text: str) -> str:
        """The note of ``text``, which ends in a newline, with one signature.

        Raises:
            NoteInvalid: the text cannot be a note's, or the signature just made does not hold (a fault of memory or library).
        """
        if not text.endswith("\n") or _CONTROL.search(text):
            raise NoteInvalid("note text", got="another form", expected="a final newline and no other control character")
        message = text.encode()
        signature = self._private.sign(message)
        try:
            self._public.verify(signature, message)
        except InvalidSignature as fault:
            raise NoteInvalid("own signature", got="one that does not hold", expected="one that holds") from fault
        return f"{text}\n{SIGNATURE_PREFIX}{self.verifier.name} {to_base64(self.verifier.key_id + signature)}\n"


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note's text, with the known keys that signed it."""

    text: str
    signed_by: tuple[VerifierKey, ...]


def _decoded(note: bytes) -> str:
    if len(note) > MAX_NOTE:
        raise NoteInvalid("note", got=f"{len(note)} bytes", expected=f"at most {MAX_NOTE}")
    try:
        text = note.decode("utf-8")
    except UnicodeDecodeError as cause:
        raise NoteInvalid("note", got=f"a stray byte at {cause.start}", expected="UTF-8") from None
    if _CONTROL.search(text):
        raise NoteInvalid("note", got="a control character", expected="none but newline")
    return text


def _signature(line: str, number: int) -> tuple[str, bytes, bytes]:
    """Name, key id and signature of one line."""
    parts = line.removeprefix(SIGNATURE_PREFIX).split(" ")
    if not line.startswith(SIGNATURE_PREFIX) or len(parts) != 2 or not _is_name(parts[0]):
        raise NoteInvalid(f"signature line {number}", got="another form", expected="em dash, name, base64, one space between")
    blob = from_base64(parts[1])
    if blob is None or len(blob) <= _ID_SIZE:
        raise NoteInvalid(f"signature line {number}", got="loose or short base64", expected="base64 of 5 bytes or more")
    return parts[0], blob[:_ID_SIZE], blob[_ID_SIZE:]


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A note's text (with its final newline) and its signatures as (name, key id, signature), none of them verified.

    Raises:
        NoteInvalid: not in the form of a signed note.
    """
    whole = _decoded(note)
    cut = whole.rfind("\n\n")
    if cut < 0:
        raise NoteInvalid("note", got="no blank line", expected="text, blank line, signatures")
    text, block = whole[: cut + 1], whole[cut + 2 :]
    if not block.endswith("\n"):
        raise NoteInvalid("signatures", got="none, or no final newline", expected="one or more whole lines")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteInvalid("signatures", got=f"{len(lines)}", expected=f"at most {MAX_SIGNATURES}")
    return text, [_signature(line, number) for number, line in enumerate(lines, 1)]


def _unknown(known: Sequence[VerifierKey], signatures: Sequence[tuple[str, bytes, bytes]]) -> NoteInvalid:
    """Nobody known signed. Other keys of the same name may be the log's own, of which the reader was not told: their ids are named."""
    names = {key.name for key in known}
    others = list(dict.fromkeys(key_id.hex() for name, key_id, _ in signatures if name in names))[:_MOST_NAMED]
    if not others:
        return NoteInvalid("signatures", got="none of a known key", expected="at least one")
    got = f"none of a known key, but of {', '.join(others)} with the same name"
    return NoteInvalid("signatures", got=got, expected="at least one; if the log's key was changed, ask for its log.vkeys")


def open_note(note: bytes, known: Sequence[VerifierKey]) -> OpenedNote:
    """Verify every signature of a known key and give the text.

    Signatures of unknown (name, key id) pairs are ignored, as the specification demands. A second line of the same key must hold as
    well and counts once.

    Raises:
        NoteInvalid: malformed, a known key's signature does not hold, or no known key signed.
    """
    text, signatures = split_note(note)
    message = text.encode()
    by_identity = {(key.name, key.key_id): key for key in known}
    signed_by: dict[VerifierKey, None] = {}
    for name, key_id, signature in signatures:
        key = by_identity.get((name, key_id))
        if key is None:
            continue
        if not key.holds(message, signature):
            raise NoteInvalid("signature of a known key", got="one that does not hold", expected="one that holds")
        signed_by[key] = None
    if not signed_by:
        raise _unknown(known, signatures)
    return OpenedNote(text, tuple(signed_by))
