"""What an export's entries say of themselves, where no column stands beside them."""

from pathlib import Path

import pytest

from linkage.audit.exported_entry import read_entry
from linkage.audit.record import JSON, EntryInvalid, canonical
from linkage.audit.report import Wrong
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.tiles import ENTRIES, parse_bundle, tiles_of, write_bundle, write_tile
from linkage.tlog.tree import NewNode, leaf_hash, push, root_of
from tests.exported import KEY, ORPHAN, edit, files, flipped, report_of
from tests.second_export_verifier import check_export
from tests.small_log import SIGNER


def test_an_export_of_entries_that_are_none_is_named_entry_by_entry_and_its_tree_holds(tmp_path: Path) -> None:
    size = 66_000
    frontier: list[bytes] = []
    nodes: dict[tuple[int, int], bytes] = {}
    for index in range(size):
        made: list[NewNode] = []
        push(frontier, index, leaf_hash(b"leaf-%d" % index), made)
        nodes |= {(level, place): digest for level, place, digest in made if level % 8 == 0}
    for tile in tiles_of(size):
        places = range(tile.index * 256, tile.index * 256 + tile.width)
        path = tmp_path / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            write_bundle([b"leaf-%d" % each for each in places])
            if tile.level == ENTRIES
            else write_tile([nodes[8 * tile.level, each] for each in places])
        )
    (tmp_path / "checkpoint").write_text(sign_checkpoint(SIGNER, size, root_of(frontier)))

    assert size == check_export(tmp_path, KEY.text)[0]
    report = report_of(tmp_path)
    assert {Wrong.LEAF} == {finding.what for finding in report.findings}
    assert size == len(report.findings) + report.uncounted

    edit(tmp_path / "tile/1/000", lambda raw: flipped(raw, 32 * 200))
    assert {(Wrong.TILE, 51_200), (Wrong.TILE, 0)} == {
        (each.what, each.index) for each in report_of(tmp_path).findings if each.what is not Wrong.LEAF
    }


GOOD: dict[str, JSON] = {
    "boot": "b",
    "eid": "00000000-0000-0000-0000-000000000001",
    "facts": {},
    "kind": "denied",
    "replica": "a",
    "t": 5,
    "v": 1,
}


@pytest.mark.parametrize(
    "change",
    [
        {"more": "x"},
        {"t": "5"},
        {"t": -1},
        {"t": True},
        {"v": 2},
        {"kind": 1},
        {"kind": ""},
        {"facts": []},
        {"sealed": "x"},
        {"ref": 1},
        {"ref": "00000000-0000-0000-0000-00000000000G"},
        {"eid": "00000000-0000-0000-0000-00000000000A"},
        {"eid": "00000000000000000000000000000001"},
    ],
)
def test_a_leaf_that_is_no_entry_is_refused(change: dict[str, JSON]) -> None:
    good = canonical(GOOD)
    entry = read_entry(7, good, leaf_hash(good))
    assert (7, 5, "denied", None) == (entry.index, entry.ms, entry.kind, entry.ref)
    with pytest.raises(EntryInvalid):
        read_entry(7, canonical({**GOOD, **change}), bytes(32))


@pytest.mark.parametrize("member", list(GOOD))
def test_a_leaf_that_lacks_a_member_is_refused(member: str) -> None:
    with pytest.raises(EntryInvalid):
        read_entry(7, canonical({name: value for name, value in GOOD.items() if name != member}), bytes(32))


def test_times_and_pairs_are_those_of_the_entries(tmp_path: Path) -> None:
    ids = [f"00000000-0000-0000-0000-00000000000{number}" for number in range(6)]
    said: list[dict[str, JSON]] = [
        {"kind": "intent", "t": 10},
        {"kind": "outcome", "t": 9, "ref": ids[0]},
        {"kind": "outcome", "t": 10, "ref": ids[0]},
        {"kind": "intent", "t": 11},
        {"kind": "outcome", "t": 200_000, "ref": ids[3]},
    ]
    leaves = [canonical({**GOOD, **each, "eid": eid}) for each, eid in zip(said, ids, strict=False)]
    frontier: list[bytes] = []
    for index, leaf in enumerate(leaves):
        push(frontier, index, leaf_hash(leaf), [])
    for name, content in (
        ("tile/entries/000.p/5", write_bundle(leaves)),
        ("tile/0/000.p/5", write_tile([leaf_hash(leaf) for leaf in leaves])),
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "checkpoint").write_text(sign_checkpoint(SIGNER, 5, root_of(frontier)))

    report = report_of(tmp_path)
    assert {(Wrong.ORDER, 1), (Wrong.PAIRING, 2)} == {(each.what, each.index) for each in report.findings}
    assert ([2], [4], []) == (report.unpaired, report.late, report.orphans)


def test_an_intent_that_is_young_is_open_and_not_an_orphan(out: Path) -> None:
    leaf = parse_bundle((out / "tile/entries/001").read_bytes(), 256)[ORPHAN - 256]
    ms = read_entry(ORPHAN, leaf, bytes(32)).ms
    assert ([ORPHAN], []) == (report_of(out, now_ms=ms + 1_000).open, report_of(out, now_ms=ms + 1_000).orphans)
    assert [ORPHAN] == report_of(out, now_ms=ms + 100_000).orphans


def test_verifying_changes_nothing(out: Path) -> None:
    before = files(out)
    report_of(out)
    assert before == files(out)
