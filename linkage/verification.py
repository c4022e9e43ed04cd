"""The corridor of presence: decide, record, ask whether the evidence holds, record, open a visit; in this order, in one place.

A verdict is an answer, also `UNAVAILABLE`; only what may not be asked is a refusal. A visit is handed out only after the outcome
that says MATCH is durable.
"""

from collections.abc import Callable
from dataclasses import dataclass

from linkage.agreements.policy import Deny, Grant, decide_verification
from linkage.agreements.quota import claims_of
from linkage.agreements.retention import retentions_of
from linkage.audit.journal import Journal
from linkage.audit.passage import Passage
from linkage.audit.receipt import Receipt
from linkage.audit.sealing import FreshKey, Sealing
from linkage.call import Call
from linkage.errors import Reason, Refusal
from linkage.ids import id_text
from linkage.in_force import InForce
from linkage.settings import Attempts
from linkage.sources.adapter import Refused, Verified
from linkage.sources.refusing import refusal_for
from linkage.sources.registry import Registry
from linkage.store.contract import Claim, Once, VisitEnd, Within
from linkage.telemetry import Metrics
from linkage.terms import (
    Assurance,
    CardProblem,
    CitizenNumber,
    Evidence,
    NoMatch,
    PartialDate,
    PersonName,
    PresenceException,
    RecipientId,
    Secret,
    ServiceId,
    SourceName,
    ThaidCode,
    Verdict,
    assurance_of,
)
from linkage.visits.token import Sealer
from linkage.visits.visit import Visits


@dataclass(frozen=True, slots=True)
class VerifyAsk:
    """Who is said to be present, for what, and what was shown."""

    recipient: RecipientId
    service: ServiceId
    evidence: Evidence
    once: Once | None


@dataclass(frozen=True, slots=True, repr=False)
class OpenedVisit:
    """A visit as it is handed out. ``expires_at_ms``: Unix time in ms."""

    token: str
    expires_at_ms: int
    assurance: Assurance


@dataclass(frozen=True, slots=True)
class VerifyReply:
    """The verdict. ``visit`` is there with MATCH, and only then."""

    verdict: Verdict
    source: SourceName
    no_match: NoMatch | None
    card_problem: CardProblem | None
    visit: OpenedVisit | None
    retry_after: float | None


