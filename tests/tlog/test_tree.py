from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.tlog.encoding import MAX_SIZE, from_decimal
from linkage.tlog.errors import ProofInvalid
from linkage.tlog.tree import (
    EMPTY_ROOT,
    consistency_path,
    frontier_nodes,
    inclusion_path,
    leaf_hash,
    node_hash,
    read_frontier,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.tlog.conftest import Tree

GROWN = Tree(140)


@given(size=st.integers(1, 140), data=st.data())
def test_every_inclusion_proof_verifies_and_holds_for_no_other_index(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, GROWN.read)
    verify_inclusion(index, size, GROWN.nodes[0, index], path, GROWN.roots[size])
    other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index)) if size > 1 else None
    if other is not None:
        with pytest.raises(ProofInvalid):
            verify_inclusion(other, size, GROWN.nodes[0, index], path, GROWN.roots[size])


@given(old=st.integers(0, 140), new=st.integers(0, 140))
def test_every_consistency_proof_verifies_and_any_changed_hash_breaks_it(old: int, new: int) -> None:
    old, new = min(old, new), max(old, new)
    path = consistency_path(old, new, GROWN.read)
    verify_consistency(old, new, GROWN.roots[old], GROWN.roots[new], path)
    for place in range(len(path)):
        broken = [*path[:place], bytes(32), *path[place + 1 :]]
        with pytest.raises(ProofInvalid):
            verify_consistency(old, new, GROWN.roots[old], GROWN.roots[new], broken)


@given(size=st.integers(0, 140))
def test_the_frontier_is_read_back_from_the_nodes(size: int) -> None:
    frontier = read_frontier(size, GROWN.read)
    assert len(frontier) == len(frontier_nodes(size)) == size.bit_count()
    assert root_of(frontier) == GROWN.roots[size]


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (7, 7), (-1, 7), (2**63, 2**63 + 1), (0, 2**63)], ids=["empty", "at size", "negative", "2^63", "size 2^63"]
)
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(ProofInvalid, match=r"leaf index: got .* expected"):
        verify_inclusion(index, size, bytes(32), [], bytes(32))
    with pytest.raises(ProofInvalid):
        inclusion_path(index, size, GROWN.read)


def test_an_inclusion_proof_too_short_too_long_or_of_odd_hashes_is_refused(tree: Any) -> None:
    path = inclusion_path(5, 7, tree.read)
    for broken in (path[:-1], [*path, bytes(32)], [*path[:-1], path[-1][:31]], [bytes(32)] * 64, []):
        with pytest.raises(ProofInvalid):
            verify_inclusion(5, 7, tree.nodes[0, 5], broken, tree.roots[7])
    verify_inclusion(0, 1, leaf_hash(b"leaf-0"), [], tree.roots[1])


@pytest.mark.parametrize(("old", "new"), [(8, 7), (-1, 7), (1, 2**63)])
def test_sizes_out_of_order_are_refused(old: int, new: int) -> None:
    with pytest.raises(ProofInvalid, match="tree sizes"):
        verify_consistency(old, new, bytes(32), bytes(32), [])
    with pytest.raises(ProofInvalid, match="tree sizes"):
        consistency_path(old, new, GROWN.read)


def test_a_tree_larger_than_the_reader_knows_is_refused() -> None:
    with pytest.raises(ProofInvalid):
        consistency_path(3, 9, GROWN.read, largest=8)


def test_between_equal_sizes_and_from_zero_the_proof_is_empty(tree: Any) -> None:
    verify_consistency(0, 7, EMPTY_ROOT, tree.roots[7], [])
    verify_consistency(7, 7, tree.roots[7], tree.roots[7], [])
    for old, first, second, path in [
        (0, EMPTY_ROOT, tree.roots[7], [bytes(32)]),
        (0, tree.roots[1], tree.roots[7], []),
        (7, tree.roots[7], tree.roots[6], []),
        (7, tree.roots[7], tree.roots[7], [bytes(32)]),
    ]:
        with pytest.raises(ProofInvalid):
            verify_consistency(old, 7, first, second, path)


def test_a_consistency_proof_too_short_or_too_long_is_refused(tree: Any) -> None:
    path = consistency_path(3, 7, tree.read)
    for broken in (path[:-1], [*path, bytes(32)], []):
        with pytest.raises(ProofInvalid):
            verify_consistency(3, 7, tree.roots[3], tree.roots[7], broken)
    with pytest.raises(ProofInvalid):
        verify_consistency(4, 7, tree.roots[4], tree.roots[7], [])
    assert MAX_SIZE == 2**63 - 1


def test_a_path_that_stops_below_the_root_proves_nothing_whatever_root_is_claimed(tree: Any) -> None:
    leaf = tree.nodes[0, 0]
    with pytest.raises(ProofInvalid, match="too few hashes"):
        verify_inclusion(0, 2, leaf, [], leaf)
    with pytest.raises(ProofInvalid, match="too few hashes"):
        verify_consistency(2, 4, tree.roots[2], tree.roots[2], [])


def test_a_path_that_goes_on_beyond_the_root_proves_nothing_whatever_root_is_claimed(tree: Any) -> None:
    leaf, more = tree.nodes[0, 0], bytes(32)
    with pytest.raises(ProofInvalid, match="left over"):
        verify_inclusion(0, 1, leaf, [more], node_hash(more, leaf))
    path = consistency_path(2, 4, tree.read)
    with pytest.raises(ProofInvalid, match="left over"):
        verify_consistency(2, 4, tree.roots[2], node_hash(more, tree.roots[4]), [*path, more])


def test_a_consistency_proof_holds_for_its_own_old_root_alone(tree: Any) -> None:
    path = consistency_path(3, 7, tree.read)
    with pytest.raises(ProofInvalid, match="another old root"):
        verify_consistency(3, 7, tree.roots[4], tree.roots[7], path)
    with pytest.raises(ProofInvalid, match="another new root"):
        verify_consistency(3, 7, tree.roots[3], tree.roots[6], path)


def test_numbers_are_read_up_to_63_bits() -> None:
    assert [from_decimal(text) for text in ("0", str(MAX_SIZE), str(MAX_SIZE + 1), "9" * 19, "00", "", "1 ")] == [
        0, MAX_SIZE, None, None, None, None, None
    ]  # fmt: skip
