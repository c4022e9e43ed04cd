"""Decides: may this be asked? Pure functions; deny by default.

Each sets an agreement conditions, one for each part of the request, and the first agreement that fulfils all of them grants it: alone, so
that two agreements can never be added up to what neither says. Where none does, the condition that stopped those which came furthest
gives the reason.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from linkage.agreements.book import Book
from linkage.agreements.model import Agreement, Decision, Deny, Grant, Permit, Register
from linkage.errors import Reason
from linkage.terms import (
    Assurance,
    Caller,
    Evidence,
    FieldName,
    JuristicPerson,
    PresenceException,
    RecipientId,
    RecordType,
    ServiceId,
    SourceName,
    Subject,
    assurance_of,
)

__all__ = ["Decision", "Deny", "Grant", "Permit", "decide_code_exchange", "decide_login", "decide_lookup", "decide_verification"]

Conditions = Callable[[Agreement], Iterator[tuple[Reason, bool]]]
"""What an agreement must fulfil, in order: the reason if it does not, and whether it does. Whoever fails one is not asked for the next."""


def decide_lookup(
    book: Book,
    register: Register,
    caller: Caller,
    *,
    recipient: RecipientId,
    service: ServiceId,
    record_type: RecordType,
    fields: Sequence[FieldName],
    assurance: Assurance,
    subject: Subject,
    today: date,
    exception: str | None = None,
) -> Decision:
    """May the record type's source be asked for these fields?

    ``today``: the day in Thailand. ``exception``: the name of the exception the visit was opened by, if by one; only an agreement that
    takes the responsibility for that very exception grants anything to such a visit.
    """
    source = record_type.partition(".")[0]

    def conditions(a: Agreement) -> Iterator[tuple[Reason, bool]]:
        yield Reason.NO_AGREEMENT, a.source == source
        yield Reason.AGREEMENT_NOT_IN_FORCE, a.in_force(today)
        yield Reason.SERVICE_NOT_AGREED, service in a.services
        yield Reason.RECORD_TYPE_NOT_AGREED, record_type in a.records
        yield Reason.FIELD_NOT_AGREED, bool(fields) and a.records[record_type].issuperset(fields)
        yield Reason.ASSURANCE_TOO_LOW, assurance >= a.least_assurance
        if assurance is Assurance.EXCEPTION or exception is not None:
            yield Reason.EXCEPTION_NOT_AGREED, exception in a.exceptions
        if isinstance(subject, JuristicPerson):
            yield Reason.GROUND_NOT_AGREED, subject.ground in a.grounds

    found = _first(book, register, caller, recipient, conditions)
    if isinstance(found, Deny):
        return _marked(found, book, recipient, record_type, fields)
    return Permit(_grant(found, service=service, record_type=record_type, fields=tuple(fields), assurance=assurance))


def _marked(denied: Deny, book: Book, recipient: RecipientId, record_type: RecordType, fields: Sequence[FieldName]) -> Deny:
    """Say which fields none of the recipient's agreements covers; all of them where each is covered, but by no one agreement."""
    if denied.reason is not Reason.FIELD_NOT_AGREED:
        return denied
    covered = frozenset[FieldName]().union(*(a.records.get(record_type, frozenset()) for a in book.of(recipient)))
    outside = tuple(position for position, name in enumerate(fields) if name not in covered)
    return replace(denied, fields=outside or tuple(range(len(fields))))


def decide_verification(
    book: Book,
    register: Register,
    caller: Caller,
    *,
    recipient: RecipientId,
    service: ServiceId,
    evidence: Evidence,
    today: date,
) -> Decision:
    """May this evidence be verified for this service? The grant's source is the one that verifies it."""
    assurance = assurance_of(evidence)

    def conditions(a: Agreement) -> Iterator[tuple[Reason, bool]]:
        if isinstance(evidence, PresenceException):
            yield Reason.EXCEPTION_NOT_AGREED, evidence.exception in a.exceptions
        else:
            yield Reason.EVIDENCE_NOT_AGREED, assurance in a.evidence
        yield Reason.AGREEMENT_NOT_IN_FORCE, a.in_force(today)
        yield Reason.SERVICE_NOT_AGREED, service in a.services

    found = _first(book, register, caller, recipient, conditions)
    if isinstance(found, Deny):
        return found
    if isinstance(evidence, PresenceException):
        if not _second_officer_accepted(register, caller, evidence):
            return Deny(Reason.SECOND_OFFICER_NOT_ACCEPTED, "another officer of the same agency is needed")
        return Permit(_grant(found, service=service, assurance=assurance, exception=evidence.exception))
    return Permit(_grant(found, service=service, assurance=assurance))


