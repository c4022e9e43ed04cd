"""Offline proofs (c2sp.org/tlog-proof@v1), our receipts: a leaf's index, its path, and the signed checkpoint, as one text."""

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass

from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.encoding import from_base64, from_decimal, to_base64
from linkage.tlog.errors import ProofInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.note import MAX_NOTE
from linkage.tlog.tree import HASH_SIZE, MAX_PATH, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF = 2 * MAX_NOTE
"""Bytes. Larger proofs are refused unread."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """What a proof says, nothing of it verified.

    ``checkpoint`` is the signed note's bytes, verbatim. ``extra`` is opaque and authenticated by nothing.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def write_proof(index: int, path: Sequence[bytes], checkpoint: str, *, extra: bytes | None = None) -> str:
    """The proof's text. ``checkpoint`` is a signed note with its final newline."""
    opaque = f"extra {to_base64(extra)}\n" if extra else ""
    hashes = b"".join(map(b2a_base64, path)).decode("ascii")  # each with a newline
    return f"{HEADER}\n{opaque}index {index}\n{hashes}\n{checkpoint}"


def parse_proof(raw: bytes) -> TlogProof:
    """Read a proof; only its own form is checked here, the checkpoint's is by `verify_proof`.

    Raises:
        ProofInvalid: not exactly header, optional extra, index, at most 63 hashes, a blank line, a checkpoint.
    """
    if len(raw) > MAX_PROOF:
        raise ProofInvalid("proof", got=f"{len(raw)} bytes", expected=f"at most {MAX_PROOF}")
    head, blank, checkpoint = raw.partition(b"\n\n")
    if not blank:
        raise ProofInvalid("proof", got="no blank line", expected="one before the checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as cause:
        raise ProofInvalid("proof", got=f"a stray byte at {cause.start}", expected="ASCII before the blank line") from None
    if lines.pop(0) != HEADER:
        raise ProofInvalid("first line", got="another", expected=HEADER)
    extra = _extra(lines.pop(0)) if lines and lines[0].startswith("extra ") else None
    index = _index(lines.pop(0) if lines else "")
    if len(lines) > MAX_PATH:
        raise ProofInvalid("proof length", got=f"{len(lines)} hashes", expected=f"at most {MAX_PATH}")
    return TlogProof(index, tuple(_hash(line, place) for place, line in enumerate(lines)), checkpoint, extra)


def _extra(line: str) -> bytes:
    extra = from_base64(line.removeprefix("extra "))
    if not extra:
        raise ProofInvalid("extra line", got="another form", expected="base64 of at least one byte")
    return extra


def _index(line: str) -> int:
    index = from_decimal(line.removeprefix("index ")) if line.startswith("index ") else None
    if index is None:
        raise ProofInvalid("index line", got="another form", expected="index and a decimal without leading zeros")
    return index


def _hash(line: str, place: int) -> bytes:
    raw = from_base64(line)
    if raw is None or len(raw) != HASH_SIZE:
        raise ProofInvalid(f"proof hash {place}", got="another form", expected="base64 of 32 bytes")
    return raw


def verify_proof(raw: bytes, leaf: bytes, log: LogVerifier) -> Checkpoint:
    """Verify offline that the log with this key holds exactly these leaf bytes, and give the checkpoint that says so.

    Raises:
        ProofInvalid: the proof is malformed or leads to another root.
        NoteInvalid: the checkpoint is malformed, or not this log's.
    """
    proof = parse_proof(raw)
    checkpoint = open_checkpoint(proof.checkpoint, log)
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(leaf), proof.path, checkpoint.root)
    return checkpoint
