"""What a verification of the whole log finds."""

from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Final

MOST_NAMED: Final = 1000
"""Findings that are named one by one; beyond them they are only counted."""


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


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, at which index (of a leaf; of a node at its level; the size of a checkpoint), in a few words."""

    what: Wrong
    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a verification is: entries done, of how many."""

    done: int
    total: int


@dataclass(slots=True)
class Report:
    """What a verification found.

    ``findings`` are faults of the log. ``orphans`` (intents without outcome) and ``recovered`` (entries that closed one in place of
    its outcome) are what crashes leave: by index, neither hidden nor a fault.
    """

    origin: str
    size: int
    root: bytes
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    uncounted: int = 0
    orphans: list[int] = field(default_factory=list)
    recovered: list[int] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether the log is exactly as it was written."""
        return not self.findings

    def add(self, what: Wrong, index: int, why: str) -> None:
        """Add a finding; beyond the first thousand only their number grows (``uncounted``)."""
        if len(self.findings) < MOST_NAMED:
            self.findings.append(Finding(what, index, why))
        else:
            self.uncounted += 1
