"""Services: what citizens come to a counter for, as the Citizen's Guide names it, and which papers a record makes needless."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto

from linkage.terms import FieldName, RecipientId, RecordType, ServiceId, SourceName, SubjectKind


class Sureness(StrEnum):
    """How well a fact of a service is known."""

    CONFIRMED = auto()
    """Seen on a page of the agency, or of another public body that repeats it."""
    SECONDARY = auto()
    """Seen on a page of somebody else."""
    RECALLED = auto()
    """Nobody has a page for it."""
    UNKNOWN = auto()
    """Not known; the sentence says who must be asked."""


class SourceKind(StrEnum):
    """Whose page a service's facts were taken from."""

    OFFICIAL = auto()
    SECONDARY = auto()
    RECALLED = auto()


@dataclass(frozen=True, slots=True)
class Text:
    """One line in both languages; both say the same."""

    th: str
    en: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence of a service (its fee, say), how sure it is, and how long it takes where that can be counted."""

    text: Text
    sure: Sureness
    minutes: int | None = None
    days: int | None = None
    """Days as the text counts them, working days where it says so; never together with ``minutes``."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a service, and how long the guide gives it."""

    text: Text
    minutes: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where facts of a service come from. ``where``: a page's address, or a sentence where there is none."""

    where: str
    kind: SourceKind
    published: date | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """Fields of one record type that together stand for a paper, or for a part of it. ``about``: whose record it must be."""

    record_type: RecordType
    fields: tuple[FieldName, ...]
    about: SubjectKind = SubjectKind.PERSON
    may_lack: frozenset[FieldName] = frozenset()
    """Fields without which the record still stands for the paper: many people have no middle name."""

    @property
    def source(self) -> SourceName:
        """Who would disclose it, whether or not it is connected here."""
        return SourceName(self.record_type.partition(".")[0])


@dataclass(frozen=True, slots=True)
class Document:
    """A paper the guide demands: either records stand for it (``needs``), or it stays on paper and ``paper`` says why."""

    id: str
    """Unique within its service."""
    name: Text
    issued_by: Text
    originals: int
    copies: int
    sure: Sureness
    condition: Text | None
    """When it is demanded; None: always."""
    optional: bool
    """Demanded only where the citizen has one ("if any")."""
    needs: tuple[Need, ...]
    """All of them must be answered; empty: the paper stays."""
    not_found_settles: bool
    """The paper is needless, too, where the agency says it holds no such record: no change of name, no bankruptcy."""
    paper: Text | None
    """Why it stays on paper; None exactly where there are ``needs``."""
    check: Text | None = None
    """What the officer must see in the records for the paper to be needless; None: that they were found is enough."""


@dataclass(frozen=True, slots=True)
class Service:
    """An entry of the Citizen's Guide, whose it is, and what it takes."""

    id: ServiceId
    name: Text
    agency: RecipientId
    offered_by: tuple[RecipientId, ...]
    """The agencies at whose counters it is given; at least its own."""
    area: Text | None
    """Where it is given; None: wherever its agencies have counters."""
    steps: tuple[Step, ...]
    steps_sure: Sureness
    time: Fact
    fee: Fact
    law: Fact
    documents: tuple[Document, ...]
    no_documents: Text | None
    """Why nothing is demanded; None exactly where there are ``documents``."""
    origins: tuple[Origin, ...]
    checked_on: date
    """The day in Thailand on which the facts were gathered; the guide may have changed since."""
    invented: bool
    """Made up for a demonstration: no citizen comes for it."""

    def needs(self) -> tuple[Need, ...]:
        """Every record type its documents need, once, with all the fields needed of it, in the order in which they first stand."""
        union: dict[RecordType, Need] = {}
        for document in self.documents:
            for need in document.needs:
                first = union.get(need.record_type, need)
                fields = tuple(dict.fromkeys((*first.fields, *need.fields)))
                union[need.record_type] = Need(need.record_type, fields, first.about)
        return tuple(union.values())
