"""The corridor of an officer's own login at an agency that demands one: decide, record, ask, record, hand back sealed.

Nobody is looked up here, but an agency is asked about a person, the officer; so it is decided and recorded like any other question.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from linkage.agreements.policy import Deny, Grant, decide_code_exchange, decide_login
from linkage.audit.journal import Journal
from linkage.audit.passage import Passage
from linkage.audit.receipt import Receipt
from linkage.audit.sealing import Sealing
from linkage.call import Call
from linkage.errors import Reason, Refusal, Violation
from linkage.ids import id_text
from linkage.in_force import InForce
from linkage.sources.adapter import LoginBegin, LoginConfirm, LoginOffer, Refused, Unavailable
from linkage.sources.connected import ConnectedSource
from linkage.sources.refusing import refusal_for
from linkage.sources.registry import Registry
from linkage.sources.resilience import Asked
from linkage.terms import CitizenNumber, RecipientId, Secret, SourceName, ThaidCode
from linkage.visits.agency_session import AgencyLogin, AgencyLogins, LoginBegun

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BeginAsk:
    """Who wants to log in where. ``chip_number`` None: by ThaID."""

    recipient: RecipientId
    source: SourceName
    officer_number: CitizenNumber
    chip_number: Secret | None


@dataclass(frozen=True, slots=True)
class ConfirmAsk:
    """The second step: exactly one of ``code`` and ``envelope``. The code's number is filled in from the first step."""

    login_token: Secret
    office_id: int
    code: ThaidCode | None
    envelope: Secret | None


@dataclass(frozen=True, slots=True)
class _Spent:
    """What asking has cost so far: tries, and milliseconds."""

    attempts: int
    elapsed_ms: int


_NOTHING_SPENT = _Spent(0, 0)


