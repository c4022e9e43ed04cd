"""Receipts as counters got them: checked by the second verifier and against the final log, their checkpoints against roots computed here.

Nothing of this goes through `linkage.tlog`.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable

from tests.crash.counters import Answer
from tests.crash.final_log import Entry, FinalLog
from tests.second_verifier import Rejected, check_receipt


class Receipts:
    """Every receipt that was handed out, checked once, and every checkpoint in them."""

    def __init__(self, log: FinalLog, vkey: str, answers: list[Answer], tell: Callable[[str, int, int], None]) -> None:
        self._log = log
        self._wrong: dict[int, str] = {}
        self.checkpoints: set[tuple[int, bytes]] = set()
        for number, answer in enumerate(answers):
            if number % 200 == 0:
                tell("checking receipts", number, len(answers))
            if answer.receipt is not None:
                self._wrong[id(answer)] = self._fault(answer, vkey)

    def _fault(self, answer: Answer, vkey: str) -> str:
        receipt = answer.receipt
        if receipt is None or not receipt.tlog_proof:
            return "no receipt"
        try:
            index = check_receipt(receipt.tlog_proof.encode(), receipt.leaf, vkey)
        except Rejected as why:
            return f"its receipt does not verify: {why}"
        self.checkpoints.add(checkpoint_in(receipt.tlog_proof))
        if index != receipt.index or index >= len(self._log.entries):
            return f"its receipt's index is {receipt.index}, proved {index}, and the log ends at {len(self._log.entries)}"
        return "" if self._log.entries[index].leaf == receipt.leaf else f"the log holds another entry at {index}"

    def entry_of(self, answer: Answer) -> Entry | str:
        """The entry that the answer's receipt proves; or what is wrong with it."""
        wrong = self._wrong.get(id(answer), "no receipt")
        return wrong or self._log.entries[answer.receipt.index if answer.receipt else 0]

    def not_prefixes(self) -> tuple[str, ...]:
        """Checkpoints that are not the log's own at their size: any two others are consistent with each other and with the end."""
        roots = prefix_roots((entry.leaf for entry in self._log.entries), {size for size, _ in self.checkpoints})
        return tuple(f"size {size}" for size, root in sorted(self.checkpoints) if roots.get(size) != root)


def checkpoint_in(proof: str) -> tuple[int, bytes]:
    """Size and root of the checkpoint in a proof."""
    lines = proof.partition("\n\n")[2].split("\n")
    return int(lines[1]), base64.b64decode(lines[2])


def prefix_roots(leaves: Iterable[bytes], sizes: set[int]) -> dict[int, bytes]:
    """The Merkle tree hash (RFC 6962 2.1) of the first n leaves, for each n that is wanted."""
    peaks: list[tuple[int, bytes]] = []  # (leaves under it, hash), largest first
    roots: dict[int, bytes] = {}
    for number, leaf in enumerate(leaves, 1):
        width, digest = 1, hashlib.sha256(b"\x00" + leaf).digest()
        while peaks and peaks[-1][0] == width:
            digest = hashlib.sha256(b"\x01" + peaks.pop()[1] + digest).digest()
            width *= 2
        peaks.append((width, digest))
        if number in sizes:
            *rest, (_, root) = peaks
            for _, left in reversed(rest):
                root = hashlib.sha256(b"\x01" + left + root).digest()
            roots[number] = root
    return roots
