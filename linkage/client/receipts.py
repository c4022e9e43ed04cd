"""Receipts, checked offline: a leaf, its proof and the log's vkey are all it takes, today and in ten years."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linkage.tlog.errors import ProofInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.proof import parse_proof, verify_proof
from linkage.v1 import receipt_pb2


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """What the log provably holds."""

    origin: str
    """The log's name."""
    index: int
    """The entry's place in it, from 0."""
    size: int
    """How many entries the log had when it signed this."""
    entry: Mapping[str, Any]
    """What the entry says: its members, sealed parts still sealed. Empty where the leaf is another log's, not JSON."""


def check_receipt(leaf: bytes, tlog_proof: bytes, vkey: str) -> CheckedReceipt:
    """Check that the log with this key holds exactly this leaf.

    Args:
        leaf: the entry's bytes.
        tlog_proof: a c2sp.org/tlog-proof@v1.
        vkey: the log's public key, or its list of keys (`linkage.tlog.log_keys`), from somebody trusted (never from the gateway
            that is being checked).

    Raises:
        ProofInvalid: the proof is malformed or leads elsewhere.
        NoteInvalid: the vkey is none, or the checkpoint is not this log's.
    """
    checkpoint = verify_proof(tlog_proof, leaf, LogVerifier.parse(vkey))
    try:
        entry = json.loads(leaf)
    except (ValueError, RecursionError):
        entry = None
    says = entry if isinstance(entry, dict) else {}
    return CheckedReceipt(checkpoint.origin, parse_proof(tlog_proof).index, checkpoint.size, says)


def check_reply(receipt: receipt_pb2.Receipt, vkey: str) -> CheckedReceipt:
    """Check a receipt as it came with a reply: what it says of itself must be what it proves.

    Raises:
        ProofInvalid, NoteInvalid: as `check_receipt`; also where index or id are not the proved entry's.
    """
    checked = check_receipt(receipt.leaf, receipt.tlog_proof.encode(), vkey)
    if receipt.index != checked.index:
        raise ProofInvalid("receipt index", got="another", expected="the proved one")
    if receipt.entry_id != checked.entry.get("eid"):
        raise ProofInvalid("receipt entry_id", got="another", expected="the proved entry's eid")
    return checked


def save_receipt(receipt: receipt_pb2.Receipt, folder: Path, name: str) -> None:
    """Write ``NAME.tlog-proof`` and ``NAME.leaf`` into a folder, for `linkage audit verify` or any C2SP verifier."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.tlog-proof").write_text(receipt.tlog_proof, encoding="utf-8", newline="")
    (folder / f"{name}.leaf").write_bytes(receipt.leaf)
