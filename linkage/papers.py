"""Which papers the citizen need not bring any more, once the agencies have answered. Pure.

A paper is needless only where every record that stands for it was answered. Whatever is not known keeps it: a refusal, an agency
that is down, a record nobody asked for.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

from linkage.catalogue.services import Document, Need
from linkage.errors import Reason
from linkage.terms import FieldName, RecordType, SourceName, SubjectKind


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
    about: SubjectKind
    """Whose record it is."""
    asked: tuple[FieldName, ...]
    given: frozenset[FieldName] = frozenset()
    """The fields for which the agency holds a value."""
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
    EMPTY = auto()
    """The agency holds the record, but no value where the paper shows one."""
    NOT_ASKED = auto()
    """Nobody asked for the record of whom the paper is about."""
    PARTLY_ASKED = auto()
    """Not all that the paper shows was asked for."""
    NOT_CONNECTED = auto()
    """The agency that holds the record is not connected to this gateway."""
    STAYS = auto()
    """No record stands for it; the catalogue says why."""


class PaperNeed(StrEnum):
    """Whether to ask for a paper."""

    NO_COPY = auto()
    NO_COPY_IF = auto()
    """The records are there, and the officer must see in them what the document's ``check`` says."""
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
        """Whether it is one of the copies every citizen would have brought, whatever the agencies say today.

        Filled forms and photos are no copies; what is demanded of some only is counted for nobody.
        """
        document = self.document
        return not (document.optional or document.condition) and bool(document.needs or document.copies)


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
    for need in document.needs:
        why, reason = _judged(need, standings.get(need.record_type), connected)
        if why is Why.NOT_FOUND and document.not_found_settles:  # the document has this one need, then
            return Paper(document, PaperNeed.NO_COPY, Why.SETTLED, need.source)
        if why is not Why.ANSWERED:
            return Paper(document, asked, why, need.source, reason)
    needless = PaperNeed.NO_COPY if document.check is None else PaperNeed.NO_COPY_IF
    return Paper(document, needless, Why.ANSWERED, document.needs[0].source)


def _judged(  # noqa: PLR0911 (one return a way for a record to end)
    need: Need, standing: Standing | None, connected: Container[RecordType]
) -> tuple[Why, Reason | None]:
    if need.record_type not in connected:
        return Why.NOT_CONNECTED, None
    if standing is None or standing.about is not need.about:
        return Why.NOT_ASKED, None
    match standing.came:
        case Came.FOUND if not set(need.fields) <= set(standing.asked):
            return Why.PARTLY_ASKED, None
        case Came.FOUND:
            return (Why.ANSWERED if set(need.fields) - need.may_lack <= standing.given else Why.EMPTY), None
        case Came.NOT_FOUND:
            return Why.NOT_FOUND, None
        case Came.REFUSED:
            return Why.REFUSED, standing.reason
        case Came.UNAVAILABLE:
            return Why.UNAVAILABLE, standing.reason
