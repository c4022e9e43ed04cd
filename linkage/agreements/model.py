"""Agreements, and what a decision by them says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from linkage.errors import Reason, Refusal, Violation
from linkage.terms import Agency, Assurance, FieldName, RecipientId, RecordType, ServiceId, SourceName


@dataclass(frozen=True, slots=True)
class NamedException:
    """A way to open a visit without card and app, for which the agreement itself takes the responsibility."""

    name: str
    label_th: str
    label_en: str


@dataclass(frozen=True, slots=True)
class Quota:
    """How many questions an agreement allows on one day in Thailand, each at least 1; None: it sets no such limit."""

    per_day: int | None = None
    """To everybody together."""
    per_officer_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One written authority: what this source may be asked in the name of this recipient."""

    id: str
    title: str
    recipient: RecipientId
    acting: frozenset[RecipientId]
    """Agencies whose counters may act for the recipient; the recipient is always one."""
    source: SourceName
    services: frozenset[ServiceId]
    records: Mapping[RecordType, frozenset[FieldName]]
    evidence: frozenset[Assurance]
    """What the source may be asked to verify."""
    login: bool
    """Whether officers may log in at the source."""
    least_assurance: Assurance
    legal_basis: str
    valid_from: date
    valid_until: date
    """The last day it holds. Both are days in Thailand."""
    grounds: frozenset[str]
    """On which a visit's person may act for a juristic person."""
    exceptions: Mapping[str, NamedException]
    digest: str
    """SHA-256 of what it says, whatever its layout: lower-case hex."""
    quota: Quota = Quota()
    retention_days: int | None = None
    """How long the keys of what the log seals under it are kept, at least 1; None: as the settings say."""

    def in_force(self, today: date) -> bool:
        """Whether it holds on this day in Thailand."""
        return self.valid_from <= today <= self.valid_until


class Grant(NamedTuple):
    """What one decision permits, and the one agreement that does. What a kind of request does not name is None or empty."""

    agreement_id: str
    agreement_digest: str
    legal_basis: str
    recipient: RecipientId
    source: SourceName
    service: ServiceId | None = None
    record_type: RecordType | None = None
    fields: tuple[FieldName, ...] = ()
    """In the order asked."""
    assurance: Assurance | None = None
    """Of a verification: what the evidence is worth. Of a lookup: what the visit was opened with."""
    exception: NamedException | None = None
    quota: Quota = Quota()
    retention_days: int | None = None

    def facts(self) -> dict[str, str]:
        """What the log says of the authority: names, digest and legal basis."""
        return {
            "agreement": self.agreement_id,
            "agreement_digest": self.agreement_digest,
            "legal_basis": self.legal_basis,
            "source": self.source,
        }


class Permit(NamedTuple):
    """Yes, and this is what."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Deny:
    """No, and why.

    ``detail`` is for the log's reader: names of the register, the catalogue and the agreements, never a person's. ``fields``:
    positions, in the request, of the fields that are not agreed.
    """

    reason: Reason
    detail: str = ""
    fields: tuple[int, ...] = ()

    def refusal(self) -> Refusal:
        """The decision as an error, to be raised by whoever asked for it."""
        violations = tuple(Violation(f"fields[{position}]", "not covered by the agreement") for position in self.fields)
        return Refusal(self.reason, detail=self.detail, violations=violations)


Decision = Permit | Deny


class Register(Protocol):
    """What a decision needs to know of the register."""

    @property
    def agencies(self) -> Mapping[RecipientId, Agency]: ...

    def agency_of_issuer(self, issuer: str) -> RecipientId | None:
        """The agency whose officers this issuer names."""
        ...
