"""Recognises the caller of one call: certificate, then officer token; both on every call, so that suspension holds at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from linkage.errors import Reason, Refusal
from linkage.identity.officer import OfficerTokens
from linkage.identity.peer import Auditor, peer_of, recognise
from linkage.identity.register import Register
from linkage.terms import Counter, Officer, Secret

_BEARER = "bearer "


class Known(NamedTuple):
    """Who is at the other end of the connection, once the register knows."""

    who: Counter | Auditor

    @property
    def counter(self) -> Counter:
        """The counter.

        Raises:
            Refusal: ROLE_NOT_ALLOWED for an auditor.
        """
        if isinstance(self.who, Counter):
            return self.who
        raise Refusal(Reason.ROLE_NOT_ALLOWED)

    @property
    def auditor(self) -> Auditor:
        """The auditor.

        Raises:
            Refusal: ROLE_NOT_ALLOWED for a counter.
        """
        if isinstance(self.who, Auditor):
            return self.who
        raise Refusal(Reason.ROLE_NOT_ALLOWED)


@dataclass(frozen=True, slots=True)
class AuditorCall:
    """A call by an auditor. ``id``: the request id, under which the log records the reading."""

    id: bytes
    auditor: Auditor


class Recogniser:
    """Turns what gRPC knows of a connection and its metadata into people and places of the register."""

    def __init__(self, register: Callable[[], Register], tokens: OfficerTokens) -> None:
        self._register = register
        self._tokens = tokens

    def peer(self, auth_context: Mapping[str, Iterable[bytes]], facts: dict[str, Any]) -> Known:
        """The counter or auditor of this connection. Into ``facts`` goes what the log may say of it, as soon as it is known.

        Raises:
            Refusal: CERTIFICATE_NOT_NAMED, CERTIFICATE_REVOKED, COUNTER_UNKNOWN, COUNTER_SUSPENDED.
        """
        pem = next(iter(auth_context.get("x509_pem_cert", ())), b"")
        peer = peer_of(pem)
        facts["cert"] = peer.certificate_sha256
        register = self._register()
        if peer.uri in register.auditors:
            facts["auditor"] = peer.uri
        elif peer.uri in register.counters:
            facts["counter"] = peer.uri
        who = recognise(peer, register)
        if isinstance(who, Counter):
            facts["centre"] = who.centre
        return Known(who)

    async def officer(self, metadata: Iterable[tuple[str, str | bytes]] | None, counter: Counter) -> Officer:
        """The officer whose token came with the call, as ``authorization: Bearer <token>``.

        Raises:
            Refusal: OFFICER_*.
        """
        shown = [value for key, value in metadata or () if key == "authorization"]
        if not shown:
            return await self._tokens.officer(None, counter)
        value = shown[0]
        if len(shown) > 1 or isinstance(value, bytes) or value[: len(_BEARER)].lower() != _BEARER:
            raise Refusal(Reason.OFFICER_TOKEN_INVALID)
        return await self._tokens.officer(value[len(_BEARER) :].strip(), counter)

    async def second_officer(self, token: Secret, first: Officer, counter: Counter) -> Officer:
        """Another officer, logged in at the same counter.

        Raises:
            Refusal: SECOND_OFFICER_NOT_ACCEPTED, whatever is wrong with the token; OFFICER_KEYS_UNAVAILABLE.
        """
        try:
            second = await self._tokens.officer(token.reveal(), counter)
        except Refusal as refusal:
            if refusal.reason is Reason.OFFICER_KEYS_UNAVAILABLE:
                raise
            raise Refusal(Reason.SECOND_OFFICER_NOT_ACCEPTED, detail=refusal.reason.value) from refusal
        if second == first:
            raise Refusal(Reason.SECOND_OFFICER_NOT_ACCEPTED, detail="the same officer")
        return second
