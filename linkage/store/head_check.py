"""Checks the head row against itself, its signed checkpoint, and what this process saw before. A mismatch is never repaired."""

from linkage.errors import LogCorrupt
from linkage.store.contract import Head
from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.tree import root_of


def check_head(head: Head | None, known: Head | None, key: LogVerifier) -> Head:
    """Give the head if it is sound.

    Args:
        head: as just read; None where there is none of this schema version.
        known: the newest that this process has checked; its signature is not verified a second time.
        key: the log's key.

    Raises:
        LogCorrupt: missing, inconsistent in itself, not signed by the key, or not after ``known``.
    """
    if head is None:
        raise LogCorrupt("head: got none of this schema version, expected one row")
    if known is not None and head == known:
        return head
    if known is not None and head.note == known.note:
        raise LogCorrupt("head: changed under an unchanged checkpoint")
    _check_alone(head, key)
    if known is not None:
        _check_after(head, known)
    return head


def _check_alone(head: Head, key: LogVerifier) -> None:
    if len(head.frontier) != head.size.bit_count():
        raise LogCorrupt(f"frontier: got {len(head.frontier)} hashes, expected {head.size.bit_count()} for the head's size")
    if root_of(head.frontier) != head.root:
        raise LogCorrupt("frontier: got another root than the head's")
    try:
        checkpoint = open_checkpoint(head.note.encode(), key)
    except NoteInvalid as cause:
        raise LogCorrupt(f"head note: {cause}") from cause
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (head.origin, head.size, head.root):
        raise LogCorrupt("head note: names another origin, size or root than the head")


def _check_after(head: Head, known: Head) -> None:
    if (head.origin, head.log_uuid) != (known.origin, known.log_uuid):
        raise LogCorrupt("head: belongs to another log than before")
    if head.size < known.size or head.last_ms < known.last_ms:
        raise LogCorrupt(f"head: got size {head.size} after {known.size}: the log was rolled back")
    if head.size == known.size and head.root != known.root:
        raise LogCorrupt(f"head: got another root for size {head.size} than before")
