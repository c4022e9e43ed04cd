"""Decides: may this be asked? Pure functions; deny by default.

Each looks at the agreements in steps, and every step keeps only those that also cover the next part of the request. Whoever is left
at the end covers all of it alone, so that two agreements can never be added up to what neither says. The step that leaves none gives
the reason.
"""

from collections.abc import Callable, Iterable, Sequence
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

Step = tuple[Reason, Callable[[Agreement], bool]]
"""The reason if no agreement is left, and which are kept."""


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
    source = SourceName(record_type.partition(".")[0])
    steps: list[Step] = [
        (Reason.NO_AGREEMENT, lambda a: a.source == source),
        (Reason.AGREEMENT_NOT_IN_FORCE, lambda a: a.in_force(today)),
        (Reason.SERVICE_NOT_AGREED, lambda a: service in a.services),
        (Reason.RECORD_TYPE_NOT_AGREED, lambda a: record_type in a.records),
        (Reason.FIELD_NOT_AGREED, lambda a: bool(fields) and a.records[record_type].issuperset(fields)),
        (Reason.ASSURANCE_TOO_LOW, lambda a: assurance >= a.least_assurance),
    ]
    if assurance is Assurance.EXCEPTION or exception is not None:
        steps.append((Reason.EXCEPTION_NOT_AGREED, lambda a: exception in a.exceptions))
    if isinstance(subject, JuristicPerson):
        ground = subject.ground
        steps.append((Reason.GROUND_NOT_AGREED, lambda a: ground in a.grounds))
    found = _narrowed(book, register, caller, recipient, steps)
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
    steps: list[Step] = [(Reason.NO_AGREEMENT, lambda _: True)]
    if isinstance(evidence, PresenceException):
        name = evidence.exception
        steps.append((Reason.EXCEPTION_NOT_AGREED, lambda a: name in a.exceptions))
    else:
        steps.append((Reason.EVIDENCE_NOT_AGREED, lambda a: assurance in a.evidence))
    steps += [
        (Reason.AGREEMENT_NOT_IN_FORCE, lambda a: a.in_force(today)),
        (Reason.SERVICE_NOT_AGREED, lambda a: service in a.services),
    ]
    found = _narrowed(book, register, caller, recipient, steps)
    if isinstance(found, Deny):
        return found
    if isinstance(evidence, PresenceException):
        if not _second_officer_accepted(register, caller, evidence):
            return Deny(Reason.SECOND_OFFICER_NOT_ACCEPTED, "another officer of the same agency is needed")
        return Permit(_grant(found, service=service, assurance=assurance, exception=evidence.exception))
    return Permit(_grant(found, service=service, assurance=assurance))


def decide_login(book: Book, register: Register, caller: Caller, *, recipient: RecipientId, source: SourceName, today: date) -> Decision:
    """May officers of this counter log in at this source?"""
    steps: list[Step] = [
        (Reason.NO_AGREEMENT, lambda a: a.source == source),
        (Reason.AGREEMENT_NOT_IN_FORCE, lambda a: a.in_force(today)),
        (Reason.LOGIN_NOT_AGREED, lambda a: a.login),
    ]
    found = _narrowed(book, register, caller, recipient, steps)
    return found if isinstance(found, Deny) else Permit(_grant(found))


def decide_code_exchange(
    book: Book, register: Register, caller: Caller, *, recipient: RecipientId, source: SourceName, today: date
) -> Decision:
    """May this source be asked, on the way of a login elsewhere, to tell who the officer is from a ThaID code?"""
    steps: list[Step] = [
        (Reason.NO_AGREEMENT, lambda a: a.source == source),
        (Reason.AGREEMENT_NOT_IN_FORCE, lambda a: a.in_force(today)),
        (Reason.LOGIN_NOT_AGREED, lambda a: a.login or Assurance.THAID in a.evidence),
    ]
    found = _narrowed(book, register, caller, recipient, steps)
    return found if isinstance(found, Deny) else Permit(_grant(found))


def _narrowed(book: Book, register: Register, caller: Caller, recipient: RecipientId, steps: Iterable[Step]) -> Agreement | Deny:
    """The first agreement, by id, that every step keeps."""
    if recipient not in register.agencies:
        return Deny(Reason.UNKNOWN_RECIPIENT)
    agency = caller.counter.agency
    agreements: Sequence[Agreement] = [a for a in book.of(recipient) if agency in a.acting]
    if not agreements and agency != recipient:
        return Deny(Reason.NOT_ACTING_FOR_RECIPIENT, f"counters of {agency} do not act for {recipient}")
    for reason, keeps in steps:
        kept = [a for a in agreements if keeps(a)]
        if not kept:
            return Deny(reason, _considered(agreements))
        agreements = kept
    return agreements[0]


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
