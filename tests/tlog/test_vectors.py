"""Every vector, byte for byte."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linkage.tlog.checkpoint import open_checkpoint, sign_checkpoint
from linkage.tlog.encoding import to_base64
from linkage.tlog.log_keys import LogSigner, LogVerifier
from linkage.tlog.note import Signer, VerifierKey, open_note
from linkage.tlog.proof import parse_proof, verify_proof, write_proof
from linkage.tlog.tree import EMPTY_ROOT, consistency_path, inclusion_path, leaf_hash, node_hash, verify_consistency, verify_inclusion
from tests.second_verifier import check_receipt

SUMMARY = (Path(__file__).parent.parent / "vectors" / "summary.txt").read_text(encoding="utf-8")
ROOTS = [(int(size), root) for size, root in re.findall(r"^root (\d+) ([0-9a-f]{64}) ", SUMMARY, re.MULTILINE)]


def said(word: str) -> str:
    return next(line.removeprefix(f"{word} ") for line in SUMMARY.splitlines() if line.startswith(f"{word} "))


def as_lines(hashes: list[bytes]) -> str:
    return "".join(f"{to_base64(each)}\n" for each in hashes)


def test_the_key_is_that_of_the_vectors(signer: Signer, vectors: Path) -> None:
    assert signer.skey == said("skey")
    assert signer.verifier.text == said("vkey") == (vectors / "vkey").read_text().strip()
    assert signer.verifier.public.hex() == said("pub")
    assert Signer.parse(said("skey")).verifier == VerifierKey.parse(said("vkey"))


def test_leaf_and_node_hashes_are_those_of_the_vectors() -> None:
    assert leaf_hash(b"").hex() == said("RecordHash('')")
    assert leaf_hash(b"leaf-0").hex() == said("RecordHash('leaf-0')")
    assert leaf_hash(b"leaf-1").hex() == said("RecordHash('leaf-1')")
    assert node_hash(leaf_hash(b"leaf-0"), leaf_hash(b"leaf-1")).hex() == said("NodeHash")


def test_the_empty_tree_has_the_hash_of_nothing_as_its_root(tree: Any) -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.roots[0] == EMPTY_ROOT


def test_all_roots_are_those_of_the_vectors(grow: Callable[[int], Any]) -> None:
    assert {size for size, _ in ROOTS} >= {1, 2, 3, 4, 5, 6, 7, 8, 255, 256, 257, 300, 65536, 70000}
    roots = grow(70000).roots
    assert [(size, roots[size].hex()) for size, _ in ROOTS] == ROOTS


@pytest.mark.parametrize("size", [3, 7, 300])
def test_checkpoints_are_those_of_the_vectors(size: int, tree: Any, signer: Signer, vectors: Path) -> None:
    note = sign_checkpoint(LogSigner.of(signer), size, tree.roots[size])
    assert note.encode() == (vectors / f"cp-{size}").read_bytes()
    assert open_checkpoint(note.encode(), LogVerifier.of(signer.verifier)).root == tree.roots[size]


def test_a_cosigned_checkpoint_opens_with_the_logs_key_alone(tree: Any, signer: Signer, vectors: Path) -> None:
    assert open_checkpoint((vectors / "cp-7-cosigned").read_bytes(), LogVerifier.of(signer.verifier)).root == tree.roots[7]


@pytest.mark.parametrize(("size", "index"), [(7, 0), (7, 3), (7, 5), (7, 6), (300, 299)])
def test_inclusion_proofs_are_those_of_the_vectors(size: int, index: int, tree: Any, vectors: Path) -> None:
    path = inclusion_path(index, size, tree.read)
    assert as_lines(path) == (vectors / f"incl-{size}-{index}").read_text()
    leaf = vectors / f"leaf-{index}"
    verify_inclusion(index, size, leaf_hash(leaf.read_bytes()), path, tree.roots[size])


@pytest.mark.parametrize(("old", "new"), [(3, 7), (4, 7), (6, 7), (7, 7), (6, 8), (7, 300)])
def test_consistency_proofs_are_those_of_the_vectors(old: int, new: int, tree: Any, vectors: Path) -> None:
    path = consistency_path(old, new, tree.read)
    assert as_lines(path) == (vectors / f"cons-{old}-{new}").read_text()
    verify_consistency(old, new, tree.roots[old], tree.roots[new], path)


def test_the_receipt_is_that_of_the_vectors_and_both_verifiers_accept_it(tree: Any, signer: Signer, vectors: Path) -> None:
    raw = (vectors / "p5.tlog-proof").read_bytes()
    checkpoint = (vectors / "cp-7").read_text()
    assert write_proof(5, inclusion_path(5, 7, tree.read), checkpoint, extra=b"hello").encode() == raw
    assert parse_proof(raw).extra == b"hello"
    assert verify_proof(raw, b"leaf-5", LogVerifier.of(signer.verifier)).size == 7
    assert check_receipt(raw, b"leaf-5", signer.verifier.text) == 5


def test_the_note_of_the_specification_opens(vectors: Path) -> None:
    key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    opened = open_note((vectors / "c2sp-foo").read_bytes(), (key,))
    assert opened.text == "This is an example message.\n"
    assert opened.signed_by == (key,)
