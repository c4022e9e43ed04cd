"""The tree, computed again from leaf hashes a piece at a time, level by level, and compared with the stored nodes on the way.

Where a stored node is not what was computed, the one of the two goes on that the stored node above agrees with, and where a leaf is
missing the stored node above it: each finding is then one place of its own, and nothing hides behind the first. A tree without
findings was computed from its leaves alone.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from linkage.tlog.tree import EMPTY_ROOT, node_hash

Hash = bytes | None
"""A node's hash; None where it is not known."""

Stored = Mapping[int, Sequence[Hash]]
"""For each level at which leaves complete nodes, 0 included, the stored hashes of those, in order; None: missing."""


class Regrowth:
    """A tree that grows piece by piece. Holds its frontier and the newest piece."""

    def __init__(self, size: int, frontier: Mapping[int, Hash]) -> None:
        """Begin at ``size`` leaves; ``frontier``: the roots of the perfect subtrees of its binary digits, by level."""
        self.size = size
        self._first = size
        self._before: Mapping[int, Hash] = frontier
        self._levels: list[Sequence[Hash]] = [()]

    def grow(self, leaves: Sequence[Hash], stored: Stored) -> list[tuple[int, int, bool]]:
        """Add leaves by their hashes, computed from their bytes; None: missing.

        Gives level and index of each stored node of level 1 or more that is not what was computed, and whether it is there at all.
        """
        self._before = self._frontier()
        first, end = self.size, self.size + len(leaves)
        self.size, self._first, self._levels = end, first, []
        wrong: list[tuple[int, int, bool]] = []
        row, level = leaves, 0
        while True:
            row = self._settled(level, row, stored, wrong)
            self._levels.append(row)
            if end >> (level + 1) == first >> (level + 1):
                return wrong
            row = _parents([self._before[level], *row] if first >> level & 1 else row)
            level += 1

    def root(self, size: int) -> Hash:
        """The root at ``size`` leaves: the tree's size before the newest piece, or any up to now; None where it cannot be computed."""
        root: Hash = None if size else EMPTY_ROOT
        for level in range(size.bit_length()):
            if size >> level & 1:
                node = self._node(level, (size >> level) - 1)
                if node is None:
                    return None
                root = node if root is None else node_hash(node, root)
        return root

    def frontier(self) -> tuple[Hash, ...]:
        """The roots of the perfect subtrees of the size's binary digits, largest first."""
        found = self._frontier()
        return tuple(found[level] for level in sorted(found, reverse=True))

    def _frontier(self) -> dict[int, Hash]:
        return {level: self._node(level, (self.size >> level) - 1) for level in range(self.size.bit_length()) if self.size >> level & 1}

    def _node(self, level: int, index: int) -> Hash:
        """A node of the frontier of one of the sizes that `root` knows."""
        low = self._first >> level
        return self._levels[level][index - low] if index >= low else self._before[level]

    def _settled(self, level: int, computed: Sequence[Hash], stored: Stored, wrong: list[tuple[int, int, bool]]) -> Sequence[Hash]:
        """What goes on from a level, once its computed nodes were compared with the stored ones."""
        held = stored[level]
        if computed == held:
            return computed
        row, low = list(computed), self._first >> level
        for place, found in enumerate(held):
            own = row[place]
            if own == found:
                continue
            if level and (own is not None or found is None):
                wrong.append((level, low + place, found is not None))
            if own is None or (found is not None and self._agrees(level, low + place, found, row, stored)):
                row[place] = found
        return row

    def _agrees(self, level: int, index: int, found: bytes, row: Sequence[Hash], stored: Stored) -> bool:
        """Whether the stored node above fits this one and its neighbour; no where there is none yet."""
        low, place = self._first >> level, (index >> 1) - (self._first >> (level + 1))
        above, beside = stored.get(level + 1, ()), index ^ 1
        if not 0 <= place < len(above):
            return False
        neighbours = (row[beside - low], stored[level][beside - low]) if beside >= low else (self._before[level],)
        pairs = [(found, each) if index < beside else (each, found) for each in neighbours]
        return any(node_hash(left, right) == above[place] for left, right in pairs if left is not None and right is not None)


def _parents(row: Sequence[Hash]) -> list[Hash]:
    """The hashes of each two neighbours; an odd one at the end has no parent yet."""
    pairs = iter(row)
    if None in row:
        return [None if left is None or right is None else node_hash(left, right) for left, right in zip(pairs, pairs, strict=False)]
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]  # type: ignore[operator]  # none is None
