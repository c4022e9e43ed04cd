"""Visits: a person verified at this counter by this officer, for one recipient and service, for a short time.

Nobody stores a visit, not even in memory between two requests; its token is all there is, good on any worker or replica. That it was not ended before its time is a claim
that the log checks in the intent's own transaction.
"""

import base64
from binascii import a2b_base64
from typing import Any, NamedTuple

from linkage.clock import Clock
from linkage.errors import Reason, Refusal
from linkage.terms import (
    Assurance,
    Caller,
    CitizenNumber,
    DataKey,
    Officer,
    PartialDate,
    PersonName,
    RecipientId,
    ServiceId,
)
from linkage.visits.token import Sealer, TokenInvalid

LONGEST = 4096
"""Characters of a visit's token, as the contract promises."""

_PURPOSE = "visit"


class Visit(NamedTuple):
    """What a visit's token seals."""

    id: bytes
    """16 bytes, different for every visit: the id of the request that opened it."""
    counter_uri: str
    officer: Officer
    recipient: RecipientId
    service: ServiceId
    assurance: Assurance
    number: CitizenNumber
    name: PersonName | None
    """As on the evidence; None where it gave none. Later records are compared with it."""
    birth_date: PartialDate | None
    key: DataKey
    """Seals what the log holds about this person in this visit."""
    expires_at_ms: int
    """Wall time, milliseconds since 1970."""
    exception: str | None = None
    """The name of the agreement's exception that opened it; None where evidence did."""


class Visits:
    """Opens and reads visits. ``minutes``: how long one lasts."""

    def __init__(self, sealer: Sealer, clock: Clock, minutes: float) -> None:
        self._sealer = sealer
        self._clock = clock
        self._lasts_ms = round(minutes * 60_000)

    def open_visit(
        self,
        visit_id: bytes,
        caller: Caller,
        recipient: RecipientId,
        service: ServiceId,
        assurance: Assurance,
        number: CitizenNumber,
        key: DataKey,
        *,
        name: PersonName | None = None,
        birth_date: PartialDate | None = None,
        exception: str | None = None,
    ) -> tuple[str, Visit]:
        """Open a visit of a person just verified.

        Returns:
            Its token, and what it seals.

        Raises:
            ValueError: the token would be longer than 4,096 characters, because a name is absurdly long.
        """
        visit = Visit(
            id=visit_id,
            counter_uri=caller.counter.uri,
            officer=caller.officer,
            recipient=recipient,
            service=service,
            assurance=assurance,
            number=number,
            name=name,
            birth_date=birth_date,
            key=key,
            expires_at_ms=self._clock.now_ms() + self._lasts_ms,
            exception=exception,
        )
        return self._sealer.seal(_PURPOSE, _payload(visit), longest=LONGEST), visit

    def read(self, token: str, caller: Caller, service: ServiceId) -> Visit:
        """The visit, if it is this caller's, not over, and for this service.

        Raises:
            Refusal: VISIT_INVALID, VISIT_NOT_YOURS, VISIT_EXPIRED, VISIT_FOR_ANOTHER_SERVICE.
        """
        visit = self.read_to_end(token, caller)
        if visit.expires_at_ms <= self._clock.now_ms():
            raise Refusal(Reason.VISIT_EXPIRED)
        if visit.service != service:
            raise Refusal(Reason.VISIT_FOR_ANOTHER_SERVICE)
        return visit

    def read_to_end(self, token: str, caller: Caller) -> Visit:
        """The visit, if it is this caller's, also after its time: ending what is over is no error.

        Raises:
            Refusal: VISIT_INVALID, VISIT_NOT_YOURS.
        """
        try:
            payload = self._sealer.open(_PURPOSE, token, longest=LONGEST)
        except TokenInvalid:
            raise Refusal(Reason.VISIT_INVALID) from None
        if payload["counter"] != caller.counter.uri or payload["officer"] != [caller.officer.issuer, caller.officer.subject]:
            raise Refusal(Reason.VISIT_NOT_YOURS)
        return _visit(payload, caller.officer)


def _payload(visit: Visit) -> dict[str, Any]:
    name, born = visit.name, visit.birth_date
    return {
        "id": _text(visit.id),
        "counter": visit.counter_uri,
        "officer": [visit.officer.issuer, visit.officer.subject],
        "recipient": visit.recipient,
        "service": visit.service,
        "assurance": visit.assurance.name,
        "number": visit.number.reveal(),
        "name": [name.first, name.last, name.middle] if name else None,
        "born": [born.year, born.month, born.day] if born else None,
        "key": [_text(visit.key.id), _text(visit.key.key)],
        "until": visit.expires_at_ms,
        "exception": visit.exception,
    }


def _visit(payload: dict[str, Any], officer: Officer) -> Visit:
    name, born = payload["name"], payload["born"]
    key_id, key = payload["key"]
    return Visit(
        id=a2b_base64(payload["id"]),
        counter_uri=payload["counter"],
        officer=officer,
        recipient=RecipientId(payload["recipient"]),
        service=ServiceId(payload["service"]),
        assurance=Assurance[payload["assurance"]],
        number=CitizenNumber(payload["number"]),
        name=PersonName(*name) if name is not None else None,
        birth_date=PartialDate(*born) if born is not None else None,
        key=DataKey(a2b_base64(key_id), a2b_base64(key)),
        expires_at_ms=payload["until"],
        exception=payload.get("exception"),  # sealed before there was one: such a visit by exception is granted nothing
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
