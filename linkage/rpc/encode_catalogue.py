"""Writes the catalogue: services, documents and record types become messages of the contract."""

from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Any

from google.type import date_pb2

from linkage.catalogue import Document, Fact, RecordField, RecordKind, Service, Step, Text
from linkage.in_force import InForce
from linkage.terms import RecipientId, RecordType
from linkage.v1 import catalogue_pb2 as pb


def encode_summary(service: Service, files: InForce) -> pb.ServiceSummary:
    """A service as a list shows it. ``files``: for the names of agencies, and for what is connected."""
    connected = files.catalogue.connected
    return pb.ServiceSummary(
        service=service.id,
        name=_wording(service.name),
        agency=_agency(service.agency, files),
        area=_maybe(service.area),
        documents=len(service.documents),
        documents_connected=sum(_connected(document, connected) for document in service.documents),
        invented=service.invented,
    )


def encode_entry(service: Service, files: InForce) -> pb.GuideEntry:
    """Everything the guide says of a service."""
    return pb.GuideEntry(
        summary=encode_summary(service, files),
        offered_by=[_agency(agency, files) for agency in service.offered_by],
        steps=[pb.Step(text=_wording(step.text), span=_span(step)) for step in service.steps],
        steps_sureness=_named(pb.Sureness, "SURENESS", service.steps_sure),
        time=_fact(service.time),
        fee=_fact(service.fee),
        law=_fact(service.law),
        documents=[_document(document, files.catalogue.connected) for document in service.documents],
        no_documents=_maybe(service.no_documents),
        origins=[
            pb.Origin(where=o.where, kind=_named(pb.OriginKind, "ORIGIN_KIND", o.kind), published=_day(o.published))
            for o in service.origins
        ],
        checked_on=_day(service.checked_on),
    )


def encode_record_type(kind: RecordKind, assumed: str) -> pb.RecordType:
    """A record type with its fields. ``assumed``: what is assumed of its agency's interface; empty: nothing."""
    return pb.RecordType(
        record_type=kind.type,
        source=kind.source,
        title=pb.Wording(th=kind.title_th, en=kind.title_en),
        legal_owner=kind.legal_owner,
        subjects=[_named(pb.SubjectKind, "SUBJECT_KIND", subject) for subject in sorted(kind.subjects)],
        subject_naming=_named(pb.SubjectNaming, "SUBJECT_NAMING", kind.names_subject),
        fields=[_field(field) for field in kind.fields.values()],
        assumed=assumed,
    )


def _document(document: Document, connected: Callable[[RecordType], bool]) -> pb.Document:
    return pb.Document(
        document=document.id,
        name=_wording(document.name),
        issued_by=_wording(document.issued_by),
        originals=document.originals,
        copies=document.copies,
        sureness=_named(pb.Sureness, "SURENESS", document.sure),
        condition=_maybe(document.condition),
        optional=document.optional,
        needs=[
            pb.RecordNeed(
                record_type=need.record_type,
                fields=need.fields,
                connected=connected(need.record_type),
                about=_named(pb.SubjectKind, "SUBJECT_KIND", need.about),
                may_lack=sorted(need.may_lack),
            )
            for need in document.needs
        ],
        not_found_settles=document.not_found_settles,
        paper=_maybe(document.paper),
        check=_maybe(document.check),
        connected=_connected(document, connected),
    )


def _connected(document: Document, connected: Callable[[RecordType], bool]) -> bool:
    return bool(document.needs) and all(connected(need.record_type) for need in document.needs)


def _field(field: RecordField) -> pb.FieldType:
    return pb.FieldType(
        name=field.name,
        label=pb.Wording(th=field.label_th, en=field.label_en),
        kind=_named(pb.ValueKind, "VALUE_KIND", field.kind),
        field_class=_named(pb.FieldClass, "FIELD_CLASS", field.sort),
    )


def _agency(agency: RecipientId, files: InForce) -> pb.CatalogueAgency:
    known = files.register.agencies[agency]
    return pb.CatalogueAgency(agency=agency, name=pb.Wording(th=known.name_th, en=known.name_en))


def _fact(fact: Fact) -> pb.Fact:
    return pb.Fact(text=_wording(fact.text), sureness=_named(pb.Sureness, "SURENESS", fact.sure), span=_span(fact))


def _span(timed: Step | Fact) -> pb.Span | None:
    if timed.minutes is not None:
        return pb.Span(minutes=timed.minutes)
    return None if timed.days is None else pb.Span(days=timed.days)


def _wording(text: Text) -> pb.Wording:
    return pb.Wording(th=text.th, en=text.en)


def _maybe(text: Text | None) -> pb.Wording | None:
    return None if text is None else _wording(text)


def _day(day: date | None) -> date_pb2.Date | None:
    return None if day is None else date_pb2.Date(year=day.year, month=day.month, day=day.day)


def _named(wrapper: Any, prefix: str, ours: Enum) -> Any:
    return wrapper.Value(f"{prefix}_{ours.name}")  # a test holds the contract's names to ours
