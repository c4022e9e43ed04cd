"""The C2SP formats: only the named error; what is read is written again as the same bytes; nothing forged is believed."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from linkage.audit.exported_entry import read_entry
from linkage.audit.record import EntryInvalid, canonical, parse_leaf
from linkage.client.receipts import check_receipt as check_as_a_client
from linkage.tlog.checkpoint import open_checkpoint, parse_body
from linkage.tlog.cosignature import Cosigner, CosignerKey
from linkage.tlog.encoding import from_base64, from_decimal, to_base64
from linkage.tlog.errors import NoteInvalid, ProofInvalid, TileInvalid, TlogInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.note import Signer, VerifierKey, split_note
from linkage.tlog.proof import parse_proof, verify_proof, write_proof
from linkage.tlog.tiles import MAX_ENTRY, parse_bundle, parse_path, parse_tile, write_bundle, write_tile
from linkage.tlog.tree import consistency_path, inclusion_path, leaf_hash, push, root_of, verify_consistency, verify_inclusion
from tests.fuzz.mutilated import mutilated, mutilated_text
from tests.fuzz.rounds import Target
from tests.second_verifier import Rejected, check_receipt, checked_checkpoint

VECTORS = Path(__file__).parents[1] / "vectors"
SIGNER = Signer("linkage.example/audit", bytes(range(32)))
KEY = LogVerifier.of(SIGNER.verifier)
WITNESS = CosignerKey.parse((VECTORS / "witness.vkey").read_text().strip())
NOTES = [(VECTORS / name).read_bytes() for name in ("cp-3", "cp-7", "cp-300", "cp-7-cosigned")]
TEXTS = {note.partition(b"\n\n")[0] + b"\n" for note in NOTES}
PROOF = (VECTORS / "p5.tlog-proof").read_bytes()
SIZE = 40
LEAF = canonical(
    {
        "boot": "b",
        "eid": "00000000-0000-0000-0000-000000000001",
        "facts": {"counter": "c", "types": ["a"], "count": 5},
        "kind": "denied",
        "ref": "00000000-0000-0000-0000-000000000002",
        "replica": "a",
        "t": 5,
        "v": 1,
    }
)


def _note(raw: bytes) -> None:
    try:
        text, signatures = split_note(raw)
    except NoteInvalid:
        return
    lines = "".join(f"\u2014 {name} {to_base64(key_id + signature)}\n" for name, key_id, signature in signatures)
    assert raw == f"{text}\n{lines}".encode()


def _checkpoint(raw: bytes) -> None:
    """Whatever else stands below it, only a text that was signed is believed; the second verifier thinks so, too."""
    try:
        size = open_checkpoint(raw, KEY).size
    except NoteInvalid:
        size = -1
    else:
        assert raw.rpartition(b"\n\n")[0] + b"\n" in TEXTS
    try:
        assert size == checked_checkpoint(raw, KEY.text)[0]
    except Rejected:
        assert size == -1


def _body(text: str) -> None:
    try:
        read = parse_body(text)
    except NoteInvalid:
        return
    assert text == "\n".join([read.origin, str(read.size), to_base64(read.root), *read.extensions, ""])


def _proof(raw: bytes) -> None:
    try:
        read = parse_proof(raw)
    except ProofInvalid:
        pass
    else:
        assert raw == write_proof(read.index, read.path, "", extra=read.extra).encode() + read.checkpoint
    verdicts = []
    for check, refusal in (
        (lambda: verify_proof(raw, b"leaf-5", KEY), TlogInvalid),
        (lambda: check_as_a_client(b"leaf-5", raw, KEY.text), TlogInvalid),
        (lambda: check_receipt(raw, b"leaf-5", KEY.text), Rejected),
    ):
        try:
            check()
            verdicts.append(True)
        except refusal:
            verdicts.append(False)
    assert len(set(verdicts)) == 1
    assert not verdicts[0] or b"\nindex 5\n" in raw


def _vkey(text: str) -> None:
    for kind in (VerifierKey, CosignerKey):
        try:
            assert text == kind.parse(text).text
        except NoteInvalid:
            continue


def _skey(text: str) -> None:
    for kind in (Signer, Cosigner):
        try:
            told = kind.parse(text).skey == text
        except NoteInvalid as refused:
            told = len(text) < 30 or text not in str(refused)
        assert told


def _log_keys(text: str) -> None:
    try:
        keys = LogVerifier.parse(text)
    except NoteInvalid:
        return
    assert keys == LogVerifier.parse(keys.lines)


def _path(text: str) -> None:
    try:
        assert text == parse_path(text).path
    except TileInvalid:
        return


def _tile(given: tuple[bytes, int]) -> None:
    try:
        assert given[0] == write_tile(parse_tile(*given))
    except TileInvalid:
        return


def _bundle(given: tuple[bytes, int]) -> None:
    try:
        entries = parse_bundle(*given)
    except TileInvalid:
        return
    assert given[1] == len(entries)
    assert all(len(each) <= MAX_ENTRY for each in entries)
    assert given[0] == write_bundle(entries)


def _leaf(raw: bytes) -> None:
    try:
        members = parse_leaf(raw)
    except EntryInvalid:
        pass
    else:
        try:
            same = raw == canonical(members)
        except EntryInvalid as refused:
            same = "citizen number" in str(refused)  # the one thing that is written nowhere, and still read
        assert same
    try:
        assert read_entry(0, raw, bytes(32)).leaf == raw
    except EntryInvalid:
        return


def _scalars(text: str) -> None:
    number, raw = from_decimal(text), from_base64(text)
    assert number is None or (str(number) == text and 0 <= number < 2**63)
    assert raw is None or to_base64(raw) == text


# ---- the tree

ROOTS: list[bytes] = [root_of([])]
_NODES: dict[tuple[int, int], bytes] = {}


def _grow() -> None:
    frontier: list[bytes] = []
    for index in range(SIZE):
        made: list[tuple[int, int, bytes]] = []
        push(frontier, index, leaf_hash(b"leaf-%d" % index), made)
        _NODES.update({(level, place): digest for level, place, digest in made})
        ROOTS.append(root_of(frontier))


_grow()


def _read(level: int, index: int) -> bytes:
    return _NODES[level, index]


def _inclusion(given: tuple[int, int, int, list[bytes]]) -> None:
    index, claimed, size, path = given
    right = inclusion_path(index, size, _read)
    for each in (path, right, [*right, *path], right[1:], right[:-1]):
        try:
            verify_inclusion(claimed, size, leaf_hash(b"leaf-%d" % index), each, ROOTS[size])
        except ProofInvalid:
            assert (claimed, each) != (index, right)
        else:
            assert (claimed, each) == (index, right)


def _consistency(given: tuple[int, int, bytes, list[bytes]]) -> None:
    old, new, other, path = given
    right = consistency_path(old, new, _read) if 0 <= old <= new <= SIZE else []
    new_root = ROOTS[new] if 0 <= new <= SIZE else other
    for old_root in (ROOTS[old] if 0 <= old <= SIZE else other, other):
        for each in (path, right, [*right, *path], right[1:], right[:-1]):
            try:
                verify_consistency(old, new, old_root, new_root, each)
            except ProofInvalid:
                refused = True
            else:
                refused = False
            known = 0 <= old <= new <= SIZE
            assert refused or each == right
            assert refused or old_root == (new_root if old == new else ROOTS[old])
            assert not (refused and known and each == right and old_root == ROOTS[old])


hashes = st.lists(st.one_of(st.binary(min_size=32, max_size=32), st.binary(max_size=33), st.sampled_from(ROOTS)), max_size=4)
sizes = st.one_of(st.integers(-1, SIZE), st.sampled_from([2**63 - 1, 2**63, 2**64]))
inside = st.integers(1, SIZE).flatmap(lambda size: st.tuples(st.integers(0, size - 1), sizes, st.just(size), hashes))
bundles = [write_bundle([b"", b"a", bytes(300)]), write_bundle([LEAF] * 2), b""]


def _beside(raw: st.SearchStrategy[bytes], widths: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    return st.tuples(raw, widths)


TARGETS = (
    Target("note", mutilated(NOTES, NOTES[3].rpartition(b"\n")[0].rpartition(b"\n")[2]), _note),
    Target("checkpoint", mutilated(NOTES, NOTES[3].rpartition(b"\n")[0].rpartition(b"\n")[2]), _checkpoint),
    Target("checkpoint body", mutilated_text([text.decode() for text in sorted(TEXTS)]), _body),
    Target("proof", mutilated([PROOF], b"index 5", b"extra AA==\n", b"c2sp.org/tlog-proof@v1"), _proof),
    Target("vkey", mutilated_text([KEY.text, WITNESS.text]), _vkey),
    Target("skey", mutilated_text([SIGNER.skey, Cosigner("witness.example/w1", bytes(32)).skey]), _skey),
    Target("keys of a log", mutilated_text([KEY.lines, f"# keys\n{KEY.text}\n", f"{KEY.text} 5 9\n"]), _log_keys),
    Target("tile path", mutilated_text(["tile/0/000", "tile/entries/x001/x234/067.p/255", "tile/63/999.p/1"], "x001/", ".p/"), _path),
    Target("tile", _beside(mutilated([bytes(64), bytes(8192)]), st.integers(1, 256)), _tile),
    Target("entry bundle", _beside(mutilated(bundles, b"\x00\x00", b"\xff\xff", b"\x00\x01"), st.integers(1, 5)), _bundle),
    Target("leaf", mutilated([LEAF], b"1.0", b"null", b"true", b'"t":', b",", b"\\u0041"), _leaf),
    Target("decimal and base64", mutilated_text(["0", "9223372036854775807", "AAAA", "AA=="]), _scalars),
    Target("inclusion proof", inside, _inclusion),
    Target("consistency proof", st.tuples(sizes, sizes, st.sampled_from([bytes(32), *ROOTS]), hashes), _consistency),
)
