"""Exports the log as files that stand for themselves (c2sp.org/tlog-tiles): tiles, entry bundles, a checkpoint, the log's key.

Whoever has the folder can verify it, and prove any entry of it, without database or gateway. A second export into the same folder adds
what is new. The log is read a bundle at a time, each in one short look, so a gateway may go on writing; nothing is exported that does
not lead to the signed root, and the new checkpoint is put in place when everything below it is.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from linkage.audit.export_folder import ExportFolder
from linkage.audit.report import Progress
from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import Head, StoredEntry
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.tiles import ENTRIES, HEIGHT, WIDTH, Tile, edge_of, parse_tile, tile_root, tiles_of, width_at, write_bundle, write_tile
from linkage.tlog.tree import leaf_hash, read_frontier, root_of


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did: the log it is of, its size now and in the export before, and how many files it wrote."""

    origin: str
    size: int
    root: bytes
    before: int
    written: int


def export_log(reader: LogReader, key: LogVerifier, folder: Path, *, cosigned: str | None = None) -> Generator[Progress, None, Exported]:
    """Export the log, and yield progress in files. Stopped at any point, the next run completes it.

    Args:
        reader: the log, outside of `LogReader.consistent`; nobody else uses this reader meanwhile.
        key: the log's public keys.
        folder: where to; made if it is not there.
        cosigned: the newest checkpoint with witnesses' lines, if there is one.

    Raises:
        StoreUnavailable: the log cannot be read now.
        LogCorrupt: the log is not as it was written, or the folder holds what this log does not say: more entries, or others.
        SettingsInvalid: the folder belongs to another log, or to something else.
        ExportFailed: the folder cannot be written.
    """
    head = reader.consistent(lambda log: log.head())
    _check_signed(head, key)
    with ExportFolder(folder) as place:
        before = place.begin(key)
        if before is not None:
            _check_continues(reader, head, before)
        known = 0 if before is None else before.size
        work = _Work(reader, place, head)
        yield from work.steps(known)
        place.finish(*_notes(head, key, cosigned))
        for tile in tiles_of(head.size, beyond=known):
            if tile.full and (known >> HEIGHT * max(tile.level, 0)) // WIDTH <= tile.index:
                place.drop_partial(tile)
        return Exported(head.origin, head.size, head.root, known, work.written)


def _check_signed(head: Head, key: LogVerifier) -> None:
    try:
        signed = open_checkpoint(head.note.encode(), key)
    except NoteInvalid as cause:
        raise LogCorrupt(f"newest checkpoint: {cause}") from cause
    if (signed.size, signed.root) != (head.size, head.root):
        raise LogCorrupt("newest checkpoint: it names another size or root than stands beside it")


def _check_continues(reader: LogReader, head: Head, before: Checkpoint) -> None:
    if before.size > head.size:
        raise LogCorrupt(f"log: got {head.size} entries, the folder has {before.size} of it: this is an older copy of the log")
    if root_of(reader.consistent(lambda log: read_frontier(before.size, log.node))) != before.root:
        raise LogCorrupt(f"log: its first {before.size} entries are not those that the folder has of it")


def _notes(head: Head, key: LogVerifier, cosigned: str | None) -> tuple[str, str | None]:
    """What becomes the checkpoint, and the cosigned one beside it, if that is of another size."""
    if cosigned is None:
        return head.note, None
    try:
        size = open_checkpoint(cosigned.encode(), key).size
    except NoteInvalid as cause:
        raise LogCorrupt(f"newest cosigned checkpoint: {cause}") from cause
    if size == head.size:
        return cosigned, cosigned
    return head.note, cosigned if size < head.size else None


class _Work:
    """Writes the tiles of one size of the log."""

    def __init__(self, reader: LogReader, place: ExportFolder, head: Head) -> None:
        self._reader, self._place, self._head = reader, place, head
        self.written = 0

    def steps(self, known: int) -> Iterator[Progress]:
        """Write what a folder with an export of ``known`` entries lacks."""
        size, place = self._head.size, self._place
        wanted = [tile for tile in tiles_of(size) if tile.width != width_at(known, tile.level, tile.index) or not place.holds(tile)]
        bundles = sorted({tile.index for tile in wanted if tile.level <= 0})
        upper = [tile for tile in wanted if tile.level > 0]
        total = 2 * len(bundles) + len(upper)
        for done, index in enumerate(bundles):
            yield Progress(2 * done, total)
            self._put_entries(index)
        for done, tile in enumerate(upper, 2 * len(bundles)):
            yield Progress(done, total)
            self._put_hashes(tile)
        self._check_edge()
        yield Progress(total, total)

    def _put_entries(self, index: int) -> None:
        first, width = index * WIDTH, width_at(self._head.size, 0, index)
        entries = self._reader.consistent(lambda log: list(log.entries(first, width)))
        hashes = [_checked(entry, place) for place, entry in enumerate(entries, first)]
        if len(hashes) != width:
            raise LogCorrupt(f"log: entries missing from {first + len(hashes)} on")
        self._check_parent(Tile(0, index, width), hashes)
        self._put(Tile(ENTRIES, index, width), write_bundle([entry.leaf for entry in entries]))
        self._put(Tile(0, index, width), write_tile(hashes))

    def _put_hashes(self, tile: Tile) -> None:
        rows = self._reader.consistent(lambda log: log.nodes(HEIGHT * tile.level, tile.index * WIDTH, tile.width))
        if [index for index, _ in rows] != list(range(tile.index * WIDTH, tile.index * WIDTH + tile.width)):
            raise LogCorrupt(f"log: nodes missing at level {HEIGHT * tile.level} from {tile.index * WIDTH} on")
        hashes = [digest for _, digest in rows]
        self._check_parent(tile, hashes)
        self._put(tile, write_tile(hashes))

    def _put(self, tile: Tile, content: bytes) -> None:
        self.written += self._place.put(tile, content)

    def _check_parent(self, tile: Tile, hashes: Sequence[bytes]) -> None:
        level = HEIGHT * (tile.level + 1)
        if tile.full and tile_root(hashes) != self._reader.consistent(lambda log: log.node(level, tile.index)):
            raise LogCorrupt(f"log: node {level}/{tile.index} is not the hash of what is below it")

    def _check_edge(self) -> None:
        """Check that what the folder has at its right edge leads to the signed root; the rest hangs on it, by `_check_parent`."""
        size, edge = self._head.size, list[list[bytes]]()
        while hashes := size >> HEIGHT * len(edge):
            tile = Tile(len(edge), (hashes - 1) // WIDTH, width_at(size, len(edge), (hashes - 1) // WIDTH))
            edge.append(parse_tile(self._place.read(tile), tile.width))
        if root_of(edge_of(edge)) != self._head.root:
            raise LogCorrupt(f"log: its {size} entries have another root than its newest checkpoint")


def _checked(entry: StoredEntry, index: int) -> bytes:
    digest = leaf_hash(entry.leaf)
    if entry.index != index:
        raise LogCorrupt(f"log: entry {index} is missing")
    if digest != entry.leaf_hash:
        raise LogCorrupt(f"log: the bytes of entry {index} do not have its hash")
    return digest
