"""What every backend of the log promises: drafts in, one durable batch, one result for each draft.

A draft is an entry that lacks only its time, which is known when the log is locked. Its claims (this visit has not ended, this
quota is not spent, this request was not made before) are checked in the transaction that writes it: what is promised across
workers is exact. A claim that fails turns the intent into a ``denied`` entry in the same transaction, or, for a request made
before, into nothing at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import NamedTuple

from linkage.errors import AuditUnavailable, LogCorrupt, Reason
from linkage.tlog.proof import write_proof
from linkage.tlog.tree import NodeReader, inclusion_path

EID_SIZE = 16
"""Bytes of an entry id (a UUID)."""
MAX_LEAF = 65_535
"""Bytes of a leaf: the length that a C2SP entry bundle can state."""


class Kind(StrEnum):
    """What an entry records."""

    BOOT = auto()
    """A process began: its version, and the digests of what it was configured with."""
    CONFIG = auto()
    """An operator's file was read anew."""
    CLOCK = auto()
    """The wall clock was stepped, or runs behind the log."""
    INTENT = auto()
    """An agency is about to be asked."""
    OUTCOME = auto()
    """What came of an intent; durable before anything is released."""
    DENIED = auto()
    """A request that was refused before any intent."""
    REFUSED_MANY = auto()
    """How often a counter was refused for one reason, where each case is not worth an entry."""
    RECOVERED = auto()
    """An intent whose outcome will never be known: its process ended, or gave up."""
    VISIT_END = auto()
    """A visit was ended before its time."""
    BUNDLE = auto()
    """A bundle is over: how many records were had, and how many copies need not be brought. Its records have entries of their own."""
    READ = auto()
    """An auditor is about to be shown entries: who reads, what is looked for."""
    KEY = auto()
    """A key of the log's own begins, or ends, to be used."""
    SHRED = auto()
    """Data keys are about to be destroyed: what they sealed can never be read again."""


CLOSING = frozenset({Kind.OUTCOME, Kind.RECOVERED})
"""Kinds that close the intent they refer to. An intent is closed once."""

FINISHING = CLOSING | {Kind.BUNDLE}
"""Kinds that end what was begun: there is room for them when nothing new is taken any more."""


class StoreUnavailable(AuditUnavailable):
    """This batch was certainly not written; a later one may be (lock held, no space, clock too far behind)."""


class NotLaidOut(LogCorrupt):
    """The database holds no log: none was ever laid out there, or it is lost. Whoever knows that there was one takes it for the latter."""


class StorePoisoned(AuditUnavailable):
    """Nothing more is written by this process: whether its last batch is durable is unknown, or the log is not as it was left."""


class LeafFrame(NamedTuple):
    """A leaf's bytes around the decimal milliseconds of its time."""

    before: bytes
    after: bytes

    def at(self, ms: int) -> bytes:
        """The leaf's bytes, at this time."""
        return b"%b%d%b" % (self.before, ms, self.after)


@dataclass(frozen=True, slots=True)
class NotEnded:
    """Claims that this visit (its id) has not been ended. Fails with VISIT_ENDED."""

    visit: bytes


@dataclass(frozen=True, slots=True)
class Within:
    """Claims one of ``limit`` attempts in any ``window_s`` seconds under this key. Fails with ATTEMPTS_EXHAUSTED."""

    key: bytes
    limit: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Once:
    """Claims that this request was not made before.

    ``key`` and ``digest`` are keyed hashes of counter and client request id, and of the request's content. Fails with
    REQUEST_ID_REUSED for the same key with another digest. Remembered for ``keep_s`` seconds.
    """

    key: bytes
    digest: bytes
    keep_s: int = 86_400


@dataclass(frozen=True, slots=True)
class WithinDay:
    """Claims one of ``limit`` questions under this key on the day, in Thailand, of the transaction that records the intent.

    An intent that waits over midnight is the new day's. ``whose`` names the quota in the ``denied`` entry: a word of ours, never a
    value. Fails with AGENCY_QUOTA_EXHAUSTED until the next midnight in Thailand.
    """

    key: bytes
    limit: int
    whose: str


