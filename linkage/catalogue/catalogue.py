"""The catalogue: every name that a lookup may use. A name that is not here was never agreed on by anybody."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from linkage.catalogue.records import RecordKind
from linkage.catalogue.services import Service, services_of
from linkage.errors import Problem, Reason, Refusal, Violation
from linkage.pages import read_page
from linkage.terms import FieldName, RecordType, ServiceId


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
    path: Path, records: Sequence[RecordKind], agencies: Collection[str] | None, problems: list[Problem]
) -> tuple[Catalogue, frozenset[str] | None]:
    """Read the services and join them with the record types; what is wrong is added to ``problems``.

    Args:
        path: the services, TOML.
        records: the record types of all enabled adapters.
        agencies: ids of the register's agencies; None where they cannot be told, and are not compared.
        problems: where problems go; the catalogue then holds what is in order.

    Returns:
        The catalogue, and the ids of all services declared, also of those with other problems; None where the file cannot be read.
    """
    kinds = MappingProxyType({kind.type: kind for kind in records})
    page = read_page(path, problems, keys=("service",))
    if page is None:
        return Catalogue(kinds, MappingProxyType({}), ""), None
    services = services_of(page)
    page.refer("service", "id", "agency", agencies, "an agency of the register")
    if not page.content.get("service"):
        page.report("service", "no service", "at least one [[service]]")
    return Catalogue(kinds, services, _digest(page.sha256, records)), page.declared("service", "id")


def _digest(services: str, records: Sequence[RecordKind]) -> str:
    lines = [services, *sorted(f"{k.type} {' '.join(f'{f.name}:{f.kind}:{f.sort}' for f in k.fields.values())}" for k in records)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