class Verification:
    """Verifies presence, and ends visits."""

    def __init__(
        self,
        *,
        in_force: Callable[[], InForce],
        journal: Journal,
        sealing: Sealing,
        sources: Registry,
        visits: Visits,
        sealer: Sealer,
        attempts: Attempts,
        metrics: Metrics,
    ) -> None:
        self._in_force = in_force
        self._journal = journal
        self._sealing = sealing
        self._sources = sources
        self._visits = visits
        self._sealer = sealer
        self._attempts = attempts
        self._metrics = metrics

    def fresh_key(self, call: Call, ask: VerifyAsk) -> FreshKey:
        """The data key for one call, and for its visit. Made once, however often the call tries: each that is tried leaves its row."""
        return self._sealing.new_key(ask.evidence.number, retentions_of(self._in_force().book, ask.recipient, ask.service, call.today()))

    async def verify(self, call: Call, ask: VerifyAsk, key: FreshKey, pack: Callable[[VerifyReply], bytes]) -> tuple[VerifyReply, Receipt]:
        """Verify a person's presence.

        Args:
            call: who asks, until when.
            ask: the question.
            key: the call's own (`fresh_key`).
            pack: seals the reply for a retry of the same request; called only where ``ask.once`` is set.

        Raises:
            Refusal: with the receipt of the entry that records it, except for those the door has yet to record.
            AuditUnavailable: it could not be recorded; nobody was asked, or nothing is released.
            AlreadyAsked, AlreadyAnswered: the same request was made before.
        """
        grant = self._decide(call, ask)
        call.budget()
        number = ask.evidence.number
        # A request made before comes first: its retry is answered, or waits, and is no further attempt.
        claims = (*((ask.once,) if ask.once else ()), *self._limits(call, number), *_quotas(call, ask, grant))

        async with self._journal.passage(call.id, call.facts, claims=claims, key=key, sealed=_sealed(ask.evidence)) as passage:
            said = await self._ask(call, passage, ask, grant)
            if isinstance(said, Refused):
                raise refusal_for(grant.source, said)
            reply = self._conclude(call, passage, ask, grant, said, key)
            passage.reply(lambda: pack(reply) if ask.once else None)
        self._metrics.verdicts.labels(grant.source, reply.verdict.value).inc()
        return reply, passage.receipt

    async def end(self, call: Call, token: Secret) -> Receipt:
        """End a visit everywhere at once: from the moment this returns, no intent of it is recorded any more.

        Raises:
            Refusal: VISIT_INVALID, VISIT_NOT_YOURS.
            AuditUnavailable: it could not be recorded; the visit has not ended.
        """
        visit = self._visits.read_to_end(token.reveal(), call.caller)
        call.about(recipient=visit.recipient, service=visit.service, visit=id_text(visit.id))
        return await self._journal.end_visit(call.id, call.facts, VisitEnd(visit.id, visit.expires_at_ms))

    def _decide(self, call: Call, ask: VerifyAsk) -> Grant:
        now = self._in_force()
        now.register.expect_agency(ask.recipient)
        now.catalogue.expect_service(ask.service)
        call.about(recipient=ask.recipient, service=ask.service, assurance=assurance_of(ask.evidence).name)
        decision = decide_verification(
            now.book,
            now.register,
            call.caller,
            recipient=ask.recipient,
            service=ask.service,
            evidence=ask.evidence,
            today=call.today(),
        )
        if isinstance(decision, Deny):
            raise decision.refusal()
        call.about(**decision.grant.facts())
        if isinstance(ask.evidence, PresenceException):
            second = ask.evidence.second_officer
            call.about(exception=ask.evidence.exception, second_officer={"iss": second.issuer, "sub": second.subject})
        return decision.grant

    def _limits(self, call: Call, number: CitizenNumber | None) -> tuple[Claim, ...]:
        """Attempts that have not led to a match, by officer and by person; static card data must not be guessed at."""
        window = round(self._attempts.window_minutes * 60)
        officer = call.caller.officer
        by_officer = self._sealer.tag("attempts of an officer", f"{officer.issuer} {officer.subject}".encode())
        limits = [Within(by_officer, self._attempts.per_officer, window)]
        if number is not None:
            by_person = self._sealer.tag("attempts for a person", number.reveal().encode())
            limits.append(Within(by_person, self._attempts.per_person, window))
        return tuple(limits)

    async def _ask(self, call: Call, passage: Passage, ask: VerifyAsk, grant: Grant) -> Verified | Refused:
        if isinstance(ask.evidence, PresenceException):  # two officers vouch; there is nobody to ask
            return Verified(Verdict.MATCH)
        asked = await self._sources.source(grant.source).verify(ask.evidence, ask.recipient, id_text(call.id), call.budget())
        passage.learn(attempts=asked.attempts, agency_ms=asked.elapsed_ms)
        return asked.value

    def _conclude(self, call: Call, passage: Passage, ask: VerifyAsk, grant: Grant, said: Verified, key: FreshKey) -> VerifyReply:
        """Tell the log what was said; an agency's match gives the attempts back, and so does nobody's answer.

        An exception keeps them: two officers who vouch for everybody come to an end like those who guess.
        """
        verdict = said.verdict
        asked = not isinstance(ask.evidence, PresenceException)
        if said.no_match is not None:
            passage.learn(no_match=said.no_match.value)
        if said.card_problem is not None:
            passage.learn(card_problem=said.card_problem.value)
        if said.why:
            passage.learn(why=said.why)
        passage.conclude(
            verdict.value,
            give_back=asked and verdict in (Verdict.MATCH, Verdict.UNAVAILABLE),
            unanswered=verdict is Verdict.UNAVAILABLE,
            retryable=verdict is Verdict.UNAVAILABLE,
        )
        visit = self._opened(call, passage, ask, said, key) if verdict is Verdict.MATCH else None
        return VerifyReply(verdict, grant.source, said.no_match, said.card_problem, visit, said.retry_after)

    def _opened(self, call: Call, passage: Passage, ask: VerifyAsk, said: Verified, key: FreshKey) -> OpenedVisit:
        number = ask.evidence.number or said.about.number
        if number is None:
            raise Refusal(Reason.AGENCY_UNAVAILABLE, detail="a match that names nobody")
        if ask.evidence.number is None:
            passage.seal(key=self._sealing.bind(key, number), sealed={"subject": number.reveal()})
        token, visit = self._visits.open_visit(
            call.id,
            call.caller,
            ask.recipient,
            ask.service,
            assurance_of(ask.evidence),
            number,
            key,
            name=said.about.name or _shown_name(ask.evidence),
            birth_date=said.about.birth_date or _shown_birth_date(ask.evidence),
            exception=ask.evidence.exception if isinstance(ask.evidence, PresenceException) else None,
        )
        return OpenedVisit(token, visit.expires_at_ms, visit.assurance)


def _quotas(call: Call, ask: VerifyAsk, grant: Grant) -> tuple[Claim, ...]:
    """What the question takes of the agreement's quotas; nothing where two officers vouch, and nobody is asked."""
    return () if isinstance(ask.evidence, PresenceException) else claims_of(grant, call.caller)


def _shown_name(evidence: Evidence) -> PersonName | None:
    return None if isinstance(evidence, ThaidCode) else evidence.name


def _shown_birth_date(evidence: Evidence) -> PartialDate | None:
    return None if isinstance(evidence, ThaidCode) else evidence.birth_date


def _sealed(evidence: Evidence) -> dict[str, str]:
    """What the intent keeps sealed."""
    sealed = {} if evidence.number is None else {"subject": evidence.number.reveal()}
    if isinstance(evidence, PresenceException):
        sealed["reason"] = evidence.reason.reveal()
    return sealed
