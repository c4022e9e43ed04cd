"""Services as they are written, in TOML. Nothing a citizen asks about may be blank: fee, time, law and documents each say something.

[[service]]
id = "driving_licence_renewal"
name_th = "..."
name_en = "..."
agency = "dlt"                  # whose service it is, by its register id
offered_by = ["dlt"]            # optional: at whose counters it is given; its agency's own where absent
area_th = "..."                 # optional, with area_en: where it is given
area_en = "..."
steps = [{ th = "...", en = "...", minutes = 5 }]       # at least one; optional in each: minutes, hours or days
steps_sure = "secondary"        # how sure: confirmed, secondary, recalled, unknown; so in every place
time = { th = "...", en = "...", minutes = 94, sure = "secondary" }
fee = { th = "...", en = "...", sure = "secondary" }    # "no fee" is written out
law = { th = "...", en = "...", sure = "secondary" }
no_documents = { th = "...", en = "..." }               # instead of documents
checked_on = 2026-11-21
invented = true                 # optional: made up for a demonstration
[[service.sources]]             # at least one
where = "https://..."
kind = "official"               # official, secondary, recalled
published = 2019-01-01          # optional
[[service.documents]]
id = "id_card"
name_th = "..."
name_en = "..."
issued_by_th = "..."
issued_by_en = "..."
originals = 1
copies = 1
sure = "secondary"
condition_th = "..."            # optional, with condition_en: when it is demanded; stands before the sentence that asks for it
condition_en = "..."
optional = true                 # optional: "if any"
paper_th = "..."                # with paper_en: why it stays on paper; or instead of both:
not_found_settles = true        # optional, with one record: "no such record" makes the paper needless, too
check_th = "..."                # optional, with check_en: what the officer must see in the records, as it reads after "if"
[[service.documents.records]]
record = "dopa.person"
fields = ["first_name", "middle_name", "last_name"]
may_lack = ["middle_name"]      # optional: fields without which it still stands for the paper
about = "person"                # optional, this where absent; or "juristic": whose record it must be
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from linkage.catalogue.services import Document, Fact, Need, Origin, Service, SourceKind, Step, Sureness, Text
from linkage.pages import Id, Line, Name, Page, Written
from linkage.terms import FieldName, RecipientId, RecordType, ServiceId, SubjectKind

_MINUTES_AN_HOUR = 60
_MOST = 10_000
_THAI = re.compile("[ก-๙]")


def _thai(text: str) -> str:
    if not _THAI.search(text):
        raise ValueError("a line in Thai")
    return text


Thai = Annotated[Line, AfterValidator(_thai)]
"""A line with at least one Thai letter: an officer reads it as it stands."""

RecordTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}\.[a-z][a-z0-9_]{0,63}$")]
_Count = Annotated[int, Field(ge=0, le=100)]
_Length = Annotated[int, Field(ge=1, le=_MOST)]
_Sure = Annotated[Sureness, Field(strict=False)]


class _Both(Written):
    th: Thai
    en: Line

    def text(self) -> Text:
        return Text(self.th, self.en)


class _Lasting(_Both):
    minutes: _Length | None = None
    hours: _Length | None = None
    days: _Length | None = None

    @model_validator(mode="after")
    def _one_length(self) -> "_Lasting":
        if sum(length is not None for length in (self.minutes, self.hours, self.days)) > 1:
            raise ValueError("one of minutes, hours and days")
        return self

    def in_minutes(self) -> int | None:
        return self.hours * _MINUTES_AN_HOUR if self.hours is not None else self.minutes


class _Fact(_Both):
    sure: _Sure

    def fact(self) -> Fact:
        return Fact(self.text(), self.sure)


class _Time(_Lasting):
    sure: _Sure

    def fact(self) -> Fact:
        return Fact(self.text(), self.sure, self.in_minutes(), self.days)


class _Source(Written):
    where: Line
    kind: Annotated[SourceKind, Field(strict=False)]
    published: date | None = None


class _Records(Written):
    record: RecordTypeName
    fields: Annotated[list[Name], Field(min_length=1)]
    may_lack: Annotated[list[Name], Field(default_factory=list)]
    about: Annotated[SubjectKind, Field(strict=False)] = SubjectKind.PERSON

    @model_validator(mode="after")
    def _needs_something(self) -> "_Records":
        if not set(self.may_lack) < set(self.fields):
            raise ValueError("may_lack: some of the fields, but not all")
        return self

    def need(self) -> Need:
        fields = tuple(FieldName(name) for name in self.fields)
        return Need(RecordType(self.record), fields, self.about, frozenset(FieldName(name) for name in self.may_lack))


class _Document(Written):
    id: Name
    name_th: Thai
    name_en: Line
    issued_by_th: Thai
    issued_by_en: Line
    originals: _Count
    copies: _Count
    sure: _Sure
    condition_th: Thai | None = None
    condition_en: Line | None = None
    optional: bool = False
    paper_th: Thai | None = None
    paper_en: Line | None = None
    not_found_settles: bool = False
    check_th: Thai | None = None
    check_en: Line | None = None
    records: Annotated[list[_Records], Field(default_factory=list)]

    @model_validator(mode="after")
    def _whole(self) -> "_Document":
        if (self.condition_th is None) != (self.condition_en is None):
            raise ValueError("condition_th and condition_en, or neither")
        if (self.paper_th is None) != (self.paper_en is None):
            raise ValueError("paper_th and paper_en, or neither")
        if (self.check_th is None) != (self.check_en is None):
            raise ValueError("check_th and check_en, or neither")
        if bool(self.records) == (self.paper_th is not None):
            raise ValueError("either the records that stand for it, or paper_th and paper_en: why it stays on paper")
        if self.not_found_settles and len(self.records) != 1:
            raise ValueError("not_found_settles only with one record")
        if self.check_th is not None and not self.records:
            raise ValueError("check_th and check_en only with records")
        if not self.originals + self.copies:
            raise ValueError("at least one original or copy")
        return self


class ServiceTable(Written):
    """One ``[[service]]``."""

    id: Name
    name_th: Thai
    name_en: Line
    agency: Id
    offered_by: Annotated[list[Id], Field(min_length=1)] | None = None
    area_th: Thai | None = None
    area_en: Line | None = None
    steps: Annotated[list[_Lasting], Field(min_length=1)]
    steps_sure: _Sure
    time: _Time
    fee: _Fact
    law: _Fact
    no_documents: _Both | None = None
    checked_on: date
    invented: bool = False
    sources: Annotated[list[_Source], Field(min_length=1)]
    documents: Annotated[list[_Document], Field(default_factory=list)]

    @model_validator(mode="after")
    def _whole(self) -> "ServiceTable":
        if (self.area_th is None) != (self.area_en is None):
            raise ValueError("area_th and area_en, or neither")
        if bool(self.documents) == (self.no_documents is not None):
            raise ValueError("either documents, at least one, or no_documents: a sentence that says so")
        return self


def services_of(page: Page) -> Iterator[tuple[str, Service]]:
    """The services of a page that are in order, each with where it stands; problems are reported to the page."""
    for entry in page.entries("service", ServiceTable, name="id"):
        seen = set[str]()
        for document in entry.table.documents:
            if document.id in seen:
                page.report(f"{entry.where}.documents.{document.id}", "an id used before", "each document of a service once")
            seen.add(document.id)
        yield entry.where, _service(entry.table)


def _service(table: ServiceTable) -> Service:
    return Service(
        id=ServiceId(table.id),
        name=Text(table.name_th, table.name_en),
        agency=RecipientId(table.agency),
        offered_by=tuple(RecipientId(agency) for agency in table.offered_by or [table.agency]),
        area=_text(table.area_th, table.area_en),
        steps=tuple(Step(step.text(), step.in_minutes(), step.days) for step in table.steps),
        steps_sure=table.steps_sure,
        time=table.time.fact(),
        fee=table.fee.fact(),
        law=table.law.fact(),
        documents=tuple(_document(document) for document in table.documents),
        no_documents=None if table.no_documents is None else table.no_documents.text(),
        origins=tuple(Origin(source.where, source.kind, source.published) for source in table.sources),
        checked_on=table.checked_on,
        invented=table.invented,
    )


def _document(table: _Document) -> Document:
    return Document(
        id=table.id,
        name=Text(table.name_th, table.name_en),
        issued_by=Text(table.issued_by_th, table.issued_by_en),
        originals=table.originals,
        copies=table.copies,
        sure=table.sure,
        condition=_text(table.condition_th, table.condition_en),
        optional=table.optional,
        needs=tuple(record.need() for record in table.records),
        not_found_settles=table.not_found_settles,
        paper=_text(table.paper_th, table.paper_en),
        check=_text(table.check_th, table.check_en),
    )


def _text(th: str | None, en: str | None) -> Text | None:
    return None if th is None or en is None else Text(th, en)
