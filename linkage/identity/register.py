"""The register: who exists. Agencies, centres, counters, issuers of officer tokens, auditors; and who is shut out for now.

A register is immutable; a changed file makes a new one, and every call is decided by one register from end to end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from linkage.errors import Problem, Reason, Refusal, Violation
from linkage.identity import register_tables as tables
from linkage.identity.keys import KeysUnreadable, parse_keys
from linkage.identity.subject import officer_subject
from linkage.opening_hours import OpeningHours, read_opening_hours
from linkage.pages import Page, read_page
from linkage.terms import Agency, RecipientId

_KINDS = ("agency", "centre", "counter", "issuer", "auditor", "suspended_officer", "revoked_serials")


@dataclass(frozen=True, slots=True)
class Centre:
    """A one-stop service centre. ``officers_from``: the agencies whose issuers' officers may work at its counters.

    ``opening_hours`` None: those of the settings.
    """

    id: str
    name_th: str
    name_en: str
    province: str
    agency: RecipientId
    officers_from: frozenset[RecipientId]
    opening_hours: OpeningHours | None = None


@dataclass(frozen=True, slots=True)
class RegisteredCounter:
    """A counter as registered, by the URI name of its certificate."""

    uri: str
    centre: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs an agency's officer tokens (``iss``), and where its keys are: a file or an HTTPS URL, exactly one of them."""

    issuer: str
    agency: RecipientId
    jwks_file: Path | None
    jwks_url: str | None


@dataclass(frozen=True, slots=True)
class Register:
    """Everybody who is known. ``digest``: SHA-256 of the file, lower-case hex."""

    agencies: Mapping[RecipientId, Agency]
    centres: Mapping[str, Centre]
    counters: Mapping[str, RegisteredCounter]
    issuers: Mapping[str, Issuer]
    auditors: Mapping[str, frozenset[RecipientId]]
    """For each auditor's URI name the agencies whose entries it may read."""
    suspended_officers: frozenset[tuple[str, str]]
    """Issuer and subject."""
    revoked_serials: frozenset[int]
    """Serial numbers of certificates that open nothing any more, whatever they name."""
    digest: str

    def expect_agency(self, agency: RecipientId) -> Agency:
        """The agency of this id.

        Raises:
            Refusal: UNKNOWN_RECIPIENT.
        """
        known = self.agencies.get(agency)
        if known is None:
            raise Refusal(Reason.UNKNOWN_RECIPIENT, violations=(Violation("recipient", "no agency of the register"),))
        return known

    def agency_of_issuer(self, issuer: str) -> RecipientId | None:
        """The agency whose officers this issuer names, None where the issuer is unknown."""
        known = self.issuers.get(issuer)
        return known.agency if known else None


def read_register(path: Path, problems: list[Problem]) -> tuple[Register, frozenset[str] | None]:
    """Read the register; what is wrong is added to ``problems``, and the register then holds what is in order.

    Returns:
        The register, and the ids of all agencies it declares, also of those with other problems; None where the file cannot be read.
    """
    page = read_page(path, problems, keys=_KINDS)
    if page is None:
        nobody = MappingProxyType[str, frozenset[RecipientId]]({})
        none = MappingProxyType[str, Issuer]({})
        return Register(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}), none, nobody, frozenset(), frozenset(), ""), None
    declared = page.declared("agency", "id")
    register = Register(
        agencies=_agencies(page),
        centres=_centres(page),
        counters=_counters(page),
        issuers=_issuers(page, path.parent),
        auditors=_auditors(page),
        suspended_officers=_suspended(page),
        revoked_serials=_revoked(page),
        digest=page.sha256,
    )
    _compare(page, declared)
    return register, declared


def _agencies(page: Page) -> Mapping[RecipientId, Agency]:
    entries = page.entries("agency", tables.AgencyTable, name="id")
    agencies = (Agency(RecipientId(e.table.id), e.table.name_th, e.table.name_en) for e in entries)
    return MappingProxyType({agency.id: agency for agency in agencies})


