"""Which papers the citizen need not bring any more, once the agencies have answered. Pure.

A paper is needless only where every record that stands for it was answered. Whatever is not known keeps it: a refusal, an agency
that is down, a record nobody asked for.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

from linkage.catalogue.services import Document, Need
from linkage.errors import Reason
from linkage.terms import FieldName, RecordType, SourceName


class Came(StrEnum):
    """What came of asking for one record."""

    FOUND = auto()
    NOT_FOUND = auto()
    REFUSED = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True)
class Standing:
    """How one record of a bundle ended. ``reason``: of a refusal, or why nobody can tell."""

    came: Came
    fields: tuple[FieldName, ...]
    """Those that were asked for."""
    reason: Reason | None = None


class Why(StrEnum):
    """Why a paper is needed or not; the sentence for each is `linkage/rpc/sentences.toml`'s ``paper_*``."""

    ANSWERED = auto()
    """Every record that stands for it was found."""
    SETTLED = auto()
    """The agency says that there is no such record, and that makes the paper needless."""
    NOT_FOUND = auto()
    REFUSED = auto()
    UNAVAILABLE = auto()
    NOT_ASKED = auto()
    """Nobody asked for the record, or not for all its fields."""
    NOT_CONNECTED = auto()
    """The agency that holds the record is not connected to this gateway."""
    STAYS = auto()
    """No record stands for it; the catalogue says why."""


class PaperNeed(StrEnum):
    """Whether to ask for a paper."""

    NO_COPY = auto()
    ASK = auto()
    ASK_IF = auto()
    """Only where it is demanded at all: under the document's condition, or if the citizen has one."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One document of a service and whether it is needed. ``source``: the agency that is the cause, where one is."""

    document: Document
    need: PaperNeed
    why: Why
    source: SourceName | None = None
    reason: Reason | None = None

    @property
    def counts(self) -> bool:
        """Whether it is one of the copies a citizen would have brought: filled forms and photos are no copies."""
        return self.need is not PaperNeed.ASK_IF and bool(self.document.needs or self.document.copies)


def papers(documents: Sequence[Document], standings: Mapping[RecordType, Standing], connected: Container[RecordType]) -> tuple[Paper, ...]:
    """Judge every document of a service.

    Args:
        documents: in the catalogue's order.
        standings: how each record that was asked for ended.
        connected: the record types that some connected agency discloses.
    """
    return tuple(_paper(document, standings, connected) for document in documents)


def _paper(document: Document, standings: Mapping[RecordType, Standing], connected: Container[RecordType]) -> Paper:
    asked = PaperNeed.ASK_IF if document.optional or document.condition else PaperNeed.ASK
    if not document.needs:
        return Paper(document, asked, Why.STAYS)
    settled = False
    for need in document.needs:
        why, reason = _judged(need, standings.get(need.record_type), connected)
        if why is Why.NOT_FOUND and document.not_found_settles:
            settled = True
        elif why is not Why.ANSWERED:
            return Paper(document, asked, why, need.source, reason)
    return Paper(document, PaperNeed.NO_COPY, Why.SETTLED if settled else Why.ANSWERED, document.needs[0].source)


def _judged(need: Need, standing: Standing | None, connected: Container[RecordType]) -> tuple[Why, Reason | None]:
    if need.record_type not in connected:
        return Why.NOT_CONNECTED, None
    if standing is None or not set(need.fields) <= set(standing.fields):
        return Why.NOT_ASKED, None
    match standing.came:
        case Came.FOUND:
            return Why.ANSWERED, None
        case Came.NOT_FOUND:
            return Why.NOT_FOUND, None
        case Came.REFUSED:
            return Why.REFUSED, standing.reason
        case Came.UNAVAILABLE:
            return Why.UNAVAILABLE, standing.reason
