"""Verifies an exported log from its files alone: no database, no gateway, no settings.

Everything is computed again from the entries, and compared with the tiles on the way up to the signed root. Where a tile says
otherwise, the finding is named and the tile stands in for what follows: nothing hides behind the first finding. An export without
findings was computed from its entries alone.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from linkage.audit.export_folder import CHECKPOINT, COSIGNED
from linkage.audit.exported_entry import read_entry
from linkage.audit.exported_files import ExportedFiles, read_text_file
from linkage.audit.pairing import Pairing
from linkage.audit.record import EntryInvalid
from linkage.audit.report import Progress, Report, Wrong
from linkage.audit.verify import RECOVER_AFTER_MS
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.note import MAX_NOTE
from linkage.tlog.tiles import ENTRIES, WIDTH, Tile, edge_of, tile_root, width_at
from linkage.tlog.tree import leaf_hash, root_of

Hash = bytes | None
"""A hash; None where it is not known."""

_BESIDE: Final = 4
"""Bundles between two steps of progress."""
_WIDEST_GAP: Final = 1024
"""Bundles that may be missing in a row and are named one by one. A checkpoint can name any size, however few files there are."""


@dataclass(slots=True)
class _Level:
    """The hashes of the newest tile of a level, so far."""

    index: int = 0
    hashes: list[Hash] = field(default_factory=list)


class ExportVerification:
    """One verification. Go through `steps`; ``report`` says at any time what was found so far, ``beyond`` what nothing signs."""

    def __init__(self, folder: Path, key: LogVerifier, *, against: Sequence[Checkpoint] = (), now_ms: int | None = None) -> None:
        """Look at the checkpoint and the names of the files.

        Args:
            folder: the export.
            key: the log's public keys.
            against: checkpoints kept elsewhere, already opened: the log must be a continuation of each.
            now_ms: the time now, to tell intents that are under way from orphans; None to call all of them orphans.

        Raises:
            SettingsInvalid: there is no checkpoint: this is no export.
            NoteInvalid: the checkpoint is malformed, or not this log's.
        """
        self._key, self._now_ms = key, now_ms
        signed = open_checkpoint(read_text_file(folder / CHECKPOINT, MAX_NOTE), key)
        self._signed = signed
        self.report = Report(signed.origin, signed.size, signed.root, last=signed.size, checkpoints=1)
        self.beyond: list[Tile] = []
        self._pairing = Pairing(self.report, RECOVER_AFTER_MS)
        self._files = ExportedFiles(folder, self.report)
        self._levels: list[_Level] = [_Level()]
        self._ms = 0
        self._against: dict[int, list[Checkpoint]] = {}
        for each in (*against, *self._cosigned(folder)):
            self._against.setdefault(each.size, []).append(each)

    def steps(self) -> Iterator[Progress]:
        """Do it, and yield progress in entries."""
        size = self._signed.size
        self._compare_elsewhere(0, [])
        begun = time.perf_counter()
        bundles = -(-size // WIDTH)
        for index in range(bundles):
            if (gap := self._files.gap(index, bundles)) > _WIDEST_GAP:
                self._give_up(index, gap)
                break
            if index % _BESIDE == 0:
                yield Progress(index * WIDTH, size)
            self._take(index)
        self._finish()
        self.report.seconds = time.perf_counter() - begun
        yield Progress(size, size)

    # ---- entries

    def _take(self, index: int) -> None:
        """Check one bundle with its tile, and what they complete."""
        width = width_at(self._signed.size, 0, index)
        stored = self._files.hashes(Tile(0, index, width))
        entries = self._files.entries(Tile(ENTRIES, index, width))
        level = self._levels[0]
        level.index, level.hashes = index, [None] * width if stored is None else [*stored]
        if entries is not None:
            level.hashes = [*self._check_entries(index * WIDTH, entries, stored)]
        self._compare_within(index * WIDTH, width)
        if width == WIDTH:
            self._carry(0)
            self._compare_elsewhere(index * WIDTH + WIDTH, [])

    def _give_up(self, index: int, gap: int) -> None:
        """Name a gap that is too wide to go through. What may stand behind it is not looked at."""
        first, end = index * WIDTH, min((index + gap) * WIDTH, self._signed.size)
        behind = "; what stands behind them was not looked at" if end < self._signed.size else ""
        self.report.add(Wrong.TILE, first, f"entries {first} to {end - 1} are missing, with their hashes{behind}")
        self._levels[0].hashes = [None]  # so that nothing takes the root of the entries before for that of all

    def _check_entries(self, first: int, entries: Sequence[bytes], stored: Sequence[bytes] | None) -> list[bytes]:
        hashes = [leaf_hash(each) for each in entries]
        for place, leaf in enumerate(entries):
            self._check_entry(first + place, leaf, hashes[place])
        if stored is None or stored == hashes:
            return hashes
        for place, (computed, found) in enumerate(zip(hashes, stored, strict=True)):
            if computed != found:
                self.report.add(Wrong.LEAF, first + place, f"its bytes do not have its hash in {Tile(0, first // WIDTH).path}")
        return list(stored)

    def _check_entry(self, index: int, leaf: bytes, digest: bytes) -> None:
        try:
            entry = read_entry(index, leaf, digest)
        except EntryInvalid as cause:
            self.report.add(Wrong.LEAF, index, str(cause))
            return
        if entry.ms < self._ms:
            self.report.add(Wrong.ORDER, index, "its time goes back")
        self._ms = max(self._ms, entry.ms)
        self._pairing.see(entry)

    # ---- tiles

    def _carry(self, level: int) -> None:
        """Hash a full tile upward; whatever that fills in its turn, too."""
        full = self._levels[level]
        if level + 1 == len(self._levels):
            self._levels.append(_Level())
        above = self._levels[level + 1]
        above.hashes.append(_root_of_tile(full.hashes))
        full.index, full.hashes = full.index + 1, []
        if len(above.hashes) == WIDTH:
            self._compare_tile(level + 1)
            self._carry(level + 1)

    def _compare_tile(self, level: int) -> None:
        """Compare what was computed of a tile with its file."""
        computed = self._levels[level]
        tile = Tile(level, computed.index, len(computed.hashes))
        stored = self._files.hashes(tile)
        if stored is None or stored == computed.hashes:
            return
        for place, (own, found) in enumerate(zip(computed.hashes, stored, strict=True)):
            if own is not None and own != found:
                below = Tile(level - 1, tile.index * WIDTH + place)
                self.report.add(Wrong.TILE, below.first_entry, f"{tile.path}: its hash {place} is not that of {below.path}")
        computed.hashes = list(stored)

    def _finish(self) -> None:
        """Check what only the whole shows."""
        for level in range(1, len(self._levels)):
            if self._levels[level].hashes:
                self._compare_tile(level)
        size, root = self._signed.size, self._root(self._levels[0].hashes)
        if root is None:
            self.report.add(Wrong.CHECKPOINT, size, "its root cannot be computed: entries and tiles are missing")
        elif root != self._signed.root:
            self.report.add(Wrong.CHECKPOINT, size, f"the {size} entries have another root")
        for kept in sorted(self._against):
            self._compare_elsewhere(kept, self._levels[0].hashes)
        self._pairing.end(self._pairing.still_open(), self._now_ms)
        self.beyond = self._files.beyond()

    def _root(self, leaves: Sequence[Hash]) -> Hash:
        """The root of the entries so far, the last tile's being these; None where it cannot be computed."""
        known: list[list[bytes]] = []
        for row in (leaves, *(level.hashes for level in self._levels[1:])):
            known.append([each for each in row if each is not None])
            if len(known[-1]) != len(row):
                return None
        return root_of(edge_of(known))

    # ---- checkpoints kept elsewhere

    def _cosigned(self, folder: Path) -> list[Checkpoint]:
        """The cosigned checkpoint beside the newest one, if there is one."""
        path = folder / COSIGNED
        if not path.exists():
            return []
        try:
            found = open_checkpoint(read_text_file(path, MAX_NOTE), self._key)
        except NoteInvalid as cause:
            self.report.add(Wrong.CHECKPOINT, self._signed.size, f"{COSIGNED}: {cause}")
            return []
        self.report.checkpoints += 1
        return [found]

    def _compare_within(self, first: int, width: int) -> None:
        """Compare checkpoints of sizes within the tile that was just read."""
        for size in [size for size in self._against if first < size < first + width]:
            self._compare_elsewhere(size, self._levels[0].hashes[: size - first])

    def _compare_elsewhere(self, size: int, leaves: Sequence[Hash]) -> None:
        """Compare the checkpoints of this size, at which the newest tile of leaves has these."""
        for kept in self._against.pop(size, []):
            if size > self._signed.size:
                self.report.add(Wrong.CHECKPOINT, size, "a checkpoint kept elsewhere is beyond the export")
            elif kept.root != self._root(leaves):
                self.report.add(Wrong.CHECKPOINT, size, "a checkpoint kept elsewhere has another root")


def _root_of_tile(hashes: Sequence[Hash]) -> Hash:
    known = [each for each in hashes if each is not None]
    return tile_root(known) if len(known) == len(hashes) else None
