"""The corridor of a lookup: decide, record, ask, compare, minimise, record, release; in this order, in one place.

Whoever wants to know what the gateway promises about a record reads `Lookup.look_up`. Refusals come first; nothing is asked before
the intent is durable; nothing leaves the block before the outcome is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from linkage.agreements.minimise import minimise
from linkage.agreements.policy import Deny, Grant, decide_lookup
from linkage.audit.journal import Journal
from linkage.audit.passage import Passage
from linkage.audit.receipt import Receipt
from linkage.call import Call
from linkage.errors import Reason, Refusal
from linkage.ids import id_text
from linkage.in_force import InForce
from linkage.sources.adapter import Answer, Found, NotFound, Query, Refused, Session, Unavailable
from linkage.sources.connected import ConnectedSource
from linkage.sources.refusing import refusal_for
from linkage.sources.registry import Registry
from linkage.sources.same_person import Expected, same_person
from linkage.store.contract import Claim, NotEnded, Once
from linkage.telemetry import Metrics
from linkage.terms import FieldName, JuristicPerson, PersonCheck, RecordType, Secret, ServiceId, SourceName, Value, VisitPerson
from linkage.visits.agency_session import AgencyLogin, AgencyLogins
from linkage.visits.visit import Visit, Visits


@dataclass(frozen=True, slots=True)
class LookupAsk:
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
    expires_at: int


@dataclass(frozen=True, slots=True, repr=False)
class LookupReply:
    """What the source answered, reduced to the grant. ``fields`` None: the source holds no such record."""

    record_type: RecordType
    source: SourceName
    fields: tuple[tuple[FieldName, Value | None], ...] | None
    person_check: PersonCheck | None
    received_ms: int
    renewed: RenewedLogin | None


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

    async def look_up(self, call: Call, ask: LookupAsk, pack: Callable[[LookupReply], bytes]) -> tuple[LookupReply, Receipt]:
        """Look one record up.

        Args:
            call: who asks, until when.
            ask: the question.
            pack: seals the reply for a retry of the same request; called only where ``ask.once`` is set.

        Raises:
            Refusal: with the receipt of the entry that records it, except for those the door has yet to record.
            AuditUnavailable: it could not be recorded; nothing was asked, or nothing is released.
            AlreadyAsked, AlreadyAnswered: the same request was made before.
        """
        visit = self._visits.read(ask.visit_token.reveal(), call.caller, ask.service)
        call.about(recipient=visit.recipient, service=visit.service, visit=id_text(visit.id), assurance=visit.assurance.name)
        grant = self._decide(call, ask, visit)
        source = self._sources.source(grant.source)
        login = self._login(call, ask, visit, source)
        call.budget()
        claims: tuple[Claim, ...] = (NotEnded(visit.id), *((ask.once,) if ask.once else ()))
        subject = ask.juristic.number if ask.juristic else visit.number

        async with self._journal.passage(
            call.id, call.facts, claims=claims, key=visit.key, sealed={"subject": subject.reveal()}
        ) as passage:
            login, renewed = await self._renewed(call, login, source)
            query = Query(
                subject=ask.juristic or VisitPerson(visit.number),
                service=visit.service,
                wanted={ask.record_type: grant.fields},
                session=login.session if login else None,
            )
            fetched = await source.fetch(query, visit.recipient, id_text(call.id), call.budget())
            passage.learn(attempts=fetched.attempts, agency_ms=fetched.elapsed_ms)
            reply = self._release(passage, ask, grant, visit, fetched.answers[ask.record_type], renewed)
            passage.reply(lambda: pack(reply) if ask.once else None)
        return reply, passage.receipt

    def _decide(self, call: Call, ask: LookupAsk, visit: Visit) -> Grant:
        now = self._in_force()
        kind = now.catalogue.expect_record(ask.record_type, ask.fields)
        call.about(types=[kind.type], fields=list(ask.fields), source=kind.source)
        subject = ask.juristic or VisitPerson(visit.number)
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
        return decision.grant

    def _login(self, call: Call, ask: LookupAsk, visit: Visit, source: ConnectedSource) -> AgencyLogin | None:
        if ask.login_token is not None:
            return self._logins.read_session(ask.login_token.reveal(), call.caller, visit.recipient, source.name)
        if source.needs_login:
            raise Refusal(Reason.AGENCY_LOGIN_REQUIRED, source=source.name)
        return None

    async def _renewed(
        self, call: Call, login: AgencyLogin | None, source: ConnectedSource
    ) -> tuple[AgencyLogin | None, RenewedLogin | None]:
        """Renew a login that is about to end. Where the agency cannot be reached, one that still lasts is used as it is."""
        terms = source.logs_in
        now = call.clock.now_ms() / 1000
        if login is None or terms is None or now < login.expires_at - terms.renew_before:
            return login, None
        asked = await source.renew(login.session, login.recipient, id_text(call.id), call.budget())
        match asked.value:
            case Session(token, expires_at):
                fresh = AgencyLogin(login.recipient, login.source, token, expires_at, expires_at + round(terms.renew_until))
                return fresh, RenewedLogin(self._logins.seal_session(call.caller, fresh), expires_at)
            case Unavailable() if now < login.expires_at:
                return login, None
            case Unavailable() | Refused() as refused:
                raise refusal_for(source.name, refused)

    def _release(
        self, passage: Passage, ask: LookupAsk, grant: Grant, visit: Visit, answer: Answer, renewed: RenewedLogin | None
    ) -> LookupReply:
        """Reduce what the source answered to what may leave, and say so to the log."""
        received_ms = passage.now_ms()
        match answer:
            case NotFound():
                passage.conclude("not_found")
                self._metrics.answers.labels(grant.source, "not_found").inc()
                return LookupReply(ask.record_type, grant.source, None, None, received_ms, renewed)
            case Found():
                check = self._compared(passage, ask, grant, visit, answer)
                kept = self._minimised(passage, grant, answer)
                passage.conclude("found", person=check.value, answer={name: value for name, value in kept.items()})  # noqa: C416 (widens the key)
                self._metrics.answers.labels(grant.source, "found").inc()
                return LookupReply(ask.record_type, grant.source, tuple(kept.items()), check, received_ms, renewed)
            case Unavailable() | Refused():
                self._metrics.answers.labels(grant.source, "unavailable" if isinstance(answer, Unavailable) else "refused").inc()
                raise refusal_for(grant.source, answer)

    def _minimised(self, passage: Passage, grant: Grant, found: Found) -> Mapping[FieldName, Value | None]:
        """Drop what was not granted, and name it, be it the adapter or this that dropped it.

        An answer that does not speak of a granted field is none: nobody may take it for absent.

        Raises:
            Refusal: AGENCY_UNAVAILABLE.
        """
        unasked = dict.fromkeys(name for name in found.also_sent if name not in grant.fields)
        reduced = minimise(grant, {**unasked, **found.fields})
        if reduced.excess:
            self._metrics.excess_fields.labels(grant.source).inc(len(reduced.excess))
            passage.learn(dropped=list(reduced.excess))
        if reduced.missing:
            passage.learn(missing=list(reduced.missing))
            raise Refusal(Reason.AGENCY_UNAVAILABLE, source=grant.source, detail="incomplete answer")
        return reduced.fields

    def _compared(self, passage: Passage, ask: LookupAsk, grant: Grant, visit: Visit, found: Found) -> PersonCheck:
        """How it is known that the record is this person's.

        Raises:
            Refusal: RECORD_OF_ANOTHER_PERSON; the record is withheld and the alarm is raised.
        """
        if ask.juristic is not None:
            return PersonCheck.CANNOT_BE_TOLD
        check = same_person(found.about, Expected(visit.number, visit.name, visit.birth_date))
        if check is None:
            passage.learn(person="mismatch")
            self._metrics.wrong_person.labels(grant.source).inc()
            raise Refusal(Reason.RECORD_OF_ANOTHER_PERSON, source=grant.source)
        return check
