"""The files of an exported log, as they are found: whatever stands in the folder may have been put there by anybody."""

import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from linkage.audit.report import Report, Wrong
from linkage.errors import Problem, SettingsInvalid
from linkage.tlog.errors import TileInvalid
from linkage.tlog.tiles import ENTRIES, MAX_BUNDLE, Tile, parse_bundle, parse_path, parse_tile
from linkage.tlog.tree import HASH_SIZE

_LONGEST_NAME: Final = 120


class ExportedFiles:
    """Every tile and bundle that is there. What is no tile, or is not what its neighbours say, becomes a finding."""

    def __init__(self, folder: Path, report: Report) -> None:
        """Look at the names of all files; none is opened."""
        self._folder = folder
        self._report = report
        self._widths: dict[tuple[int, int], list[int]] = {}
        self._wider: list[Tile] = []
        for path in self._names() if self._has_tiles() else ():
            try:
                tile = parse_path(path)
            except TileInvalid as cause:
                report.add(Wrong.TILE, 0, f"{_shown(path)}: {cause}")
            else:
                self._widths.setdefault((tile.level, tile.index), []).append(tile.width)
        self._bundles = sorted({index for level, index in self._widths if level in (0, ENTRIES)})

    def gap(self, index: int, end: int) -> int:
        """How many bundles, from this one on and before ``end``, have no file at all: neither their own nor that of their hashes."""
        following = bisect_left(self._bundles, index)
        return min(end, self._bundles[following] if following < len(self._bundles) else end) - index

    def entries(self, bundle: Tile) -> list[bytes] | None:
        """The entries of a bundle; None, and a finding, if it is not there or malformed. Of any other width it has to agree."""
        return self._find(bundle, parse_bundle)

    def hashes(self, tile: Tile) -> list[bytes] | None:
        """The hashes of a tile; as `entries`."""
        return self._find(tile, parse_tile)

    def beyond(self) -> list[Tile]:
        """What nobody asked for: tiles beyond the checkpoint, as an export leaves that was stopped."""
        rest = [Tile(*place, width) for place, widths in self._widths.items() for width in widths]
        return sorted([*self._wider, *rest])

    def _find(self, tile: Tile, parse: Callable[[bytes, int], list[bytes]]) -> list[bytes] | None:
        """The tile, or the beginning of a wider one in its place: it may have grown, and been dropped."""
        there = self._widths.pop((tile.level, tile.index), [])
        best: list[bytes] | None = None
        for width in sorted(there, key=lambda width: (width != tile.width, width < tile.width, width)):
            each = Tile(tile.level, tile.index, width)
            content = self._read(each, parse)
            if width > tile.width:
                self._wider.append(each)
            if content is None:
                continue
            if best is None and width >= tile.width:
                best = content[: tile.width]
            elif best is not None and content[: tile.width] != best[:width]:
                self._report.add(Wrong.TILE, tile.first_entry, f"{each.path}: does not begin as {tile.path}")
        if best is None and tile.width not in there:
            self._report.add(Wrong.TILE, tile.first_entry, f"{tile.path}: missing")
        return best

    def _read(self, tile: Tile, parse: Callable[[bytes, int], list[bytes]]) -> list[bytes] | None:
        longest = MAX_BUNDLE if tile.level == ENTRIES else tile.width * HASH_SIZE
        try:
            return parse(read_bounded(self._folder / tile.path, longest), tile.width)
        except OSError as cause:
            why = cause.strerror or "unreadable"
        except TileInvalid as cause:
            why = str(cause)
        self._report.add(Wrong.TILE, tile.first_entry, f"{tile.path}: {why}")
        return None

    def _has_tiles(self) -> bool:
        """Whether there is a folder of tiles: a link in its place, into this machine's own files, is none."""
        try:
            mode = (self._folder / "tile").lstat().st_mode
        except OSError:
            return False
        if not stat.S_ISDIR(mode):
            self._report.add(Wrong.TILE, 0, "tile: not a folder of tiles")
        return stat.S_ISDIR(mode)

    def _names(self) -> Iterator[str]:
        """Every file's path below the folder, with forward slashes. Follows no link."""
        folders = ["tile"]
        while folders:
            folder = folders.pop()
            try:
                found = sorted(os.scandir(self._folder / folder), key=lambda each: each.name)
            except FileNotFoundError:
                continue
            except OSError as cause:
                self._report.add(Wrong.TILE, 0, f"{_shown(folder)}: {cause.strerror}")
                continue
            for each in found:
                path = f"{folder}/{each.name}"
                if each.is_file(follow_symlinks=False):
                    yield path
                elif each.is_dir(follow_symlinks=False):
                    folders.append(path)
                else:
                    self._report.add(Wrong.TILE, 0, f"{_shown(path)}: neither a file nor a folder of tiles")


def read_bounded(path: Path, longest: int) -> bytes:
    """The bytes of a file, at most ``longest`` and one more: enough to tell that it is too long.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe in a file's place keeps nobody waiting
    with open(descriptor, "rb") as file:  # noqa: PTH123 (a descriptor, not a path)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        return file.read(longest + 1)


def read_text_file(path: Path, longest: int) -> bytes:
    """The bytes of one of the folder's texts.

    Raises:
        SettingsInvalid: there is none to be read.
    """
    try:
        return read_bounded(path, longest)
    except OSError as cause:
        raise SettingsInvalid((Problem(str(path), "--export", cause.strerror or "unreadable", "a file of an export"),)) from cause


def _shown(path: str) -> str:
    """A name that anybody may have chosen, as plain and short text."""
    plain = ascii(path)[1:-1]
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[:_LONGEST_NAME]}..."
