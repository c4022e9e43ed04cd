"""A log that grows in memory, and the witness of the vectors: what requests to a witness are made of."""

from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.cosignature import Cosigner
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from linkage.tlog.tree import NewNode, consistency_path, leaf_hash, push, root_of
from linkage.tlog.witness_wire import write_request

LOG = LogSigner.of(Signer("linkage.example/audit", bytes(range(32))))
COSIGNER = Cosigner("witness.example/w1", bytes(range(32, 64)))
OTHER = Cosigner("witness.example/w1", bytes(range(64, 96)))
"""The same name, another key."""


class GrowingLog:
    """Leaves ``<word>-0``, ``<word>-1``, and so on: another word is another history under the same key."""

    def __init__(self, size: int, word: str = "leaf", *, shared: int = 0, signer: LogSigner = LOG) -> None:
        """``shared``: how many leaves it has in common with the log of the word ``leaf``."""
        self.signer = signer
        self._nodes: dict[tuple[int, int], bytes] = {}
        frontier: list[bytes] = []
        self.roots = [root_of(frontier)]
        for index in range(size):
            made: list[NewNode] = []
            push(frontier, index, leaf_hash(f"{'leaf' if index < shared else word}-{index}".encode()), made)
            self._nodes.update({(level, place): value for level, place, value in made})
            self.roots.append(root_of(frontier))

    def note(self, size: int) -> str:
        return sign_checkpoint(self.signer, size, self.roots[size])

    def path(self, old: int, new: int) -> list[bytes]:
        return consistency_path(old, new, lambda level, index: self._nodes[level, index])

    def request(self, old: int, new: int) -> bytes:
        return write_request(old, self.path(old, new), self.note(new))