Claim = NotEnded | Within | Once | WithinDay


@dataclass(frozen=True, slots=True)
class VisitEnd:
    """With a ``visit_end`` entry: from now on `NotEnded` fails for the visit; kept until ``until_ms`` (the visit's own end)."""

    visit: bytes
    until_ms: int


@dataclass(frozen=True, slots=True, repr=False)
class Conclusion:
    """With a closing entry: what becomes of its intent's claims.

    ``give_back`` returns its attempts. ``unanswered`` returns what it took of the day's quotas: nobody answered. ``retryable`` lets
    the same request be made anew. ``reply`` is what a retry is answered with, sealed by the caller.
    """

    give_back: bool = False
    unanswered: bool = False
    retryable: bool = False
    reply: bytes | None = None


class Draft(NamedTuple):
    """An entry to be written. ``denied`` makes the leaf of the entry that takes an intent's place when a claim fails: why, and whose limit."""

    kind: Kind
    eid: bytes
    frame: LeafFrame
    ref: bytes | None = None
    claims: tuple[Claim, ...] = ()
    denied: Callable[[Reason, str], LeafFrame] | None = None
    visit_end: VisitEnd | None = None
    conclusion: Conclusion | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One durable batch: the signed checkpoint of the log of ``size`` entries, and the nodes its newest proofs need."""

    size: int
    root: bytes
    note: str
    ms: int
    read: NodeReader = field(repr=False)

    def proof(self, index: int) -> str:
        """The tlog-proof of an entry of this batch."""
        return write_proof(index, inclusion_path(index, self.size, self.read), self.note)


@dataclass(frozen=True, slots=True)
class Placed:
    """The entry is durable at ``index``, at time ``ms``, with exactly these leaf bytes."""

    eid: bytes
    index: int
    ms: int
    leaf: bytes
    batch: Batch


@dataclass(frozen=True, slots=True)
class Denied:
    """A claim failed; in place of the intent the log holds a ``denied`` entry.

    ``retry_after``: seconds, where waiting helps. ``detail``: whose limit it was, where that is told; else empty.
    """

    reason: Reason
    retry_after: float | None
    placed: Placed
    detail: str = ""


@dataclass(frozen=True, slots=True)
class InProgress:
    """Nothing was written: the same request is under way as the intent ``eid``."""

    eid: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """Nothing was written: the same request was concluded as ``eid``; ``reply`` is what was sealed for its retries."""

    eid: bytes
    reply: bytes | None


@dataclass(frozen=True, slots=True)
class Conflicting:
    """Nothing was written: the log holds another entry under this id, or the intent was closed by another entry, or never was."""

    eid: bytes


@dataclass(frozen=True, slots=True)
class NoRoom:
    """Nothing was written: too little free space for an entry of this kind."""

    eid: bytes


Result = Placed | Denied | InProgress | Answered | Conflicting | NoRoom


@dataclass(frozen=True, slots=True)
class SpaceLimits:
    """Watermarks of free space, in bytes: below the first only closing entries are taken, below the second none."""

    refuse_intents_below: int = 1 << 30
    refuse_all_below: int = 1 << 28


@dataclass(frozen=True, slots=True)
class Head:
    """The newest state of the log. ``frontier`` holds the roots of its perfect subtrees, largest first."""

    origin: str
    log_uuid: bytes
    size: int
    frontier: tuple[bytes, ...]
    root: bytes
    last_ms: int
    note: str


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it stands in the log: the leaf's bytes and the columns beside it."""

    index: int
    leaf_hash: bytes
    leaf: bytes
    eid: bytes
    kind: str
    ref: bytes | None
    ms: int


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent that no entry has closed yet."""

    eid: bytes
    index: int
    ms: int
