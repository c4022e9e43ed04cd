"""The corridor of a bundle: everything a service needs, asked at once, each record in a corridor of its own.

A bundle decides nothing about a record and releases none: `linkage.lookup` does, for each alone, with an intent and an outcome of its
own. What is added here: which records a service needs, who is asked in one request, and what is still needed on paper. All records
have the same deadline and wait for nobody: a slow agency delays its own.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from linkage.audit.journal import Journal
from linkage.audit.receipt import Receipt
from linkage.audit.record import Entry, Kind
from linkage.call import Call
from linkage.catalogue.catalogue import Catalogue
from linkage.catalogue.records import RecordKind
from linkage.catalogue.services import Service
from linkage.errors import Reason, Refusal, Violation
from linkage.ids import id_text, new_id
from linkage.in_force import InForce
from linkage.lookup import Lookup
from linkage.lookup_terms import LookupAsk, LookupReply, Party
from linkage.papers import Came, Paper, PaperNeed, Standing, papers
from linkage.sources.together import Together
from linkage.store.contract import Once
from linkage.terms import FieldName, JuristicPerson, RecipientId, RecordType, Secret, ServiceId, SourceName, SubjectKind
from linkage.visits.agency_session import AgencyLogins
from linkage.visits.visit import Visits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """One record wanted. ``named``: the counter said whom it is about: ``juristic``, or, where that is None, the visit's person."""

    record_type: RecordType
    fields: tuple[FieldName, ...]
    juristic: JuristicPerson | None = None
    named: bool = False


@dataclass(frozen=True, slots=True)
class BundleAsk:
    """A bundle as the counter asks it. ``questions`` empty: what the service needs. ``once``: the retry-safe id of each question, if any."""

    visit_token: Secret
    service: ServiceId
    questions: tuple[Question, ...]
    juristic: JuristicPerson | None
    login_tokens: tuple[Secret, ...]
    once: Callable[[Question], Once | None]


@dataclass(slots=True)
class Member:
    """One record of a bundle on its way. ``together`` None: it goes alone."""

    call: Call
    ask: LookupAsk
    source: SourceName
    together: Party | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A bundle about to be asked."""

    service: Service
    catalogue: Catalogue
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """How a bundle ended."""

    standings: Mapping[RecordType, Standing]
    papers: tuple[Paper, ...]

    def count(self, came: Came) -> int:
        """How many records ended so."""
        return sum(standing.came is came for standing in self.standings.values())

    @property
    def copies_in_all(self) -> int:
        """How many documents are copies that need not, or must, be brought."""
        return sum(paper.counts for paper in self.papers)

    @property
    def copies_not_needed(self) -> int:
        """How many of them need not."""
        return sum(paper.counts and paper.need is PaperNeed.NO_COPY for paper in self.papers)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Looks up what a whole service needs."""

    in_force: Callable[[], InForce]
    journal: Journal
    visits: Visits
    logins: AgencyLogins
    lookup: Lookup = field(repr=False)

    def plan(self, call: Call, ask: BundleAsk) -> Plan:
        """Say what will be asked, and in whose company.

        Raises:
            Refusal: of the bundle as a whole: the visit, the service, a name that nobody knows, a login that cannot be read,
                NOTHING_TO_ASK, DEADLINE_TOO_SHORT.
        """
        visit = self.visits.read(ask.visit_token.reveal(), call.caller, ask.service)
        call.about(recipient=visit.recipient, service=visit.service, visit=id_text(visit.id), assurance=visit.assurance.name)
        catalogue = self.in_force().catalogue
        service = catalogue.expect_service(visit.service)
        questions = _questions(catalogue, service, ask)
        if not questions:
            raise Refusal(Reason.NOTHING_TO_ASK)
        logins = self._logins(call, visit.recipient, ask.login_tokens)
        call.budget()
        members = [_member(call, ask, question, kind, logins.get(kind.source)) for question, kind in questions]
        _join(members)
        return Plan(service, catalogue, tuple(members))

    def _logins(self, call: Call, recipient: RecipientId, tokens: Sequence[Secret]) -> Mapping[SourceName, Secret]:
        """The token for each source: the visit's recipient's, where there is one.

        One that is over, or another's, is left for its source's records to be refused with.
        """
        fitting: dict[SourceName, Secret] = {}
        others: dict[SourceName, Secret] = {}
        for token in tokens:
            try:
                login = self.logins.read_any_session(token.reveal(), call.caller)
            except Refusal as refusal:
                if refusal.source is None:
                    raise
                others[SourceName(refusal.source)] = token
            else:
                (fitting if login.recipient == recipient else others)[login.source] = token
        return others | fitting

    async def look_up(self, member: Member, pack: Callable[[LookupReply], bytes]) -> tuple[LookupReply, Receipt]:
        """Look one member's record up; raises as `Lookup.look_up` does."""
        together, member.together = member.together, None
        try:
            return await self.lookup.look_up(member.call, member.ask, pack, together)
        finally:
            if together is not None:
                together.leave(member.ask.record_type)

    async def answers(self, plan: Plan, answer: Callable[[Member], Awaitable[T]]) -> AsyncGenerator[T, None]:
        """What ``answer`` makes of every member, all at once, each given as soon as it is there. Leaving early cancels the rest."""
        tasks = [asyncio.ensure_future(answer(member)) for member in plan.members]
        try:
            for done in asyncio.as_completed(tasks):
                yield await done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def conclude(self, call: Call, plan: Plan, standings: Mapping[RecordType, Standing]) -> tuple[Summary, Receipt]:
        """Judge the papers, and record how the bundle ended before anybody is told.

        Raises:
            AuditUnavailable, Refusal: it could not be recorded.
        """
        summary = Summary(standings, papers(plan.service.documents, standings, plan.catalogue.records))
        facts = {
            **call.facts,
            "records": {came.value: summary.count(came) for came in Came},
            "copies_not_needed": summary.copies_not_needed,
            "copies_in_all": summary.copies_in_all,
        }
        return summary, await self.journal.record(Entry(Kind.BUNDLE, call.id, facts))


