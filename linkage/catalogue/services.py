"""Services: what citizens come to a counter for, as the Citizen's Guide names it.

A service as it is written:

    [[service]]
    id = "jobseeker_registration"
    name_th = "..."
    name_en = "..."
    agency = "doe"      # whose service it is, by its register id
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linkage.pages import Id, Line, Name, Page, Written
from linkage.terms import RecipientId, ServiceId


@dataclass(frozen=True, slots=True)
class Service:
    """An entry of the Citizen's Guide, and whose it is."""

    id: ServiceId
    name_th: str
    name_en: str
    agency: RecipientId


class _Service(Written):
    id: Name
    name_th: Line
    name_en: Line
    agency: Id


def services_of(page: Page) -> Mapping[ServiceId, Service]:
    """The services of a page that are in order, by id; problems are reported to the page."""
    entries = page.entries("service", _Service, name="id")
    read = (Service(ServiceId(e.table.id), e.table.name_th, e.table.name_en, RecipientId(e.table.agency)) for e in entries)
    return MappingProxyType({service.id: service for service in read})
