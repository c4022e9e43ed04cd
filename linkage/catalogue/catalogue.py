"""The catalogue: every name that a lookup may use. A name that is not here was never agreed on by anybody."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from linkage.catalogue.records import RecordKind
from linkage.catalogue.services import Service
from linkage.catalogue.written import services_of
from linkage.errors import Problem, Reason, Refusal, Violation
from linkage.pages import Page, digest_of, pages_of, read_page
from linkage.terms import FieldName, RecordType, ServiceId, SubjectKind

_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Names:
    """Who exists, for the services to name."""

    agencies: Collection[str] | None
    """Ids of the register's agencies; None where they cannot be told, and are not compared."""
    sources: Collection[str]
    """The sources that the settings enable. A source goes by its agency's id."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Record types and services, by name. ``digest``: SHA-256 over both, lower-case hex."""

    records: Mapping[RecordType, RecordKind]
    services: Mapping[ServiceId, Service]
    digest: str

    def record(self, record_type: RecordType) -> RecordKind | None:
        """The record type of this name, None where no enabled source has one."""
        return self.records.get(record_type)

    def service(self, service: ServiceId) -> Service | None:
        """The service of this id, None where there is none."""
        return self.services.get(service)

    def connected(self, record_type: RecordType) -> bool:
        """Whether a source that is enabled here discloses it. What is not connected stays on paper here."""
        return record_type in self.records

    def expect_service(self, service: ServiceId) -> Service:
        """The service of this id.

        Raises:
            Refusal: UNKNOWN_SERVICE.
        """
        known = self.services.get(service)
        if known is None:
            raise Refusal(Reason.UNKNOWN_SERVICE, violations=(Violation("service", "no service of the catalogue"),))
        return known

    def expect_record(self, record_type: RecordType, fields: Sequence[FieldName]) -> RecordKind:
        """The record type of this name, which has all these fields.

        Raises:
            Refusal: UNKNOWN_RECORD_TYPE; UNKNOWN_FIELD with the position of every field it does not have.
        """
        kind = self.records.get(record_type)
        if kind is None:
            raise Refusal(Reason.UNKNOWN_RECORD_TYPE, violations=(Violation("record_type", "no record type of the catalogue"),))
        unknown = [i for i, name in enumerate(fields) if name not in kind.fields]
        if unknown:
            wrong = tuple(Violation(f"fields[{i}]", "no field of the record type") for i in unknown)
            raise Refusal(Reason.UNKNOWN_FIELD, violations=wrong)
        return kind


def read_catalogue(
    path: Path, records: Sequence[RecordKind], names: Names, problems: list[Problem]
) -> tuple[Catalogue, frozenset[str] | None]:
    """Read the services and join them with the record types; what is wrong is added to ``problems``.

    Args:
        path: the services: a TOML file, or a folder of them.
        records: the record types of all enabled adapters.
        names: who exists.
        problems: where problems go; the catalogue then holds what is in order.

    Returns:
        The catalogue, and the ids of all services declared, also of those with other problems; None where a file cannot be read.
    """
    kinds = MappingProxyType({kind.type: kind for kind in records})
    pages = _pages(path, problems)
    if pages is None:
        return Catalogue(kinds, MappingProxyType({}), ""), None
    services: dict[ServiceId, Service] = {}
    for page in pages:
        page.refer("service", "id", "agency", names.agencies, "an agency of the register")
        page.refer("service", "id", "offered_by", names.agencies, "agencies of the register")
        for where, service in services_of(page):
            if service.id in services:
                page.report(f"{where}.id", "an id that another file uses", "each id once")
            services[service.id] = service
            _compare(page, where, service, kinds, names)
    declared = frozenset().union(*(page.declared("service", "id") for page in pages))
    if not any(page.content.get("service") for page in pages):
        problems.append(Problem(str(path), "service", "no service", "at least one [[service]] in a file *.toml"))
    return Catalogue(kinds, MappingProxyType(services), _digest(digest_of(path, pages), records)), declared


def _pages(path: Path, problems: list[Problem]) -> list[Page] | None:
    """Every page, or None where one of them cannot be read."""
    try:
        files = pages_of(path)
    except OSError as failure:
        problems.append(Problem(str(path), "folder", failure.strerror or "unreadable", "a readable folder of TOML files"))
        return None
    pages = [read_page(file, problems, keys=("service",)) for file in files]
    read = [page for page in pages if page is not None]
    return read if len(read) == len(pages) else None


def _compare(page: Page, where: str, service: Service, kinds: Mapping[RecordType, RecordKind], names: Names) -> None:
    """Report every record type and field that nobody can know. What an agency discloses that is not connected here is its own matter."""
    about: dict[RecordType, SubjectKind] = {}
    for document in service.documents:
        for need in document.needs:
            place, kind = f"{where}.documents.{document.id}.{need.record_type}", kinds.get(need.record_type)
            if about.setdefault(need.record_type, need.about) is not need.about:
                page.report(f"{place}.about", f"{need.about} here, {about[need.record_type]} before", "one subject for a record type")
            if kind is not None:
                if need.about not in kind.subjects:
                    page.report(f"{place}.about", need.about, f"whom it is kept about: {', '.join(sorted(kind.subjects))}")
                for name in need.fields:
                    if name not in kind.fields:
                        page.report(f"{place}.{name}"[:_LONGEST_KEY], "a field nobody knows", f"a field of {need.record_type}")
            elif need.source in names.sources:
                page.report(place, "a record type nobody knows", f"a record type of {need.source}")
            elif names.agencies is not None and need.source not in names.agencies:
                page.report(place, "a source nobody knows", "a source of the settings, or an agency of the register")


def _digest(services: str, records: Sequence[RecordKind]) -> str:
    lines = [services, *sorted(_spelt(kind) for kind in records)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _spelt(kind: RecordKind) -> str:
    about = (kind.type, kind.title_th, kind.title_en, kind.legal_owner, *sorted(kind.subjects), kind.names_subject)
    return "\x1f".join((*about, *(part for f in kind.fields.values() for part in (f.name, f.label_th, f.label_en, f.kind, f.sort))))
