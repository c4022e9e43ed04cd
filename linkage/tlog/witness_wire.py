"""What goes between a log and its witnesses (c2sp.org/tlog-witness): the request to add a checkpoint, and the replies' bodies.

A request is an old size, the consistency proof from it, and the checkpoint. Its own form is checked here; who signed the
checkpoint, and whether the proof holds, is for `linkage.tlog.witness`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from linkage.tlog.cosignature import CosignerKey, cosigned_by
from linkage.tlog.encoding import from_base64, from_decimal, to_base64
from linkage.tlog.errors import NoteInvalid, RequestInvalid
from linkage.tlog.note import SIGNATURE_PREFIX, split_note
from linkage.tlog.tree import HASH_SIZE, MAX_PATH

MAX_REQUEST = 128 * 1024
"""Bytes. Room for 63 hashes and a checkpoint with a good many signatures of any kind known."""
MAX_REPLY = 64 * 1024
"""Bytes. Room for many cosignatures; whoever sends more is not a witness."""
SIZE_TYPE = "text/x.tlog.size"
"""Content type of a witness's word about the size it knows."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request. ``note`` is the checkpoint verbatim, with its signature lines."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes


def write_request(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The request's body. ``note``: a signed checkpoint with its final newline."""
    return "".join((f"old {old}\n", *(f"{to_base64(each)}\n" for each in proof), "\n", note)).encode()


def parse_request(body: bytes) -> AddCheckpoint:
    """Read a request's body.

    Raises:
        RequestInvalid: not exactly old size, at most 63 hashes, a blank line, and something after it.
    """
    if len(body) > MAX_REQUEST:
        raise RequestInvalid("request", got=f"{len(body)} bytes", expected=f"at most {MAX_REQUEST}")
    head, blank, note = body.partition(b"\n\n")
    if not blank or not note:
        raise RequestInvalid("request", got="no blank line, or nothing after it", expected="one before the checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as cause:
        raise RequestInvalid("request", got=f"a stray byte at {cause.start}", expected="ASCII before the checkpoint") from None
    old = from_decimal(first.removeprefix("old ")) if first.startswith("old ") else None
    if old is None:
        raise RequestInvalid("old size line", got="another form", expected="old and a decimal, 0 to 2**63-1, no leading zeros")
    if len(lines) > MAX_PATH:
        raise RequestInvalid("consistency proof", got=f"{len(lines)} hashes", expected=f"at most {MAX_PATH}")
    return AddCheckpoint(old, tuple(_hash(line, place) for place, line in enumerate(lines)), note)


def _hash(line: str, place: int) -> bytes:
    raw = from_base64(line)
    if raw is None or len(raw) != HASH_SIZE:
        raise RequestInvalid(f"proof hash {place}", got="another form", expected="base64 of 32 bytes")
    return raw


def write_size(size: int) -> bytes:
    """The body that tells the size a witness knows."""
    return b"%d\n" % size


def parse_size(body: bytes) -> int:
    """Read the size a witness says it knows.

    Raises:
        RequestInvalid: not a decimal and a newline.
    """
    size = from_decimal(body[:-1].decode("ascii", "replace")) if len(body) <= 20 and body.endswith(b"\n") else None
    if size is None:
        raise RequestInvalid("size", got="another form", expected="a decimal, 0 to 2**63-1, and a newline")
    return size


def parse_cosignature(body: bytes, note: str, key: CosignerKey) -> str:
    """The signature line, with its newline, by which this key cosigned the checkpoint ``note``. Other keys' lines are ignored.

    Raises:
        RequestInvalid: the body is not signature lines alone, or none of them is this key's.
        NoteInvalid: this key's cosignature does not hold.
    """
    if len(body) > MAX_REPLY:
        raise RequestInvalid("reply", got=f"{len(body)} bytes", expected=f"at most {MAX_REPLY}")
    if not body.startswith(SIGNATURE_PREFIX.encode()) or b"\n\n" in body:
        raise RequestInvalid("reply", got="something else", expected="signature lines alone")
    text, _ = split_note(note.encode())
    alone = f"{text}\n".encode() + body
    try:
        _, signatures = split_note(alone)
    except NoteInvalid as cause:
        raise RequestInvalid("reply", got=cause.got, expected="signature lines alone") from None
    if key not in cosigned_by(alone, (key,)):
        raise RequestInvalid("reply", got="no cosignature of its key", expected="one")
    blob = next(key_id + signature for name, key_id, signature in signatures if (name, key_id) == (key.name, key.key_id))
    return f"{SIGNATURE_PREFIX}{key.name} {to_base64(blob)}\n"