class Login:
    """Takes an officer through a login, and out of it."""

    def __init__(
        self, *, in_force: Callable[[], InForce], journal: Journal, sealing: Sealing, sources: Registry, logins: AgencyLogins
    ) -> None:
        self._in_force = in_force
        self._journal = journal
        self._sealing = sealing
        self._sources = sources
        self._logins = logins

    async def begin(self, call: Call, ask: BeginAsk) -> tuple[str, LoginOffer, Receipt]:
        """First step: the login's token, what the agency offers, and the receipt.

        Raises:
            Refusal, AuditUnavailable: as in `linkage.lookup`.
        """
        source, grant = self._decide(call, ask.recipient, ask.source)
        call.budget()
        async with self._recorded(call, grant, ask.officer_number) as passage:
            begun = LoginBegin(ask.officer_number, ask.chip_number)
            offer = _answered(passage, source, await source.begin(begun, ask.recipient, id_text(call.id), call.budget()))
            token = self._logins.seal_begun(
                call.caller,
                ask.recipient,
                ask.source,
                officer_number=ask.officer_number,
                chip_number=ask.chip_number,
                challenge=offer.challenge,
                offices=[number for number, _ in offer.offices],
            )
            passage.conclude("login_begun")
        return token, offer, passage.receipt

    async def confirm(self, call: Call, ask: ConfirmAsk) -> tuple[str, AgencyLogin, Receipt]:
        """Second step: the session's token, the login it seals, and the receipt.

        Raises:
            Refusal, AuditUnavailable: as in `linkage.lookup`; AGENCY_LOGIN_INVALID, _NOT_YOURS, _EXPIRED for the token of the first step.
        """
        begun = self._logins.read_begun(ask.login_token.reveal(), call.caller)
        _check(begun, ask)
        source, grant = self._decide(call, begun.recipient, begun.source)
        terms = source.logs_in
        if terms is None:
            raise Refusal(Reason.AGENCY_LOGIN_INVALID, source=begun.source)
        exchanger = None if ask.code is None else self._exchanger(call, begun.recipient)
        call.budget()
        async with self._recorded(call, grant, begun.officer_number) as passage:
            access_token, before = await self._exchanged(call, passage, begun, ask.code, exchanger)
            confirm = LoginConfirm(
                LoginBegin(begun.officer_number, begun.chip_number), begun.challenge, ask.office_id, ask.envelope, access_token
            )
            asked = await source.confirm(confirm, begun.recipient, id_text(call.id), call.budget())
            session = _answered(passage, source, asked, before)
            until = session.expires_at + round(terms.renew_until)
            login = AgencyLogin(begun.recipient, begun.source, session.token, session.expires_at, until)
            token = self._logins.seal_session(call.caller, login)
            passage.conclude("login_confirmed", office=ask.office_id)
        return token, login, passage.receipt

    async def end(self, call: Call, token: Secret) -> Receipt:
        """Log out at the agency.

        Raises:
            Refusal, AuditUnavailable: as in `linkage.lookup`; AGENCY_LOGIN_* for the token.
        """
        login = self._logins.read_any_session(token.reveal(), call.caller)
        source, grant = self._decide(call, login.recipient, login.source)
        call.budget()
        async with self._recorded(call, grant, None) as passage:
            asked = await source.end(login.session, login.recipient, id_text(call.id), call.budget())
            passage.learn(attempts=asked.attempts, agency_ms=asked.elapsed_ms)
            if asked.value is not None:
                raise refusal_for(source.name, asked.value)
            passage.conclude("login_ended")
        return passage.receipt

    def _decide(self, call: Call, recipient: RecipientId, name: SourceName) -> tuple[ConnectedSource, Grant]:
        now = self._in_force()
        now.register.expect_agency(recipient)
        source = self._sources.source(name)
        call.about(recipient=recipient, source=name)
        decision = decide_login(now.book, now.register, call.caller, recipient=recipient, source=name, today=call.today())
        if isinstance(decision, Deny):
            raise decision.refusal()
        call.about(**decision.grant.facts())
        return source, decision.grant

    def _recorded(self, call: Call, grant: Grant, officer_number: CitizenNumber | None) -> "Passage":
        """The intent of a login names the officer by id; the officer's own number is sealed like any person's."""
        if officer_number is None:
            return self._journal.passage(call.id, call.facts)
        sealed: Mapping[str, str] = {"subject": officer_number.reveal()}
        key = self._sealing.new_key(officer_number, [grant.retention_days])
        return self._journal.passage(call.id, call.facts, key=key, sealed=sealed)

    def _exchanger(self, call: Call, recipient: RecipientId) -> ConnectedSource:
        """The source that is asked who the officer is, by ThaID. It is asked about a person, so its own agreement must let it.

        Raises:
            Refusal: LOGIN_NOT_AGREED and others of `decide_code_exchange`; UNKNOWN_SOURCE.
        """
        now = self._in_force()
        exchanger = self._sources.code_exchange(recipient)
        decision = decide_code_exchange(now.book, now.register, call.caller, recipient=recipient, source=exchanger.name, today=call.today())
        if isinstance(decision, Deny):
            raise decision.refusal()
        call.about(also_asked=[decision.grant.facts()])
        return exchanger

    async def _exchanged(
        self, call: Call, passage: Passage, begun: LoginBegun, shown: ThaidCode | None, exchanger: ConnectedSource | None
    ) -> tuple[Secret | None, _Spent]:
        """The access token that the agency asks for, for the officer's own ThaID code; and what was spent on it."""
        if shown is None or exchanger is None:
            return None, _NOTHING_SPENT
        code = ThaidCode(shown.code, shown.redirect_uri, begun.officer_number)
        asked = await exchanger.exchange(code, begun.recipient, id_text(call.id), call.budget())
        return _answered(passage, exchanger, asked), _Spent(asked.attempts, asked.elapsed_ms)


def _check(begun: LoginBegun, ask: ConfirmAsk) -> None:
    wrong = []
    if ask.office_id not in begun.offices:
        wrong.append(Violation("office_id", "one of the offices offered is required"))
    if (begun.chip_number is None) != (ask.code is not None):
        wrong.append(Violation("proof", "the proof of the method begun is required"))
    if wrong:
        raise Refusal(Reason.MALFORMED_REQUEST, violations=tuple(wrong))


def _answered(passage: Passage, source: ConnectedSource, asked: Asked[T | Refused | Unavailable], before: _Spent = _NOTHING_SPENT) -> T:
    passage.learn(attempts=before.attempts + asked.attempts, agency_ms=before.elapsed_ms + asked.elapsed_ms)
    if isinstance(asked.value, (Refused, Unavailable)):
        raise refusal_for(source.name, asked.value)
    return asked.value
