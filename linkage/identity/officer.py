"""A signed token becomes an officer, at one counter.

The signature is verified once and remembered. Everything that can change afterwards is looked at on every call: the issuer and its
key, the time, the certificate of this very connection, suspension.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable

from linkage.clock import Clock
from linkage.errors import Reason, Refusal
from linkage.identity.claims import Claims, invalid, presented, verify
from linkage.identity.jwks import KeySets
from linkage.identity.register import Issuer, Register
from linkage.terms import Counter, Officer

LEEWAY = 60.0
"""Seconds by which an issuer's clock may be ahead of ours. None is given to an end."""

REMEMBERED = 4096
"""Tokens whose signature need not be verified again, in one worker."""


class OfficerTokens:
    """Recognises officers.

    Args:
        register: gives the register now in force.
        clock: its wall time decides what is over.
        audience: the ``aud`` that tokens must name.
        max_hours: the longest life of a token, from ``iat`` to ``exp``.
        jwks: the issuers' keys.
    """

    def __init__(self, register: Callable[[], Register], clock: Clock, audience: str, max_hours: float, jwks: KeySets) -> None:
        self._register = register
        self._clock = clock
        self._audience = audience
        self._longest = max_hours * 3600
        self._jwks = jwks
        self._remembered: OrderedDict[bytes, Claims] = OrderedDict()

    async def officer(self, token: str | None, counter: Counter) -> Officer:
        """The officer whom this token names, at this counter, now.

        Raises:
            Refusal: OFFICER_TOKEN_MISSING, _INVALID, _EXPIRED, _WRONG_AUDIENCE, _NOT_BOUND, OFFICER_ISSUER_NOT_ALLOWED,
                OFFICER_SUSPENDED, OFFICER_KEYS_UNAVAILABLE.
        """
        if not token:
            raise Refusal(Reason.OFFICER_TOKEN_MISSING)
        register = self._register()
        claims = await self._claims(token, counter, register)
        self._check_time(claims)
        if self._audience not in claims.audiences:
            raise Refusal(Reason.OFFICER_TOKEN_WRONG_AUDIENCE)
        if claims.certificate_sha256 != counter.certificate_sha256:
            raise Refusal(Reason.OFFICER_TOKEN_NOT_BOUND)
        officer = claims.officer
        if (officer.issuer, officer.subject) in register.suspended_officers:
            raise Refusal(Reason.OFFICER_SUSPENDED)
        return officer

    async def _claims(self, token: str, counter: Counter, register: Register) -> Claims:
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        remembered = self._remembered.get(digest)
        if remembered is not None:
            issuer = _allowed(remembered.officer.issuer, counter, register)
            if await self._jwks.still_holds(issuer, remembered.key):
                if digest in self._remembered:  # another call may have let it go meanwhile
                    self._remembered.move_to_end(digest)
                return remembered
            self._remembered.pop(digest, None)
        shown = presented(token)
        issuer = _allowed(shown.issuer, counter, register)
        key = await self._jwks.key(issuer, shown.kid)
        if key is None:
            raise invalid("signed by no key of the issuer, or by one it does not name")
        claims = verify(token, key)
        self._remember(digest, claims)
        return claims

    def _remember(self, digest: bytes, claims: Claims) -> None:
        self._remembered[digest] = claims
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _check_time(self, claims: Claims) -> None:
        now = self._clock.now_ms() / 1000
        if max(claims.issued_at, claims.not_before) > now + LEEWAY:
            raise invalid("not valid yet")
        if claims.expires_at - claims.issued_at > self._longest:
            raise invalid("a life longer than is allowed")
        if claims.expires_at <= now:
            raise Refusal(Reason.OFFICER_TOKEN_EXPIRED)


def _allowed(name: str, counter: Counter, register: Register) -> Issuer:
    """The issuer, if officers of its agency may work at this counter's centre."""
    issuer = register.issuers.get(name)
    centre = register.centres.get(counter.centre)
    if issuer is None or centre is None or issuer.agency not in centre.officers_from:
        raise Refusal(Reason.OFFICER_ISSUER_NOT_ALLOWED)
    return issuer
