"""Whatever is done to an exported folder is found, named by its place, by both verifiers; and nothing ends in a traceback."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from linkage.audit.report import Wrong
from linkage.errors import SettingsInvalid
from linkage.tlog.checkpoint import open_checkpoint, sign_checkpoint
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.tiles import parse_bundle, write_bundle, write_tile
from linkage.tlog.tree import leaf_hash
from tests.exported import (
    KEY,
    LAST,
    SIZE,
    edit,
    flipped,
    looked_through,
    report_of,
    said_by_the_second_verifier,
)
from tests.small_log import SIGNER


def entry_changed(out: Path, place: int, change: Callable[[bytes], bytes], bundle: str = LAST, width: int = 88) -> None:
    leaves = parse_bundle((out / bundle).read_bytes(), width)
    leaves[place] = change(leaves[place])
    (out / bundle).write_bytes(write_bundle(leaves))


def swapped(out: Path) -> None:
    leaves = parse_bundle((out / LAST).read_bytes(), 88)
    leaves[3], leaves[4] = leaves[4], leaves[3]
    (out / LAST).write_bytes(write_bundle(leaves))


def with_its_hash(out: Path) -> None:
    entry_changed(out, 9, lambda leaf: leaf.replace(b"c1", b"c2"))
    leaves = parse_bundle((out / LAST).read_bytes(), 88)
    (out / "tile/0/002.p/88").write_bytes(write_tile([leaf_hash(leaf) for leaf in leaves]))


def signed(out: Path, size: int, root: bytes | None = None, signer: LogSigner = SIGNER) -> None:
    known = open_checkpoint((out / "checkpoint").read_bytes(), KEY)
    (out / "checkpoint").write_text(sign_checkpoint(signer, size, root or known.root))


def removed(out: Path, *names: str) -> None:
    for name in names:
        (out / name).unlink()


def placed(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


Fault = tuple[Callable[[Path], object], set[tuple[Wrong, int]]]

FOUND: dict[str, Fault] = {
    "an entry is changed": (lambda out: entry_changed(out, 9, lambda leaf: leaf.replace(b"c1", b"c2")), {(Wrong.LEAF, 521)}),
    "an entry of a full bundle is changed": (
        lambda out: entry_changed(out, 7, lambda leaf: leaf.replace(b"c1", b"c2"), "tile/entries/001", 256),
        {(Wrong.LEAF, 263)},
    ),
    "an entry is longer": (lambda out: entry_changed(out, 9, lambda leaf: leaf + b" "), {(Wrong.LEAF, 521)}),
    "an entry is empty": (lambda out: entry_changed(out, 9, lambda _: b""), {(Wrong.LEAF, 521)}),
    "two entries are swapped": (swapped, {(Wrong.LEAF, 515), (Wrong.LEAF, 516)}),
    "an entry is changed with its hash": (with_its_hash, {(Wrong.CHECKPOINT, SIZE)}),
    "a bundle is missing": (lambda out: (out / "tile/entries/001").unlink(), {(Wrong.TILE, 256)}),
    "the last bundle is missing": (lambda out: (out / LAST).unlink(), {(Wrong.TILE, 512)}),
    "a bundle ends early": (lambda out: edit(out / LAST, lambda raw: raw[:-1]), {(Wrong.TILE, 512)}),
    "a bundle is empty": (lambda out: edit(out / LAST, lambda _: b""), {(Wrong.TILE, 512)}),
    "a bundle goes on": (lambda out: edit(out / LAST, lambda raw: raw + b"\0"), {(Wrong.TILE, 512)}),
    "a bundle has an entry more": (lambda out: edit(out / LAST, lambda raw: raw + b"\0\0"), {(Wrong.TILE, 512)}),
    "a bundle says that an entry is longer": (lambda out: edit(out / LAST, lambda raw: b"\xff\xff" + raw[2:]), {(Wrong.TILE, 512)}),
    "a bundle is larger than any can be": (lambda out: os.truncate(out / LAST, 2**40), {(Wrong.TILE, 512)}),
    "a tile is missing": (lambda out: (out / "tile/0/000").unlink(), {(Wrong.TILE, 0)}),
    "a tile above is missing": (lambda out: (out / "tile/1/000.p/2").unlink(), {(Wrong.TILE, 0)}),
    "a tile is short": (lambda out: edit(out / "tile/0/001", lambda raw: raw[:-32]), {(Wrong.TILE, 256)}),
    "a tile is short by a byte": (lambda out: edit(out / "tile/0/001", lambda raw: raw[:-1]), {(Wrong.TILE, 256)}),
    "a tile is long": (lambda out: edit(out / "tile/0/002.p/88", lambda raw: raw + raw[:32]), {(Wrong.TILE, 512)}),
    "a tile is empty": (lambda out: edit(out / "tile/0/002.p/88", lambda _: b""), {(Wrong.TILE, 512)}),
    "a hash of a leaf is changed": (
        lambda out: edit(out / "tile/0/002.p/88", lambda raw: flipped(raw, 33)),
        {(Wrong.LEAF, 513), (Wrong.CHECKPOINT, SIZE)},
    ),
    "a hash of a leaf in a full tile is changed": (
        lambda out: edit(out / "tile/0/001", lambda raw: flipped(raw, 33)),
        {(Wrong.LEAF, 257), (Wrong.TILE, 256)},
    ),
    "a hash of a tile is changed": (
        lambda out: edit(out / "tile/1/000.p/2", lambda raw: flipped(raw, 32)),
        {(Wrong.TILE, 256), (Wrong.CHECKPOINT, SIZE)},
    ),
    "bundle and tile are missing": (
        lambda out: removed(out, "tile/entries/001", "tile/0/001"),
        {(Wrong.TILE, 256)},
    ),
    "bundle and tile at the end are missing": (
        lambda out: removed(out, LAST, "tile/0/002.p/88"),
        {(Wrong.TILE, 512), (Wrong.CHECKPOINT, SIZE)},
    ),
    "the checkpoint names another root": (lambda out: signed(out, SIZE, bytes(32)), {(Wrong.CHECKPOINT, SIZE)}),
    "the checkpoint names more entries in the last tile": (
        lambda out: signed(out, SIZE + 1),
        {(Wrong.TILE, 512), (Wrong.CHECKPOINT, SIZE + 1)},
    ),
    "the checkpoint names an entry less": (
        lambda out: signed(out, SIZE - 1),
        {(Wrong.CHECKPOINT, SIZE - 1)},
    ),
}


@pytest.mark.parametrize("fault", list(FOUND))
def test_a_fault_is_named_by_its_place_and_the_second_verifier_refuses_too(fault: str, out: Path) -> None:
    assert report_of(out).clean
    assert not said_by_the_second_verifier(out)
    change, expected = FOUND[fault]
    change(out)
    report = report_of(out)
    assert expected == {(finding.what, finding.index) for finding in report.findings}, report.findings
    if fault != "a bundle is larger than any can be":
        assert said_by_the_second_verifier(out)


EXTRA: dict[str, Callable[[Path], object]] = {
    "tile/0/00x": placed,
    "tile/0/0001": placed,
    "tile/0/000.p/256": placed,
    "tile/00/000": placed,
    "tile/64/000": placed,
    "tile/entries/\x1b[31mred": placed,
    "tile/entries/\udcff": placed,
    "tile/entries/" + "a" * 250: placed,
    "tile/1/001": lambda path: path.symlink_to("/dev/zero"),
    "tile/1/002": os.mkfifo,
    "tile/" + "/".join(["x001"] * 40) + "/000": placed,
}


@pytest.mark.parametrize("place", range(len(EXTRA)))
def test_a_file_that_is_no_tile_is_named_in_plain_letters(place: int, out: Path) -> None:
    name, make = list(EXTRA.items())[place]
    make(out / name)
    (finding,) = report_of(out).findings
    assert Wrong.TILE == finding.what
    assert finding.why.isascii()
    assert finding.why.isprintable()
    assert len(finding.why) < 350


def test_a_size_that_no_file_reaches_is_named_once_and_comes_to_an_end(out: Path) -> None:
    removed(out, LAST, "tile/0/002.p/88")
    signed(out, 2**62)
    assert [str(found) for found in report_of(out).findings] == [
        f"tile 512: entries 512 to {2**62 - 1} are missing, with their hashes",
        f"checkpoint {2**62}: its root cannot be computed: entries and tiles are missing",
    ]
    placed(out / "tile/entries/x004/x000/000")
    behind = f"tile 512: entries 512 to {4_000_000 * 256 - 1} are missing, with their hashes; what stands behind them was not looked at"
    assert behind in [str(found) for found in report_of(out).findings]


def test_a_link_in_the_place_of_the_folder_of_tiles_is_not_followed(out: Path, tmp_path: Path) -> None:
    (out / "tile").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/private").touch()
    (out / "tile").symlink_to(tmp_path / "elsewhere")
    whys = [found.why for found in report_of(out).findings]
    assert whys[0] == "tile: not a folder of tiles"
    assert "private" not in " ".join(whys)


def test_a_pipe_or_a_folder_in_a_tiles_place_keeps_nobody_waiting(out: Path) -> None:
    for path, make in ((out / LAST, os.mkfifo), (out / "tile/0/000", os.mkdir)):
        path.unlink()
        make(path)
    assert {(Wrong.TILE, 512), (Wrong.TILE, 0)} == {(finding.what, finding.index) for finding in report_of(out).findings}


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint.cosigned"])
def test_a_pipe_or_a_folder_in_a_checkpoints_place_keeps_nobody_waiting(name: str, out: Path) -> None:
    for make in (os.mkfifo, os.mkdir):
        (out / name).unlink(missing_ok=True)
        make(out / name)
        with pytest.raises(SettingsInvalid) as refused:
            report_of(out)
        assert [str(out / name)] == [problem.file for problem in refused.value.problems]


def test_tiles_beyond_the_checkpoint_are_told_and_no_fault(out: Path) -> None:
    (out / "tile/0/003").write_bytes(bytes(8192))
    (out / "tile/entries/003.p").mkdir()
    (out / "tile/entries/003.p/1").write_bytes(b"\0\0")
    seen = looked_through(out)
    assert seen.report.clean
    assert ["tile/entries/003.p/1", "tile/0/003"] == [tile.path for tile in seen.beyond]


def test_a_wider_or_narrower_tile_has_to_begin_as_the_one_that_is_signed(out: Path) -> None:
    good = (out / "tile/0/002.p/88").read_bytes()
    for width, raw in ((10, good[:320]), (89, good + bytes(32))):
        (out / f"tile/0/002.p/{width}").write_bytes(raw)
        assert report_of(out).clean
        (out / f"tile/0/002.p/{width}").write_bytes(flipped(raw, 40))
        (finding,) = report_of(out).findings
        assert (512, f"tile/0/002.p/{width}: does not begin as tile/0/002.p/88") == (finding.index, finding.why)
        (out / f"tile/0/002.p/{width}").unlink()


def test_a_tile_that_has_grown_since_stands_for_what_it_grew_out_of(out: Path) -> None:
    (out / "tile/0/002.p/90").write_bytes((out / "tile/0/002.p/88").read_bytes() + bytes(64))
    (out / "tile/0/002.p/88").unlink()
    assert report_of(out).clean
