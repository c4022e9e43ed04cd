from collections.abc import Callable
from pathlib import Path

import pytest

from linkage.tlog.note import Signer
from linkage.tlog.tree import NewNode, NodeReader, leaf_hash, push, root_of

VECTORS = Path(__file__).parent.parent / "vectors"


class Tree:
    """The tree of the vectors: leaves ``leaf-0``, ``leaf-1``, and so on."""

    def __init__(self, size: int) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        frontier: list[bytes] = []
        self.roots = [root_of(frontier)]
        for index in range(size):
            made: list[NewNode] = []
            push(frontier, index, leaf_hash(b"leaf-%d" % index), made)
            self.nodes.update({(level, place): value for level, place, value in made})
            self.roots.append(root_of(frontier))

    @property
    def read(self) -> NodeReader:
        return lambda level, index: self.nodes[level, index]


@pytest.fixture(scope="session")
def tree() -> Tree:
    return Tree(300)


@pytest.fixture(scope="session")
def grow() -> Callable[[int], Tree]:
    return Tree


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer("linkage.example/audit", bytes(range(32)))


@pytest.fixture
def vectors() -> Path:
    return VECTORS
