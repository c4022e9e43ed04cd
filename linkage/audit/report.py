"""What a verification of a log, or of a part of it, finds."""

from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Final

MOST_NAMED: Final = 1000
"""Findings of one kind that are named one by one; beyond them they are only counted."""
MOST_LISTED: Final = 100_000
"""Indexes that a list of a report holds; beyond them they are only counted."""


class Wrong(StrEnum):
    """What is wrong. Each of these means that the log is not as it was written."""

    LEAF = auto()
    """A leaf's bytes do not have its hash, are not an entry, or contradict the columns beside them."""
    ORDER = auto()
    """Leaves are missing, or a time goes back."""
    NODE = auto()
    """A stored node is not the hash of its children, is missing, or stands where none may."""
    CHECKPOINT = auto()
    """A stored checkpoint is missing, does not verify, or names another root than the entries have."""
    HEAD = auto()
    """The head contradicts the entries or the newest checkpoint."""
    PAIRING = auto()
    """An entry closes an intent that is not there, or was closed before."""
    OPEN = auto()
    """What the store holds as open intents is not what the entries say."""
    TILE = auto()
    """A file of an export is missing, is no tile, or is not what the files below it say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, at which index, in a few words.

    The index is that of a leaf, of a node at its level, of the first entry that a tile is about; of a checkpoint it is the size.
    """

    what: Wrong
    index: int
    why: str

    def __str__(self) -> str:
        return f"{self.what.value} {self.index}: {self.why}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a verification is: entries done, of how many. The second may grow while it runs: the log is in use."""

    done: int
    total: int


class Indexes(list[int]):
    """Indexes of entries, in log order. Beyond the first hundred thousand they are only counted (``unlisted``)."""

    unlisted = 0

    def put(self, index: int) -> None:
        """Add one."""
        if len(self) < MOST_LISTED:
            self.append(index)
        else:
            self.unlisted += 1


@dataclass(slots=True)
class Report:
    """What a verification found in the entries [first, last) of a log of ``size`` entries, whose root then was ``root``.

    ``findings`` are faults of the log. What follows is neither a fault nor hidden, and named by index:

    - ``open``: intents without outcome that are younger than the time after which the sweeper closes them;
    - ``orphans``: those that are older, which a crash leaves until the next start;
    - ``recovered``: entries that closed an intent in place of its outcome;
    - ``late``: outcomes that came later than that time. One that came after its intent was closed as recovered leaves no entry.

    ``unpaired`` are entries that close an intent that is not there or was closed before; each is a finding, too.

    Of a part of the log: ``closes_earlier`` counts entries that close intents of before ``first``, ``closed_later`` intents that are
    closed after ``last``. They are not paired.

    ``seconds``: time spent on entries and nodes. ``seconds_signatures``: on the signatures of ``checkpoints`` checkpoints.
    """

    origin: str
    size: int
    root: bytes
    first: int = 0
    last: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    uncounted: int = 0
    open: Indexes = field(default_factory=Indexes)
    orphans: Indexes = field(default_factory=Indexes)
    recovered: Indexes = field(default_factory=Indexes)
    late: Indexes = field(default_factory=Indexes)
    unpaired: Indexes = field(default_factory=Indexes)
    closes_earlier: int = 0
    closed_later: int = 0
    seconds: float = 0.0
    seconds_signatures: float = 0.0
    _of_kind: dict[Wrong, int] = field(default_factory=dict, repr=False)

    @property
    def clean(self) -> bool:
        """Whether the log is exactly as it was written."""
        return not self.findings

    @property
    def whole(self) -> bool:
        """Whether everything was verified, from the first entry to the newest."""
        return (self.first, self.last) == (0, self.size)

    def add(self, what: Wrong, index: int, why: str) -> None:
        """Add a finding; beyond the first thousand of its kind only their number grows (``uncounted``)."""
        self._of_kind[what] = self._of_kind.get(what, 0) + 1
        if self._of_kind[what] <= MOST_NAMED:
            self.findings.append(Finding(what, index, why))
        else:
            self.uncounted += 1