def decide_login(book: Book, register: Register, caller: Caller, *, recipient: RecipientId, source: SourceName, today: date) -> Decision:
    """May officers of this counter log in at this source?"""

    def conditions(a: Agreement) -> Iterator[tuple[Reason, bool]]:
        yield Reason.NO_AGREEMENT, a.source == source
        yield Reason.AGREEMENT_NOT_IN_FORCE, a.in_force(today)
        yield Reason.LOGIN_NOT_AGREED, a.login

    found = _first(book, register, caller, recipient, conditions)
    return found if isinstance(found, Deny) else Permit(_grant(found))


def decide_code_exchange(
    book: Book, register: Register, caller: Caller, *, recipient: RecipientId, source: SourceName, today: date
) -> Decision:
    """May this source be asked, on the way of a login elsewhere, to tell who the officer is from a ThaID code?"""

    def conditions(a: Agreement) -> Iterator[tuple[Reason, bool]]:
        yield Reason.NO_AGREEMENT, a.source == source
        yield Reason.AGREEMENT_NOT_IN_FORCE, a.in_force(today)
        yield Reason.LOGIN_NOT_AGREED, a.login or Assurance.THAID in a.evidence

    found = _first(book, register, caller, recipient, conditions)
    return found if isinstance(found, Deny) else Permit(_grant(found))


def _first(book: Book, register: Register, caller: Caller, recipient: RecipientId, conditions: Conditions) -> Agreement | Deny:
    """The first agreement, by id, that fulfils every condition."""
    if recipient not in register.agencies:
        return Deny(Reason.UNKNOWN_RECIPIENT)
    agency = caller.counter.agency
    agreements = [a for a in book.of(recipient) if agency in a.acting]
    if not agreements and agency != recipient:
        return Deny(Reason.NOT_ACTING_FOR_RECIPIENT, f"counters of {agency} do not act for {recipient}")
    furthest, denied, considered = -1, Reason.NO_AGREEMENT, agreements
    for agreement in agreements:
        for step, (reason, fulfilled) in enumerate(conditions(agreement)):
            if fulfilled:
                continue
            if step > furthest:
                furthest, denied, considered = step, reason, []
            if step == furthest:
                considered.append(agreement)
            break
        else:
            return agreement
    return Deny(denied, _considered(considered))


def _considered(agreements: Sequence[Agreement]) -> str:
    return f"considered: {', '.join(a.id for a in agreements[:8])}" if agreements else "no agreement of the recipient"


def _second_officer_accepted(register: Register, caller: Caller, evidence: PresenceException) -> bool:
    """Another person of the same agency. One id at two issuers of an agency may be one person, so the ids must differ."""
    first, second = caller.officer, evidence.second_officer
    agency = register.agency_of_issuer(first.issuer)
    return second.subject != first.subject and agency is not None and register.agency_of_issuer(second.issuer) == agency


def _grant(
    agreement: Agreement,
    *,
    service: ServiceId | None = None,
    record_type: RecordType | None = None,
    fields: tuple[FieldName, ...] = (),
    assurance: Assurance | None = None,
    exception: str | None = None,
) -> Grant:
    return Grant(
        agreement_id=agreement.id,
        agreement_digest=agreement.digest,
        legal_basis=agreement.legal_basis,
        recipient=agreement.recipient,
        source=agreement.source,
        service=service,
        record_type=record_type,
        fields=fields,
        assurance=assurance,
        exception=agreement.exceptions[exception] if exception is not None else None,
        quota=agreement.quota,
        retention_days=agreement.retention_days,
    )
