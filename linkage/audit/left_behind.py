"""Which gateways still sign without a log's newest key, by what the log itself shows of them."""

from functools import partial
from itertools import islice

from linkage.audit.record import EntryInvalid, Kind, parse_leaf
from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import StoredEntry
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.note import VerifierKey, split_note

_AT_ONCE = 64
"""Checkpoints read in one transaction."""


def left_behind(reader: LogReader, newest: VerifierKey, since: int) -> tuple[str, ...]:
    """Names of the gateways that have signed without the newest key and were not started with it afterwards, sorted.

    A gateway that has recorded nothing since then is not seen here. A command at a gateway's machine signs with whatever keys are there
    and says nothing about the gateway beside it: only a start does.

    Args:
        reader: of the log.
        newest: the key.
        since: index of the entry from which on to look.

    Raises:
        StoreUnavailable, LogCorrupt: the log cannot be read.
    """
    behind: set[str] = set()
    while batches := reader.consistent(partial(_batches, newest=newest, first=since)):
        for _, signed, entries in batches:
            for entry in entries:
                if not signed:
                    behind.add(_replica(entry))
                elif entry.kind == Kind.BOOT:
                    behind.discard(_replica(entry))
        since, _, _ = batches[-1]
    return tuple(sorted(behind))


def _batches(log: LogReader, newest: VerifierKey, first: int) -> list[tuple[int, bool, list[StoredEntry]]]:
    """What was recorded next: where each batch ends, whether the newest key signed it (not verified: the log is our own), its entries."""
    ends = [(size, _signed_by(newest, note)) for size, _, note, _ in log.checkpoints(first + 1, _AT_ONCE)]
    entries = log.entries(first, ends[-1][0] - first) if ends else iter(())
    begins = (first, *(size for size, _ in ends))
    return [(size, signed, list(islice(entries, size - begin))) for begin, (size, signed) in zip(begins, ends, strict=False)]


def _signed_by(key: VerifierKey, note: str) -> bool:
    try:
        _, signatures = split_note(note.encode())
    except NoteInvalid as cause:
        raise LogCorrupt(f"a checkpoint: {cause}") from cause
    return any((name, key_id) == (key.name, key.key_id) for name, key_id, _ in signatures)


def _replica(entry: StoredEntry) -> str:
    try:
        return str(parse_leaf(entry.leaf)["replica"])
    except (EntryInvalid, KeyError):
        raise LogCorrupt(f"leaf {entry.index}: cannot be read") from None
