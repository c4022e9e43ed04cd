"""Tiles and entry bundles (c2sp.org/tlog-tiles): the form in which a whole log is handed on as files.

A tile holds up to 256 hashes of one level, where level ``L`` counts in steps of 256**L leaves; an entry bundle holds the leaves
themselves. What is full never changes. A partial one is named by its width and grows into the full one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from linkage.tlog.encoding import MAX_SIZE
from linkage.tlog.errors import TileInvalid
from linkage.tlog.tree import HASH_SIZE

WIDTH: Final = 256
"""Hashes of a full tile, entries of a full bundle."""
HEIGHT: Final = 8
"""Levels of the tree that one level of tiles spans: hash ``i`` of level ``L`` is the node (HEIGHT * L, i)."""
ENTRIES: Final = -1
"""In the place of a level: an entry bundle."""
MAX_LEVEL: Final = 63
MAX_ENTRY: Final = 65_535
"""Bytes of an entry: what the two bytes before it can say."""
MAX_BUNDLE: Final = WIDTH * (MAX_ENTRY + 2)
"""Bytes of an entry bundle."""

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)
_MOST_GROUPS: Final = 7
_PREFIX: Final = 2  # bytes of an entry's length


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Where a tile stands: its level (or `ENTRIES`), its number on that level, and how many hashes or entries it holds, 1 to 256."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its name below the log's own, with forward slashes."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        digits = str(self.index)
        groups = [f"{int(digits[max(0, end - 3) : end]):03}" for end in range(len(digits), 0, -3)][::-1]
        number = "/".join([*(f"x{each}" for each in groups[:-1]), groups[-1]])
        return f"tile/{level}/{number}" + ("" if self.full else f".p/{self.width}")

    @property
    def full(self) -> bool:
        """Whether it holds all that it ever will."""
        return self.width == WIDTH

    @property
    def first_entry(self) -> int:
        """The index of the first entry it is about."""
        return self.index << HEIGHT * (max(self.level, 0) + 1)


def parse_path(path: str) -> Tile:
    """Read a tile's path in its one spelling.

    Raises:
        TileInvalid: not the path of a tile or an entry bundle.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise TileInvalid(
            "tile path", got="another form", expected="tile/<level>/<number>[.p/<width>] or tile/entries/<number>[.p/<width>]"
        )
    level = ENTRIES if found[1] == "entries" else int(found[1])
    if level > MAX_LEVEL:
        raise TileInvalid("tile level", got=found[1], expected=f"at most {MAX_LEVEL}")
    width = WIDTH if found[3] is None else int(found[3])
    if found[3] is not None and width >= WIDTH:
        raise TileInvalid("tile width", got=found[3], expected=f"1 to {WIDTH - 1}")
    groups = found[2].split("/")
    index = int("".join(groups).replace("x", "")) if len(groups) <= _MOST_GROUPS else MAX_SIZE + 1
    if index > MAX_SIZE:
        raise TileInvalid("tile number", got="a greater one", expected="at most 2**63-1")
    tile = Tile(level, index, width)
    if tile.path != path:
        raise TileInvalid("tile number", got="groups of leading zeros", expected="none")
    return tile


def width_at(size: int, level: int, index: int) -> int:
    """How many hashes the tile holds in a tree of ``size`` leaves, 0 to 256; for `ENTRIES` how many entries."""
    return min(WIDTH, max(0, (size >> HEIGHT * max(level, 0)) - index * WIDTH))


def tiles_of(size: int, *, beyond: int = 0) -> Iterator[Tile]:
    """Every bundle and tile of a tree of ``size`` leaves that a tree of ``beyond`` leaves does not have: by level, bundles first."""
    for level in range(ENTRIES, MAX_LEVEL + 1):
        hashes = size >> HEIGHT * max(level, 0)
        if not hashes:
            return
        known = beyond >> HEIGHT * max(level, 0)
        for index in range(known // WIDTH, -(-hashes // WIDTH)):
            if (width := width_at(size, level, index)) > width_at(beyond, level, index):
                yield Tile(level, index, width)


def write_tile(hashes: Sequence[bytes]) -> bytes:
    """The bytes of a tile with these hashes, 1 to 256 of 32 bytes each."""
    return b"".join(hashes)


def parse_tile(raw: bytes, width: int) -> list[bytes]:
    """Read a tile of ``width`` hashes.

    Raises:
        TileInvalid: another length.
    """
    if len(raw) != width * HASH_SIZE:
        raise TileInvalid("tile", got=f"{len(raw)} bytes", expected=f"{width * HASH_SIZE}")
    return [raw[at : at + HASH_SIZE] for at in range(0, len(raw), HASH_SIZE)]


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of a bundle with these entries, 1 to 256 of at most 65,535 bytes each."""
    return b"".join(piece for each in entries for piece in (len(each).to_bytes(_PREFIX, "big"), each))


def parse_bundle(raw: bytes, width: int) -> list[bytes]:
    """Read a bundle of ``width`` entries.

    Raises:
        TileInvalid: it ends early, or goes on behind its last entry.
    """
    entries: list[bytes] = []
    at, length = 0, len(raw)
    for number in range(width):
        begin = at + _PREFIX
        at = begin + int.from_bytes(raw[at:begin], "big")
        if begin > length or at > length:
            raise TileInvalid("entry bundle", got=f"an end within entry {number}", expected=f"{width} whole entries")
        entries.append(raw[begin:at])
    if at != length:
        raise TileInvalid("entry bundle", got=f"{length - at} bytes behind its entries", expected="none")
    return entries


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """The one hash that stands for a full tile on the level above.

    Raises:
        TileInvalid: not 256 hashes: a partial tile stands for nothing yet.
    """
    if len(hashes) != WIDTH:
        raise TileInvalid("tile", got=f"{len(hashes)} hashes", expected=f"{WIDTH}, as only full tiles are hashed")
    return _perfect(hashes)


def edge_of(tiles: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The frontier of a tree (see `linkage.tlog.tree.root_of`), from the hashes of its last tile on each level, level 0 first.

    A last tile that is full counts as an empty one: the level above has it already.
    """
    frontier: list[bytes] = []
    for hashes in reversed(tiles):
        at, width = 0, len(hashes) % WIDTH
        while at < width:
            step = 1 << (width - at).bit_length() - 1
            frontier.append(_perfect(hashes[at : at + step]))
            at += step
    return frontier


def _perfect(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]
