"""What a lookup is asked with, what is decided of it, and what it brings: the nouns of the corridor in `linkage.lookup`."""

from dataclasses import dataclass, field
from typing import NamedTuple

from linkage.agreements.policy import Grant
from linkage.catalogue.records import RecordKind
from linkage.sources.connected import Fetched
from linkage.sources.together import Together
from linkage.store.contract import Once
from linkage.terms import FieldName, JuristicPerson, PersonCheck, RecipientId, RecordType, Secret, ServiceId, SourceName, Value


class LookupAsk(NamedTuple):
    """A lookup as the counter asks it. ``juristic`` None: about the visit's person. ``once``: the retry-safe id, where one was given."""

    visit_token: Secret
    service: ServiceId
    record_type: RecordType
    fields: tuple[FieldName, ...]
    juristic: JuristicPerson | None
    login_token: Secret | None
    once: Once | None


@dataclass(frozen=True, slots=True)
class RenewedLogin:
    """An officer's login that was renewed on the way. ``expires_at``: Unix seconds."""

    token: str = field(repr=False)
    recipient: RecipientId
    expires_at: int


@dataclass(slots=True, repr=False)
class LookupReply:
    """What the source answered, reduced to the grant. ``fields`` None: the source holds no such record."""

    record_type: RecordType
    source: SourceName
    fields: tuple[tuple[FieldName, Value | None], ...] | None
    person_check: PersonCheck | None
    received_ms: int
    renewed: RenewedLogin | None


class Permitted(NamedTuple):
    """What was decided of one lookup: the grant, and what the catalogue says of the record type."""

    grant: Grant
    kind: RecordKind


class Brought(NamedTuple):
    """What a source brought, perhaps for several records at once. ``asked_as``: the request id that the agency was shown."""

    fetched: Fetched
    renewed: RenewedLogin | None
    asked_as: str


Party = Together[RecordType, tuple[FieldName, ...], Brought]
"""Lookups that go to one source in one request."""
