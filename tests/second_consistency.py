"""A second verifier of consistency proofs, by the recursion that RFC 6962 2.1.2 defines them with. It shares no code with `linkage.tlog`."""

import hashlib

from tests.second_verifier import Rejected


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> None:
    """Check that a tree of ``old`` leaves is a prefix of one of ``new``.

    Raises:
        Rejected: the proof does not show it.
    """
    if not 0 <= old <= new < 1 << 63 or len(proof) > 63 or any(len(each) != 32 for each in proof):
        raise Rejected("sizes or form")
    if old == 0:
        if proof or old_root != hashlib.sha256().digest():
            raise Rejected("nothing is a prefix of everything, without proof")
        if new == 0 and new_root != old_root:
            raise Rejected("two empty trees")
        return
    left = list(proof)
    if _roots(old, new, whole=True, left=left, old_root=old_root) != (old_root, new_root) or left:
        raise Rejected("other roots, or hashes left over")


def _roots(old: int, new: int, *, whole: bool, left: list[bytes], old_root: bytes) -> tuple[bytes, bytes]:
    """SUBPROOF, read backwards: takes hashes from the end of ``left``."""
    if old == new:
        same = old_root if whole else _taken(left)
        return same, same
    split = 1
    while split * 2 < new:
        split *= 2
    beside = _taken(left)
    if old <= split:
        first, second = _roots(old, split, whole=whole, left=left, old_root=old_root)
        return first, hashlib.sha256(b"\x01" + second + beside).digest()
    first, second = _roots(old - split, new - split, whole=False, left=left, old_root=old_root)
    return hashlib.sha256(b"\x01" + beside + first).digest(), hashlib.sha256(b"\x01" + beside + second).digest()


def _taken(left: list[bytes]) -> bytes:
    if not left:
        raise Rejected("too few hashes")
    return left.pop()