def _questions(catalogue: Catalogue, service: Service, ask: BundleAsk) -> list[tuple[Question, RecordKind]]:
    """The questions with their record types: those asked, or what the service needs and somebody connected holds."""
    if ask.questions:
        kinds = [_expected(catalogue, position, question) for position, question in enumerate(ask.questions)]
        return [(_addressed(question, ask, kind), kind) for question, kind in zip(ask.questions, kinds, strict=True)]
    return [
        (Question(kind.type, need.fields, ask.juristic if need.about is SubjectKind.JURISTIC else None, named=True), kind)
        for need in service.needs()
        if (kind := catalogue.record(need.record_type)) is not None and (need.about is SubjectKind.PERSON or ask.juristic is not None)
    ]


def _expected(catalogue: Catalogue, position: int, question: Question) -> RecordKind:
    """The question's record type.

    Raises:
        Refusal: UNKNOWN_RECORD_TYPE, UNKNOWN_FIELD, with where in the bundle.
    """
    try:
        return catalogue.expect_record(question.record_type, question.fields)
    except Refusal as refusal:
        wrong = tuple(Violation(f"records[{position}].{one.field}", one.description) for one in refusal.violations)
        raise Refusal(refusal.reason, violations=wrong) from refusal


def _addressed(question: Question, ask: BundleAsk, kind: RecordKind) -> Question:
    """About the bundle's juristic person, where the record type is kept about no others and the question names nobody."""
    if not question.named and SubjectKind.PERSON not in kind.subjects:
        return replace(question, juristic=ask.juristic)
    return question


def _member(call: Call, ask: BundleAsk, question: Question, kind: RecordKind, login: Secret | None) -> Member:
    own = replace(call, id=new_id(call.clock), facts={**call.facts, "bundle": id_text(call.id)})
    asked = LookupAsk(
        visit_token=ask.visit_token,
        service=ask.service,
        record_type=question.record_type,
        fields=question.fields,
        juristic=question.juristic,
        login_token=login,
        once=ask.once(question),
    )
    return Member(own, asked, kind.source)


def _join(members: Sequence[Member]) -> None:
    """Let those meet who ask the same source about the same subject."""
    parties: dict[object, list[Member]] = {}
    for member in members:
        parties.setdefault((member.source, member.ask.juristic), []).append(member)
    for party in parties.values():
        if len(party) > 1:
            together: Party = Together(member.ask.record_type for member in party)
            for member in party:
                member.together = together
