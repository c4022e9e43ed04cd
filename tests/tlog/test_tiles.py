"""Tiles of the vectors, byte for byte, and what is no tile."""

from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest

from linkage.tlog.errors import TileInvalid
from linkage.tlog.tiles import (
    ENTRIES,
    Tile,
    edge_of,
    parse_bundle,
    parse_path,
    parse_tile,
    tile_root,
    tiles_of,
    width_at,
    write_bundle,
    write_tile,
)
from linkage.tlog.tree import root_of

SIZE = 300
OF_THE_VECTORS = {
    "tile/0/000": (8192, "ce3c085cd6d7319d36f186fd350976c5e95e53d273bbeede36875ef414efb450"),
    "tile/0/001.p/44": (1408, "e82ea97d8b9c5712083da74350c08bf1f02b76226bc577c0a6222f4bf17681ff"),
    "tile/1/000.p/1": (32, "53ea4459da184612c4c9a45756f59cdc426deba13f29e51debee356ba241efe9"),
    "tile/entries/001.p/44": (440, "70c7f95e1f677a56fd2289a5b7a0e48627f8fd7d3acf36a80e644275c4fb4cfc"),
}


def content(tile: Tile, tree: Any) -> bytes:
    places = range(tile.index * 256, tile.index * 256 + tile.width)
    if tile.level == ENTRIES:
        return write_bundle([b"leaf-%d" % place for place in places])
    return write_tile([tree.nodes[8 * tile.level, place] for place in places])


def test_the_tiles_of_300_entries_are_those_of_the_vectors(tree: Any) -> None:
    tiles = list(tiles_of(SIZE))

    assert {"tile/entries/000", *OF_THE_VECTORS} == {tile.path for tile in tiles}
    made = {tile.path: content(tile, tree) for tile in tiles}
    for path, (length, digest) in OF_THE_VECTORS.items():
        assert (length, digest) == (len(made[path]), sha256(made[path]).hexdigest())
    assert made["tile/entries/001.p/44"].startswith(bytes.fromhex("00086c6561662d323536"))
    assert made["tile/1/000.p/1"] == tree.roots[256] == tile_root(parse_tile(made["tile/0/000"], 256))


def test_a_tree_of_70000_entries_has_the_tiles_that_the_specification_counts() -> None:
    tiles = list(tiles_of(70_000))
    counted = {
        (level, full): sum((tile.level, tile.full) == (level, full) for tile in tiles) for level in range(3) for full in (True, False)
    }

    assert {(0, True): 273, (0, False): 1, (1, True): 1, (1, False): 1, (2, True): 0, (2, False): 1} == counted
    assert {Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)} <= set(tiles)
    assert ["tile/0/000", "tile/1/000.p/1"] == [tile.path for tile in tiles_of(256) if tile.level != ENTRIES]
    assert [] == list(tiles_of(0))


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 257, 300, 65_535, 65_536, 65_537, 66_000, 70_000])
def test_the_last_tiles_of_every_level_lead_to_the_root(size: int, grown: Any) -> None:
    last = []
    for level in range(4):
        index = max(0, (size >> 8 * level) - 1) // 256
        width = width_at(size, level, index)
        last.append([grown.nodes[8 * level, index * 256 + place] for place in range(width)])

    assert grown.roots[size] == root_of(edge_of(last))


@pytest.fixture(scope="module")
def grown(grow: Callable[[int], Any]) -> Any:
    return grow(70_000)


def test_what_is_new_between_two_sizes_and_what_was_there_are_all_there_is() -> None:
    sizes = [0, 1, 44, 255, 256, 257, 300, 511, 512, 65_536, 65_537, 65_900, 70_000]
    for old, new in pairwise(sizes):
        more = set(tiles_of(new, beyond=old))
        assert set(tiles_of(new)) == more | (set(tiles_of(old)) & set(tiles_of(new)))
        assert not more & set(tiles_of(old))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(63, 1_234_067), "tile/63/x001/x234/067"),
        (Tile(ENTRIES, 1_234_067, 255), "tile/entries/x001/x234/067.p/255"),
        (Tile(1, 2**63 - 1, 1), "tile/1/x009/x223/x372/x036/x854/x775/807.p/1"),
    ],
)
def test_a_path_is_written_and_read_again(tile: Tile, path: str) -> None:
    assert path == tile.path
    assert tile == parse_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/000/",
        "/tile/0/000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/8/0/000",
        "tile/0/x000/001",
        "tile/0/x001/x000",
        "tile/0/001/000",
        "tile/0/X001/000",
        "tile/0/00a",
        "tile/0/٠٠٠",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/300",
        "tile/0/000.p/1000",
        "tile/0/000.p/+1",
        "tile/0/000.q/1",
        "tile/0/000\n",
        "tile/entry/000",
        "tile/../000",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/" + "x001/" * 5000 + "000",
    ],
)
def test_a_path_in_another_spelling_is_refused(path: str) -> None:
    with pytest.raises(TileInvalid, match=r"got .*, expected"):
        parse_path(path)


def test_a_tile_of_another_length_is_refused() -> None:
    for raw, width in ((b"", 1), (bytes(31), 1), (bytes(33), 1), (bytes(8192), 255), (bytes(8160), 256)):
        with pytest.raises(TileInvalid, match=f"got {len(raw)} bytes, expected {width * 32}"):
            parse_tile(raw, width)


@pytest.mark.parametrize(
    ("raw", "width", "got"),
    [
        (b"", 1, "an end within entry 0"),
        (b"\x00", 1, "an end within entry 0"),
        (b"\x00\x02a", 1, "an end within entry 0"),
        (b"\x00\x01a", 2, "an end within entry 1"),
        (b"\x00\x01a\x00", 2, "an end within entry 1"),
        (b"\x00\x01a\x00\x01b", 1, "3 bytes behind its entries"),
        (b"\x00\x00", 2, "an end within entry 1"),
        (b"\xff\xff" + bytes(65_534), 1, "an end within entry 0"),
    ],
)
def test_a_bundle_that_ends_early_or_goes_on_is_refused(raw: bytes, width: int, got: str) -> None:
    with pytest.raises(TileInvalid, match=f"got {got}, expected"):
        parse_bundle(raw, width)


def test_a_bundle_keeps_entries_of_every_length() -> None:
    entries = [b"", b"a", bytes(65_535)]
    assert entries == parse_bundle(write_bundle(entries), 3)


def test_a_partial_tile_stands_for_nothing_on_the_level_above() -> None:
    with pytest.raises(TileInvalid, match="only full tiles are hashed"):
        tile_root([bytes(32)] * 255)
