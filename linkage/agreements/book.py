"""The book of agreements: one TOML file or a folder of them, each agreement checked against everything it names.

An agreement as it is written:

    [[agreement]]
    id = "doe-dopa"
    title = "..."
    recipient = "doe"
    acting = ["doe"]                    # optional; the recipient is always one
    source = "dopa"
    services = ["jobseeker_registration"]
    evidence = ["CARD_LASER", "CARD_CHIP"]   # optional: what the source may be asked to verify
    login = true                        # optional: officers may log in at the source
    least_assurance = "CARD_LASER"
    legal_basis = "..."
    valid_from = 2026-01-01             # days in Thailand, both included
    valid_until = 2026-12-31
    grounds = ["director"]              # optional: for juristic persons
    retention_days = 1826               # optional: how long the log can show whom an access was about; the settings' else
    [agreement.records]
    "dopa.person" = ["first_name", "last_name"]
    [[agreement.exceptions]]            # optional
    name = "bedridden"
    label_th = "..."
    label_en = "..."
    [agreement.quota]                   # optional: questions on one day in Thailand, at least 1; either or both
    per_day = 20000                     # all counters and officers together
    per_officer_per_day = 300

A question is one record type asked about one subject, or one verification; each counts under the agreement that grants it. Logins and
visits opened by a named exception ask nothing. What nobody answered is not counted.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from linkage.agreements.model import Agreement, NamedException, Quota
from linkage.agreements.written import AgreementTable
from linkage.errors import Problem
from linkage.pages import Page, digest_of, pages_of, read_page, texts
from linkage.terms import Assurance, FieldName, RecipientId, RecordType, ServiceId, SourceName


@dataclass(frozen=True, slots=True)
class Known:
    """Every name an agreement may use; None where it cannot be told, and is not compared."""

    agencies: Collection[str] | None
    sources: Collection[str]
    services: Collection[str] | None
    records: Mapping[RecordType, Collection[str]]
    """The fields of each record type."""


@dataclass(frozen=True)
class Book:
    """All agreements, in the order of their ids. ``digest``: SHA-256 of the file, or of a folder's ``sha256sum *.toml``."""

    agreements: tuple[Agreement, ...]
    digest: str = ""

    def of(self, recipient: RecipientId) -> tuple[Agreement, ...]:
        """The agreements of this recipient, by id."""
        return self._by_recipient.get(recipient, ())

    @cached_property
    def _by_recipient(self) -> Mapping[RecipientId, tuple[Agreement, ...]]:
        recipients = {agreement.recipient for agreement in self.agreements}
        return {one: tuple(agreement for agreement in self.agreements if agreement.recipient == one) for one in recipients}


def read_book(path: Path, known: Known, problems: list[Problem]) -> Book:
    """Read the agreements; what is wrong is added to ``problems``, and the book then holds what is in order."""
    before = len(problems)
    try:
        files = pages_of(path)
    except OSError as failure:
        problems.append(Problem(str(path), "folder", failure.strerror or "unreadable", "a readable folder of TOML files"))
        return Book(())
    pages = [page for file in files if (page := read_page(file, problems, keys=("agreement",))) is not None]
    agreements: dict[str, Agreement] = {}
    for page in pages:
        _compare(page, known)
        for entry in page.entries("agreement", AgreementTable, name="id"):
            if entry.table.id in agreements:
                page.report(f"{entry.where}.id", "an id that another file uses", "each id once")
            agreements[entry.table.id] = _agreement(entry.table)
    if not agreements and len(problems) == before:
        problems.append(Problem(str(path), "agreement", "no agreement", "at least one [[agreement]] in a file *.toml"))
    return Book(tuple(agreements[name] for name in sorted(agreements)), digest_of(path, pages))


def _agreement(table: AgreementTable) -> Agreement:
    return Agreement(
        id=table.id,
        title=table.title,
        recipient=RecipientId(table.recipient),
        acting=frozenset(RecipientId(agency) for agency in [table.recipient, *table.acting]),
        source=SourceName(table.source),
        services=frozenset(ServiceId(service) for service in table.services),
        records=MappingProxyType({RecordType(t): frozenset(FieldName(f) for f in fields) for t, fields in table.records.items()}),
        evidence=frozenset(Assurance[name] for name in table.evidence),
        login=table.login,
        least_assurance=Assurance[table.least_assurance],
        legal_basis=table.legal_basis,
        valid_from=table.valid_from,
        valid_until=table.valid_until,
        grounds=frozenset(table.grounds),
        exceptions=MappingProxyType({e.name: NamedException(e.name, e.label_th, e.label_en) for e in table.exceptions}),
        # What is not written is left out: an agreement that does not use a newer key keeps the digest it always had.
        digest=hashlib.sha256(_canonical(table.model_dump(mode="json", exclude_none=True))).hexdigest(),
        quota=Quota() if table.quota is None else Quota(table.quota.per_day, table.quota.per_officer_per_day),
        retention_days=table.retention_days,
    )


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _compare(page: Page, known: Known) -> None:
    """Report every name that nobody else knows."""
    page.refer("agreement", "id", "recipient", known.agencies, "an agency of the register")
    page.refer("agreement", "id", "acting", known.agencies, "agencies of the register")
    page.refer("agreement", "id", "source", known.sources, "a source of the settings")
    page.refer("agreement", "id", "services", known.services, "services of the catalogue")
    for where, table in page.tables("agreement", "id"):
        records = table.get("records")
        for record_type, fields in records.items() if isinstance(records, dict) else ():
            _compare_record(page, f"{where}.records.{record_type}", table.get("source"), (record_type, texts(fields)), known)


def _compare_record(page: Page, where: str, source: object, record: tuple[str, tuple[str, ...]], known: Known) -> None:
    record_type, fields = record
    of_type = known.records.get(RecordType(record_type))
    if of_type is None:
        page.report(where, "a record type nobody knows", "a record type of an enabled adapter")
        return
    if isinstance(source, str) and record_type.partition(".")[0] != source:
        page.report(where, f"a record type of another source than {source!r}"[:80], "record types of the agreement's source")
    for name in fields:
        if name not in of_type:
            page.report(f"{where}.{name}"[:160], "a field nobody knows", f"a field of {record_type}")
