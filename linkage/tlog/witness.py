"""What a witness decides about a request, as the specification orders it (c2sp.org/tlog-witness). Pure: nothing is kept here.

Two steps, because the second must see the newest state while nobody else can change it: `admit` needs the logs' keys alone,
`compare` what was cosigned last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import EmptyRootWrong, NoteInvalid, ProofInvalid, RequestInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.note import split_note
from linkage.tlog.tree import EMPTY_ROOT, verify_consistency
from linkage.tlog.witness_wire import parse_request


class Status(IntEnum):
    """The HTTP statuses a request can end with, but for 200."""

    MALFORMED = 400
    NOT_TRUSTED = 403
    ORIGIN_UNKNOWN = 404
    CONFLICT = 409
    DOES_NOT_FOLLOW = 422


class Declined(Exception):
    """The request is not granted. ``size`` is what the witness knows, where that is the matter; ``why`` is a few fixed words."""

    def __init__(self, status: Status, why: str, size: int | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.size = size


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness cosigned last for a log. Before the first: size 0 and the empty tree's root."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Submission:
    """A request whose checkpoint is signed by a log that the witness knows. ``text`` is what there is to cosign."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    text: str
    note: str


def admit(body: bytes, logs: Mapping[str, LogVerifier]) -> Submission:
    """Read a request and check who signed it. ``logs``: the keys of each log that is witnessed, by its origin.

    Raises:
        Declined: 400, 403, 404, or 422 for a root that no empty log has.
    """
    try:
        request = parse_request(body)
        text, _ = split_note(request.note)
    except (RequestInvalid, NoteInvalid) as cause:
        raise Declined(Status.MALFORMED, str(cause)) from None
    log = logs.get(text.partition("\n")[0])
    if log is None:
        raise Declined(Status.ORIGIN_UNKNOWN, "a log that is not witnessed here")
    checkpoint = _opened(request.note, log)
    if request.old > checkpoint.size:
        raise Declined(Status.MALFORMED, "the old size is larger than the checkpoint's")
    return Submission(request.old, request.proof, checkpoint, text, request.note.decode())


def _opened(note: bytes, log: LogVerifier) -> Checkpoint:
    try:
        return open_checkpoint(note, log)
    except EmptyRootWrong:
        raise Declined(Status.DOES_NOT_FOLLOW, "another root than the empty tree's for size 0") from None
    except NoteInvalid as cause:
        # The text of a checkpoint is read after its signatures were found good: what is wrong before is not signed by the log.
        status = Status.MALFORMED if cause.what.startswith("checkpoint") and cause.what != "checkpoint signatures" else Status.NOT_TRUSTED
        raise Declined(status, str(cause)) from None


def compare(submission: Submission, seen: Seen) -> None:
    """Check that the checkpoint follows what was cosigned last. Whoever cosigns after this must keep anybody from changing ``seen``.

    Raises:
        Declined: 409 with the size that was cosigned last, or 422.
    """
    if submission.old != seen.size:
        raise Declined(Status.CONFLICT, "the old size is not the one cosigned last", seen.size)
    new = submission.checkpoint
    try:
        verify_consistency(seen.size, new.size, seen.root, new.root, submission.proof)
    except ProofInvalid as cause:
        raise Declined(Status.DOES_NOT_FOLLOW, str(cause)) from None
