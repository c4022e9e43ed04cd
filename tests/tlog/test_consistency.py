"""Malformed consistency proofs: each is refused by name, by both verifiers."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.tlog.errors import ProofInvalid
from linkage.tlog.tree import EMPTY_ROOT, NewNode, consistency_path, leaf_hash, push, root_of, verify_consistency
from tests.second_consistency import check_consistency
from tests.second_verifier import Rejected

ROOTS: list[bytes] = [EMPTY_ROOT]
NODES: dict[tuple[int, int], bytes] = {}


def grow() -> None:
    frontier: list[bytes] = []
    for index in range(70):
        made: list[NewNode] = []
        push(frontier, index, leaf_hash(b"leaf-%d" % index), made)
        NODES.update({(level, place): digest for level, place, digest in made})
        ROOTS.append(root_of(frontier))


grow()


def path(old: int, new: int) -> list[bytes]:
    return consistency_path(old, new, lambda level, index: NODES[level, index])


GOOD = path(3, 7)
OTHER = bytes(32)

MALFORMED: dict[str, tuple[Any, ...]] = {
    "truncated": (3, 7, ROOTS[3], ROOTS[7], GOOD[:-1]),
    "without its first hash": (3, 7, ROOTS[3], ROOTS[7], GOOD[1:]),
    "empty": (3, 7, ROOTS[3], ROOTS[7], []),
    "a hash more": (3, 7, ROOTS[3], ROOTS[7], [*GOOD, OTHER]),
    "a hash more in front": (3, 7, ROOTS[3], ROOTS[7], [OTHER, *GOOD]),
    "in another order": (3, 7, ROOTS[3], ROOTS[7], GOOD[::-1]),
    "sixty-four hashes": (3, 7, ROOTS[3], ROOTS[7], [OTHER] * 64),
    "a hash of 31 bytes": (3, 7, ROOTS[3], ROOTS[7], [*GOOD[:-1], bytes(31)]),
    "an empty hash": (3, 7, ROOTS[3], ROOTS[7], [*GOOD, b""]),
    "another old root": (3, 7, OTHER, ROOTS[7], GOOD),
    "another new root": (3, 7, ROOTS[3], OTHER, GOOD),
    "the roots exchanged": (3, 7, ROOTS[7], ROOTS[3], GOOD),
    "of other sizes": (3, 8, ROOTS[3], ROOTS[8], GOOD),
    "old is greater": (7, 3, ROOTS[7], ROOTS[3], GOOD),
    "old is negative": (-1, 7, ROOTS[3], ROOTS[7], GOOD),
    "new is 2^63": (3, 2**63, ROOTS[3], ROOTS[7], GOOD),
    "from nothing, with a proof": (0, 7, EMPTY_ROOT, ROOTS[7], [OTHER]),
    "from nothing, with another root than nothing's": (0, 7, OTHER, ROOTS[7], []),
    "nothing to nothing, with another root": (0, 0, EMPTY_ROOT, OTHER, []),
    "to itself, with a proof": (7, 7, ROOTS[7], ROOTS[7], [OTHER]),
    "to itself, with another root": (7, 7, ROOTS[7], OTHER, []),
    "a power of two with its own root in front": (4, 7, ROOTS[4], ROOTS[7], [ROOTS[4], *path(4, 7)]),
    "a power of two without a hash": (4, 7, ROOTS[4], ROOTS[7], []),
}
ACCEPTED: dict[str, tuple[Any, ...]] = {
    "as it is": (3, 7, ROOTS[3], ROOTS[7], GOOD),
    "of a power of two": (4, 7, ROOTS[4], ROOTS[7], path(4, 7)),
    "to itself": (7, 7, ROOTS[7], ROOTS[7], []),
    "from nothing": (0, 7, EMPTY_ROOT, ROOTS[7], []),
    "nothing to nothing": (0, 0, EMPTY_ROOT, EMPTY_ROOT, []),
    "of any equal roots beyond every tree": (2**63 - 1, 2**63 - 1, OTHER, OTHER, []),
}


def second(*case: Any) -> bool:
    try:
        check_consistency(*case)
    except Rejected:
        return False
    return True


@pytest.mark.parametrize("fault", list(MALFORMED))
def test_a_malformed_consistency_proof_is_refused_by_name_by_both_verifiers(fault: str) -> None:
    with pytest.raises(ProofInvalid, match=r"got .*, expected"):
        verify_consistency(*MALFORMED[fault])
    assert not second(*MALFORMED[fault])


@pytest.mark.parametrize("variety", list(ACCEPTED))
def test_a_good_consistency_proof_is_accepted_by_both_verifiers(variety: str) -> None:
    verify_consistency(*ACCEPTED[variety])
    assert second(*ACCEPTED[variety])


@settings(max_examples=150, deadline=None)
@given(
    old=st.integers(-1, 71),
    new=st.integers(-1, 71),
    cut=st.integers(0, 3),
    more=st.lists(st.sampled_from([OTHER, *ROOTS[:8], b"short"]), max_size=2),
    claimed=st.sampled_from([None, OTHER, EMPTY_ROOT]),
)
def test_both_verifiers_agree_on_every_pair_of_sizes(old: int, new: int, cut: int, more: list[bytes], claimed: bytes | None) -> None:
    known = 0 <= old <= new < len(ROOTS)
    proof = (path(old, new) if known else GOOD)[cut:] + more
    case = (old, new, claimed or ROOTS[old % len(ROOTS)], ROOTS[new % len(ROOTS)], proof)
    try:
        verify_consistency(*case)
        first = True
    except ProofInvalid:
        first = False
    assert first == second(*case)
