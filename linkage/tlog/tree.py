"""The Merkle tree of RFC 6962 2.1 over SHA-256: hashes, the growing frontier, proofs and their verification.

A *node* (level, index) is the root of the perfect subtree over the leaves [index * 2**level, (index + 1) * 2**level);
level 0 is the leaf hashes. Once made it never changes, so every proof is put together from nodes alone.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from linkage.tlog.encoding import MAX_SIZE
from linkage.tlog.errors import ProofInvalid

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves."""

MAX_PATH = 63
"""No proof in a tree of at most 2**63-1 leaves is longer."""

NodeReader = Callable[[int, int], bytes]
"""Gives the hash of node (level, index)."""

NewNode = tuple[int, int, bytes]
"""Level, index and hash of a node that a push has made."""


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256 of 0x00 and the leaf's bytes."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256 of 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


def push(frontier: list[bytes], size: int, leaf: bytes, made: list[NewNode]) -> None:
    """Add one leaf hash to a tree of ``size`` leaves.

    Args:
        frontier: roots of the perfect subtrees of ``size``'s binary digits, largest first; changed in place.
        size: leaves before the push.
        leaf: the new leaf's hash.
        made: receives every node made, the leaf itself (level 0) first.
    """
    level, index, current = 0, size, leaf
    made.append((0, index, current))
    while index & 1:
        current = sha256(b"\x01" + frontier.pop() + current).digest()
        level += 1
        index >>= 1
        made.append((level, index, current))
    frontier.append(current)


def root_of(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree with this frontier."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for left in reversed(frontier[:-1]):
        root = node_hash(left, root)
    return root


def frontier_nodes(size: int) -> list[tuple[int, int]]:
    """Which nodes (level, index) are the frontier of a tree of ``size`` leaves, largest first."""
    return [(level, (size >> level) - 1) for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]


def read_frontier(size: int, read: NodeReader) -> list[bytes]:
    """The frontier of a tree of ``size`` leaves, from its stored nodes."""
    return [read(level, index) for level, index in frontier_nodes(size)]


def _range_root(low: int, high: int, read: NodeReader) -> bytes:
    """MTH of [low, high), where ``low`` is a multiple of every power of two up to the range's largest."""
    hashes = []
    while low < high:
        level = (high - low).bit_length() - 1
        hashes.append(read(level, low >> level))
        low += 1 << level
    return root_of(hashes)


def _split(width: int) -> int:
    """The largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def inclusion_path(index: int, size: int, read: NodeReader) -> list[bytes]:
    """RFC 6962 2.1.1: the path of leaf ``index`` in the tree of ``size`` leaves, the leaf's sibling first.

    Raises:
        ProofInvalid: no such leaf in a tree of this size.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofInvalid("leaf index", got=f"{index} of {size}", expected="0 <= index < size")
    height = (index ^ size).bit_length() - 1  # of the perfect subtree that holds the leaf: one of the tree's frontier
    path = [read(level, index >> level ^ 1) for level in range(height)]
    right = (index >> height) + 1 << height
    if right < size:
        path.append(_range_root(right, size, read))
    path += [read(level, (index >> level) - 1) for level in range(height + 1, size.bit_length()) if index >> level & 1]
    return path


def consistency_path(old: int, new: int, read: NodeReader, *, largest: int = MAX_SIZE) -> list[bytes]:
    """RFC 6962 2.1.2: the proof that the tree of ``old`` leaves is a prefix of the tree of ``new``; empty if old is 0 or new.

    Raises:
        ProofInvalid: the sizes are not in order, or ``new`` is beyond ``largest``, the tree that ``read`` knows.
    """
    if not 0 <= old <= new <= largest:
        raise ProofInvalid("tree sizes", got=f"{old} and {new}", expected=f"0 <= old <= new <= {largest}")
    if old in (0, new):
        return []
    low, high, path = 0, new, []
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range_root(middle, high, read))
            high = middle
        else:
            path.append(_range_root(low, middle, read))
            low = middle
    if low:  # the old tree is not a whole left edge of the new one: its last subtree must be given
        path.append(_range_root(low, high, read))
    path.reverse()
    return path


def _check_path(path: Sequence[bytes]) -> None:
    if len(path) > MAX_PATH:
        raise ProofInvalid("proof length", got=f"{len(path)} hashes", expected=f"at most {MAX_PATH}")
    for place, each in enumerate(path):
        if len(each) != HASH_SIZE:
            raise ProofInvalid(f"proof hash {place}", got=f"{len(each)} bytes", expected=f"{HASH_SIZE} bytes")


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 2.1.3.2: leaf hash ``leaf`` stands at ``index`` of the tree of ``size`` leaves with this root.

    Raises:
        ProofInvalid: it does not, or the proof is too long or too short.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofInvalid("leaf index", got=f"{index} of {size}", expected="0 <= index < size <= 2**63-1")
    _check_path(path)
    fn, sn, computed = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            raise ProofInvalid("inclusion proof", got="hashes left over", expected="no hash beyond the root")
        if fn & 1 or fn == sn:
            computed = node_hash(sibling, computed)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            computed = node_hash(computed, sibling)
        fn >>= 1
        sn >>= 1
    if sn:
        raise ProofInvalid("inclusion proof", got="too few hashes", expected="a path up to the root")
    if computed != root:
        raise ProofInvalid("inclusion proof", got="another root", expected="the checkpoint's root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """RFC 9162 2.1.4.2: the tree of ``old`` leaves is a prefix of the tree of ``new``.

    Raises:
        ProofInvalid: it is not, or the proof is too long or too short.
    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise ProofInvalid("tree sizes", got=f"{old} and {new}", expected="0 <= old <= new <= 2**63-1")
    _check_path(path)
    if old in (0, new):
        _verify_trivial(old, new, old_root, new_root, path)
        return
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    first, second, rest = _fold(old, new, hashes)
    if rest:
        raise ProofInvalid("consistency proof", got="too few hashes", expected="a path up to the new root")
    if first != old_root:
        raise ProofInvalid("consistency proof", got="another old root", expected="the old checkpoint's root")
    if second != new_root:
        raise ProofInvalid("consistency proof", got="another new root", expected="the new checkpoint's root")


def _verify_trivial(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    if path:
        raise ProofInvalid("consistency proof", got=f"{len(path)} hashes", expected="none between these sizes")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofInvalid("old root", got="another", expected="the empty tree's")
    if old == new and old_root != new_root:
        raise ProofInvalid("roots of one size", got="two different", expected="the same")


def _fold(old: int, new: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes, int]:
    """Both roots that a consistency proof leads to, and how far it stopped below the new one (0: at it)."""
    if not hashes:
        raise ProofInvalid("consistency proof", got="no hash", expected="at least one")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    first = second = hashes[0]
    for each in hashes[1:]:
        if sn == 0:
            raise ProofInvalid("consistency proof", got="hashes left over", expected="no hash beyond the root")
        if fn & 1 or fn == sn:
            first, second = node_hash(each, first), node_hash(each, second)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            second = node_hash(second, each)
        fn >>= 1
        sn >>= 1
    return first, second, sn
