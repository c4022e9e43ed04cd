"""Checkpoints (c2sp.org/tlog-checkpoint): a signed note of the log's origin, size and root.

The origin must be the signing key's name. A body with a blank line is refused: readers differ on where such a note is split.
"""

from dataclasses import dataclass

from linkage.tlog.encoding import MAX_SIZE, from_base64, from_decimal, to_base64
from linkage.tlog.errors import EmptyRootWrong, NoteInvalid
from linkage.tlog.log_keys import LogSigner, LogVerifier
from linkage.tlog.note import open_note
from linkage.tlog.tree import EMPTY_ROOT, HASH_SIZE


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log ``origin`` had ``size`` entries with this root. ``extensions``: further lines, which we never write."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def sign_checkpoint(signer: LogSigner, size: int, root: bytes) -> str:
    """The checkpoint of a log whose origin is the signer's name, as a signed note.

    Raises:
        NoteInvalid: no possible size or root, or the signature just made does not hold.
    """
    checkpoint = _sound(Checkpoint(signer.verifier.name, size, root))
    return signer.sign(f"{checkpoint.origin}\n{size}\n{to_base64(root)}\n")


def parse_body(text: str) -> Checkpoint:
    """Read a checkpoint's text (with its final newline), signatures aside.

    Raises:
        NoteInvalid: not exactly origin, size, root and non-empty extension lines.
    """
    if not text.endswith("\n"):
        raise NoteInvalid("checkpoint", got="no final newline", expected="whole lines")
    lines = text[:-1].split("\n")
    if len(lines) < 3:
        raise NoteInvalid("checkpoint", got=f"{len(lines)} lines", expected="origin, size, root")
    if not all(lines):
        raise NoteInvalid("checkpoint", got="an empty line", expected="none")
    size, root = from_decimal(lines[1]), from_base64(lines[2])
    if size is None:
        raise NoteInvalid("checkpoint size", got="another form", expected="decimal, 0 to 2**63-1, no leading zeros")
    if root is None:
        raise NoteInvalid("checkpoint root", got="another form", expected="base64 of 32 bytes")
    return _sound(Checkpoint(lines[0], size, root, tuple(lines[3:])))


def _sound(checkpoint: Checkpoint) -> Checkpoint:
    if not 0 <= checkpoint.size <= MAX_SIZE:
        raise NoteInvalid("checkpoint size", got=str(checkpoint.size), expected="0 to 2**63-1")
    if len(checkpoint.root) != HASH_SIZE:
        raise NoteInvalid("checkpoint root", got=f"{len(checkpoint.root)} bytes", expected="32 bytes")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise EmptyRootWrong("checkpoint root", got="another", expected="the empty tree's, as the size is 0")
    return checkpoint


def open_checkpoint(note: bytes, log: LogVerifier) -> Checkpoint:
    """Verify a checkpoint of the log with these keys; other signatures (witnesses, other keys) are ignored.

    Raises:
        NoteInvalid: malformed, a known key's signature does not hold, none of a known key whose sizes include this one, or of
            another origin than the keys' name.
    """
    opened = open_note(note, log.known)
    checkpoint = parse_body(opened.text)
    if checkpoint.origin != log.name:
        raise NoteInvalid("checkpoint origin", got="another", expected="the log key's name")
    if not any(log.counts(key, checkpoint.size) for key in opened.signed_by):
        raise NoteInvalid("checkpoint signatures", got="none of a key that counts at its size", expected="at least one")
    return checkpoint