def _centres(page: Page) -> Mapping[str, Centre]:
    centres = {}
    for entry in page.entries("centre", tables.CentreTable, name="id"):
        t = entry.table
        officers_from = frozenset(RecipientId(agency) for agency in t.officers_from or [t.agency])
        hours = None if t.opening_hours is None else read_opening_hours(t.opening_hours)
        centres[t.id] = Centre(t.id, t.name_th, t.name_en, t.province, RecipientId(t.agency), officers_from, hours)
    return MappingProxyType(centres)


def _counters(page: Page) -> Mapping[str, RegisteredCounter]:
    entries = page.entries("counter", tables.CounterTable, name="uri")
    return MappingProxyType({e.table.uri: RegisteredCounter(e.table.uri, e.table.centre, e.table.suspended) for e in entries})


def _issuers(page: Page, folder: Path) -> Mapping[str, Issuer]:
    issuers = {}
    for entry in page.entries("issuer", tables.IssuerTable, name="issuer"):
        t = entry.table
        file = folder / t.jwks_file if t.jwks_file is not None else None
        if file is not None:
            _check_keys(page, f"{entry.where}.jwks_file", file)
        issuers[t.issuer] = Issuer(t.issuer, RecipientId(t.agency), file, t.jwks_url)
    return MappingProxyType(issuers)


def _check_keys(page: Page, key: str, file: Path) -> None:
    """A key file that cannot be used is found when the register is read, not when the first officer comes."""
    try:
        parse_keys(file.read_bytes())
    except OSError as failure:
        page.report(key, failure.strerror or "unreadable", "a readable JWKS file, its path relative to the register")
    except KeysUnreadable as failure:
        page.report(key, str(failure), "a JWKS with at least one Ed25519, P-256 or RSA (2048 bits or more) public key")


def _auditors(page: Page) -> Mapping[str, frozenset[RecipientId]]:
    entries = page.entries("auditor", tables.AuditorTable, name="uri")
    return MappingProxyType({e.table.uri: frozenset(RecipientId(a) for a in e.table.agencies) for e in entries})


def _suspended(page: Page) -> frozenset[tuple[str, str]]:
    """A subject written here by mistake may be a citizen number: its problems show no text, and places are counted."""
    pairs = set()
    for number, (_, raw) in enumerate(page.tables("suspended_officer", "issuer"), start=1):
        where = f"suspended_officer[#{number}]"
        table = page.entry(where, raw, tables.SuspendedTable, shown=False)
        if table is None:
            continue
        try:
            subject = officer_subject(table.subject)
        except ValueError as failure:
            page.report(f"{where}.subject", "a text not shown", f"an officer's id: {failure}")
            continue
        if (table.issuer, subject) in pairs:
            page.report(where, "an officer suspended before", "each officer once")
        pairs.add((table.issuer, subject))
    return frozenset(pairs)


def _revoked(page: Page) -> frozenset[int]:
    written = page.content.get("revoked_serials", [])
    table = page.entry("", {"revoked_serials": written}, tables.RevokedTable)
    return frozenset(int(serial.replace(":", ""), 16) for serial in table.revoked_serials) if table else frozenset()


def _compare(page: Page, agencies: frozenset[str]) -> None:
    """Every name that one entry uses must be another's."""
    agency = "an agency of this register"
    centres, issuers = page.declared("centre", "id"), page.declared("issuer", "issuer")
    page.refer("centre", "id", "agency", agencies, agency)
    page.refer("centre", "id", "officers_from", agencies, agency)
    page.refer("counter", "uri", "centre", centres, "a centre of this register")
    page.refer("issuer", "issuer", "agency", agencies, agency)
    page.refer("auditor", "uri", "agencies", agencies, agency)
    page.refer("suspended_officer", "issuer", "issuer", issuers, "an issuer of this register")
    for uri in page.declared("counter", "uri") & page.declared("auditor", "uri"):
        page.report(f"auditor[{uri}].uri", "the name of a counter", "a name that only auditors have")
