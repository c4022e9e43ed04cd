"""The corridor of a lookup: decide, record, ask, compare, minimise, record, release; in this order, in one place.

Whoever wants to know what the gateway promises about a record reads `Lookup.look_up`. Refusals come first; nothing is asked before
the intent is durable; nothing leaves the block before the outcome is. The records of a bundle walk the same corridor, each with entries of its own; only the
request to a source may be one for several (`linkage.sources.together`).
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

from linkage.agreements.minimise import minimise
from linkage.agreements.policy import Deny, Grant, decide_lookup
from linkage.agreements.quota import claims_of
from linkage.audit.journal import Journal
from linkage.audit.passage import Passage
from linkage.audit.receipt import Receipt
from linkage.call import Call
from linkage.catalogue.records import NamesSubject
from linkage.errors import Reason, Refusal, Violation
from linkage.ids import id_text
from linkage.in_force import InForce
from linkage.lookup_terms import Brought, LookupAsk, LookupReply, Party, Permitted, RenewedLogin
from linkage.sources.adapter import About, Found, NotFound, Query, Refused, Session, Unavailable
from linkage.sources.connected import ConnectedSource, Fetched
from linkage.sources.refusing import refusal_for
from linkage.sources.registry import Registry
from linkage.sources.same_person import Expected, same_juristic, same_person
from linkage.store.contract import Claim, NotEnded
from linkage.telemetry import Metrics
from linkage.terms import FieldName, PersonCheck, RecordType, Subject, Value, VisitPerson, subject_kind_of
from linkage.visits.agency_session import AgencyLogin, AgencyLogins
from linkage.visits.visit import Visit, Visits

Wanted = Mapping[RecordType, tuple[FieldName, ...]]
"""Record types, and the fields of each."""

_NOBODY = About()


class Lookup:
    """Looks records up."""

    def __init__(
        self,
        *,
        in_force: Callable[[], InForce],
        journal: Journal,
        sources: Registry,
        visits: Visits,
        logins: AgencyLogins,
        metrics: Metrics,
    ) -> None:
        self._in_force = in_force
        self._journal = journal
        self._sources = sources
        self._visits = visits
        self._logins = logins
        self._metrics = metrics
        self._answers = lru_cache(maxsize=256)(metrics.answers.labels)
        self._excess_fields = lru_cache(maxsize=64)(metrics.excess_fields.labels)

    async def look_up(
        self, call: Call, ask: LookupAsk, pack: Callable[[LookupReply], bytes], together: Party | None = None
    ) -> tuple[LookupReply, Receipt]:
        """Look one record up.

        Args:
            call: who asks, until when.
            ask: the question.
            pack: seals the reply for a retry of the same request; called only where ``ask.once`` is set.
            together: the others of a bundle that are asked for in the same request; whoever gets there has asked.

        Raises:
            Refusal: with the receipt of the entry that records it, except for those the door has yet to record.
            AuditUnavailable: it could not be recorded; nothing was asked, or nothing is released.
            AlreadyAsked, AlreadyAnswered: the same request was made before.
        """
        visit = self._visits.read(ask.visit_token.reveal(), call.caller, ask.service)
        call.about(recipient=visit.recipient, service=visit.service, visit=id_text(visit.id), assurance=visit.assurance.name)
        subject = ask.juristic or VisitPerson(visit.number)
        permitted = self._decide(call, ask, visit, subject)
        grant = permitted.grant
        source = self._sources.source(grant.source)
        login = self._login(call, ask, visit, source)
        call.budget()
        claims: tuple[Claim, ...] = (NotEnded(visit.id), *((ask.once,) if ask.once else ()), *claims_of(grant, call.caller))

        def bring(wanted: Wanted) -> Awaitable[Brought]:
            return self._bring(call, visit, subject, source, login, wanted)

        async with self._journal.passage(
            call.id, call.facts, claims=claims, key=visit.key, sealed={"subject": subject.number.reveal()}
        ) as passage:
            brought = await _brought(ask.record_type, grant.fields, bring, together)
            self._learn(passage, call, brought)
            reply = self._release(passage, ask, permitted, visit, brought)
            passage.reply(lambda: pack(reply) if ask.once else None)
        return reply, passage.receipt

    async def _bring(
        self,
        call: Call,
        visit: Visit,
        subject: Subject,
        source: ConnectedSource,
        login: AgencyLogin | None,
        wanted: Wanted,
    ) -> Brought:
        """Ask the source, with a login that lasts."""
        renewed: RenewedLogin | None = None
        asked_as = id_text(call.id)
        if login is not None:
            lasting = await self._lasting(call, login, source)
            if isinstance(lasting, (Unavailable, Refused)):
                return Brought(Fetched(dict.fromkeys(wanted, lasting), 0, 0), None, asked_as)
            login, renewed = lasting
        query = Query(subject, visit.service, wanted, login.session if login else None)
        return Brought(await source.fetch(query, visit.recipient, asked_as, call.budget()), renewed, asked_as)

    def _learn(self, passage: Passage, call: Call, brought: Brought) -> None:
        passage.learn(attempts=brought.fetched.attempts, agency_ms=brought.fetched.elapsed_ms)
        if brought.asked_as != id_text(call.id):
            passage.learn(asked_with=brought.asked_as)

    def _decide(self, call: Call, ask: LookupAsk, visit: Visit, subject: Subject) -> Permitted:
        now = self._in_force()
        kind = now.catalogue.expect_record(ask.record_type, ask.fields)
        call.about(types=[kind.type], fields=list(ask.fields), source=kind.source)
        if subject_kind_of(subject) not in kind.subjects:
            raise Refusal(Reason.SUBJECT_NOT_TAKEN, violations=(Violation("subject", "not whom the record type is kept about"),))
        decision = decide_lookup(
            now.book,
            now.register,
            call.caller,
            recipient=visit.recipient,
            service=visit.service,
            record_type=kind.type,
            fields=ask.fields,
            assurance=visit.assurance,
            subject=subject,
            today=call.today(),
            exception=visit.exception,
        )
        if isinstance(decision, Deny):
            raise decision.refusal()
        call.about(**decision.grant.facts(), subject="juristic" if ask.juristic else "person")
        if ask.juristic:
            call.about(ground=ask.juristic.ground)
        return Permitted(decision.grant, kind)

    def _login(self, call: Call, ask: LookupAsk, visit: Visit, source: ConnectedSource) -> AgencyLogin | None:
        if ask.login_token is not None:
            return self._logins.read_session(ask.login_token.reveal(), call.caller, visit.recipient, source.name)
        if source.needs_login:
            raise Refusal(Reason.AGENCY_LOGIN_REQUIRED, source=source.name)
        return None

    async def _lasting(
        self, call: Call, login: AgencyLogin, source: ConnectedSource
    ) -> tuple[AgencyLogin, RenewedLogin | None] | Unavailable | Refused:
        """Renew a login that is about to end. Where the agency cannot be reached, one that still lasts is used as it is."""
        terms = source.logs_in
        now = call.clock.now_ms() / 1000
        if terms is None or now < login.expires_at - terms.renew_before:
            return login, None
        asked = await source.renew(login.session, login.recipient, id_text(call.id), call.budget())
        match asked.value:
            case Session(token, expires_at):
                fresh = AgencyLogin(login.recipient, login.source, token, expires_at, expires_at + round(terms.renew_until))
                return fresh, RenewedLogin(self._logins.seal_session(call.caller, fresh), login.recipient, expires_at)
            case Unavailable() if now < login.expires_at:
                return login, None
            case Unavailable() | Refused() as refused:
                return refused

    def _release(self, passage: Passage, ask: LookupAsk, permitted: Permitted, visit: Visit, brought: Brought) -> LookupReply:
        """Reduce what the source answered to what may leave, and say so to the log."""
        grant, received_ms = permitted.grant, passage.now_ms()
        match brought.fetched.answers[ask.record_type]:
            case Found() as answer:
                check = self._compared(passage, ask, permitted, visit, answer)
                kept = tuple(self._minimised(passage, grant, answer).items())
                passage.conclude("found", person=check.value, answer=dict(kept))
                self._answers(grant.source, "found").inc()
                return LookupReply(ask.record_type, grant.source, kept, check, received_ms, brought.renewed)
            case NotFound():
                passage.conclude("not_found")
                self._answers(grant.source, "not_found").inc()
                return LookupReply(ask.record_type, grant.source, None, None, received_ms, brought.renewed)
            case Unavailable() | Refused() as answer:
                self._answers(grant.source, "unavailable" if isinstance(answer, Unavailable) else "refused").inc()
                raise refusal_for(grant.source, answer)

    def _minimised(self, passage: Passage, grant: Grant, found: Found) -> Mapping[FieldName, Value | None]:
        """Drop what was not granted, and name it, be it the adapter or this that dropped it.

        An answer that does not speak of a granted field is none: nobody may take it for absent.

        Raises:
            Refusal: AGENCY_UNAVAILABLE.
        """
        reduced = minimise(grant, found.fields, found.also_sent)
        if reduced.excess:
            self._excess_fields(grant.source).inc(len(reduced.excess))
            passage.learn(dropped=list(reduced.excess))
        if reduced.missing:
            passage.learn(missing=list(reduced.missing))
            raise Refusal(Reason.AGENCY_UNAVAILABLE, source=grant.source, detail="incomplete answer")
        return reduced.fields

    def _compared(self, passage: Passage, ask: LookupAsk, permitted: Permitted, visit: Visit, found: Found) -> PersonCheck:
        """How it is known that the record is of whom it should be.

        Raises:
            Refusal: RECORD_OF_ANOTHER_PERSON, and the alarm is raised; AGENCY_UNAVAILABLE where the record type always names whom it
                is about and this answer does not. The record is withheld.
        """
        source = permitted.grant.source
        if ask.juristic is not None:
            check = same_juristic(found.about, ask.juristic.number)
        else:
            check = same_person(found.about, Expected(visit.number, visit.name, visit.birth_date))
        if check is None:
            passage.learn(person="mismatch")
            self._metrics.wrong_person.labels(source).inc()
            raise Refusal(Reason.RECORD_OF_ANOTHER_PERSON, source=source)
        if _is_nameless(permitted.kind.names_subject, found.about, check):
            raise Refusal(Reason.AGENCY_UNAVAILABLE, source=source, detail="the answer does not say whom it is about")
        return check


def _is_nameless(names_subject: NamesSubject, about: About, check: PersonCheck) -> bool:
    """Whether the answer does not name whom it is about, although its record type always does."""
    if names_subject is NamesSubject.NUMBER:
        return check is not PersonCheck.NUMBER
    return names_subject is NamesSubject.NAME_AND_BIRTH_DATE and about == _NOBODY


def _brought(
    record_type: RecordType, fields: tuple[FieldName, ...], bring: Callable[[Wanted], Awaitable[Brought]], together: Party | None
) -> Awaitable[Brought]:
    return bring({record_type: fields}) if together is None else _shared(together, record_type, fields, bring)


async def _shared(
    together: Party, record_type: RecordType, fields: tuple[FieldName, ...], bring: Callable[[Wanted], Awaitable[Brought]]
) -> Brought:
    try:
        return await together.ask(record_type, fields, bring)
    except Refusal as refusal:
        raise refusal.anew() from refusal  # the others are refused with the same one, and each has a receipt of its own
