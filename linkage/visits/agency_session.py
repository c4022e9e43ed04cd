"""An officer's own login at an agency: between its two steps, and once it is done.

The gateway keeps neither. Both travel as sealed tokens bound to counter, officer, recipient and source; a login that was begun is
good for five minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from linkage.clock import Clock
from linkage.errors import Reason, Refusal
from linkage.terms import Caller, CitizenNumber, RecipientId, Secret, SourceName
from linkage.visits.token import Sealer, TokenInvalid

BEGUN_LASTS_MS = 5 * 60_000

_BEGUN, _DONE = "agency login begun", "agency session"


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """What the second step needs of the first. ``chip_number`` None: by ThaID. ``offices``: the agency's numbers that were offered."""

    recipient: RecipientId
    source: SourceName
    officer_number: CitizenNumber
    chip_number: Secret | None
    challenge: str = field(repr=False)
    offices: tuple[int, ...]


class AgencyLogin(NamedTuple):
    """A login that is done. Times are Unix seconds."""

    recipient: RecipientId
    source: SourceName
    session: Secret
    """The agency's own token."""
    expires_at: int
    """When the agency ends it."""
    renewable_until: int
    """Up to when the agency still renews it."""


class AgencyLogins:
    """Seals and reads both."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer = sealer
        self._clock = clock

    def seal_begun(
        self,
        caller: Caller,
        recipient: RecipientId,
        source: SourceName,
        *,
        officer_number: CitizenNumber,
        chip_number: Secret | None,
        challenge: str,
        offices: Sequence[int],
    ) -> str:
        """The token between the two steps, good for five minutes.

        Raises:
            ValueError: longer than 8,192 characters, because the agency's challenge or list of offices is.
        """
        payload = {
            **_bound(caller, recipient, source),
            "number": officer_number.reveal(),
            "chip": chip_number.reveal() if chip_number else None,
            "challenge": challenge,
            "offices": list(offices),
            "until": self._clock.now_ms() + BEGUN_LASTS_MS,
        }
        return self._sealer.seal(_BEGUN, payload)

    def read_begun(self, token: str, caller: Caller) -> LoginBegun:
        """What was begun, if by this caller and not more than five minutes ago.

        Raises:
            Refusal: AGENCY_LOGIN_INVALID, AGENCY_LOGIN_NOT_YOURS, AGENCY_LOGIN_EXPIRED.
        """
        payload = self._opened(_BEGUN, token, caller)
        chip = payload["chip"]
        return LoginBegun(
            recipient=RecipientId(payload["recipient"]),
            source=SourceName(payload["source"]),
            officer_number=CitizenNumber(payload["number"]),
            chip_number=Secret(chip) if chip is not None else None,
            challenge=payload["challenge"],
            offices=tuple(payload["offices"]),
        )

    def seal_session(self, caller: Caller, login: AgencyLogin) -> str:
        """The token of a login that is done, good until the agency renews it no more.

        Raises:
            ValueError: longer than 8,192 characters, because the agency's own token is.
        """
        payload = {
            **_bound(caller, login.recipient, login.source),
            "session": login.session.reveal(),
            "expires": login.expires_at,
            "until": login.renewable_until * 1000,
        }
        return self._sealer.seal(_DONE, payload)

    def read_session(self, token: str, caller: Caller, recipient: RecipientId, source: SourceName) -> AgencyLogin:
        """The login, if it is this caller's at this source for this recipient; it may need renewing (`AgencyLogin.expires_at`).

        Raises:
            Refusal: AGENCY_LOGIN_INVALID, AGENCY_LOGIN_NOT_YOURS, AGENCY_LOGIN_EXPIRED.
        """
        login = self.read_any_session(token, caller)
        if (login.recipient, login.source) != (recipient, source):
            raise Refusal(Reason.AGENCY_LOGIN_INVALID, source=source, detail="a login for another recipient or source")
        return login

    def read_any_session(self, token: str, caller: Caller) -> AgencyLogin:
        """The login of this caller, wherever it is: to end it.

        Raises:
            Refusal: AGENCY_LOGIN_INVALID, AGENCY_LOGIN_NOT_YOURS, AGENCY_LOGIN_EXPIRED.
        """
        payload = self._opened(_DONE, token, caller)
        return AgencyLogin(
            recipient=RecipientId(payload["recipient"]),
            source=SourceName(payload["source"]),
            session=Secret(payload["session"]),
            expires_at=payload["expires"],
            renewable_until=payload["until"] // 1000,
        )

    def _opened(self, purpose: str, token: str, caller: Caller) -> Mapping[str, Any]:
        try:
            payload = self._sealer.open(purpose, token)
        except TokenInvalid:
            raise Refusal(Reason.AGENCY_LOGIN_INVALID) from None
        if (payload["counter"], payload["officer"]) != (caller.counter.uri, [caller.officer.issuer, caller.officer.subject]):
            raise Refusal(Reason.AGENCY_LOGIN_NOT_YOURS, source=payload["source"])
        if payload["until"] <= self._clock.now_ms():
            raise Refusal(Reason.AGENCY_LOGIN_EXPIRED, source=payload["source"])
        return payload


def _bound(caller: Caller, recipient: RecipientId, source: SourceName) -> dict[str, Any]:
    officer = caller.officer
    return {
        "counter": caller.counter.uri,
        "officer": [officer.issuer, officer.subject],
        "recipient": recipient,
        "source": source,
    }
