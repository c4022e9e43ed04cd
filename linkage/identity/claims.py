"""What an officer token says, once its signature holds: a signed JWT (RFC 7515, 7519) with a certificate bound to it (RFC 8705)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from linkage.errors import Reason, Refusal
from linkage.identity.keys import VerifyingKey
from linkage.identity.subject import officer_subject
from linkage.terms import Officer

LONGEST_TOKEN = 8192
"""Characters."""

_JWS = jwt.PyJWS(algorithms=["EdDSA", "ES256", "RS256"])
"""Knows three algorithms; which of them a token must use, its key says."""

_LATEST = 2**40
"""Seconds since 1970 beyond which no time is meant."""


@dataclass(frozen=True, slots=True, repr=False)
class Claims:
    """A verified token's claims, and the key that verified it. Times are seconds since 1970."""

    officer: Officer
    audiences: frozenset[str]
    issued_at: float
    not_before: float
    expires_at: float
    certificate_sha256: str
    key: VerifyingKey


@dataclass(frozen=True, slots=True, repr=False)
class Presented:
    """What a token says of itself before anything is verified: only which key to try."""

    issuer: str
    kid: str | None


def presented(token: str) -> Presented:
    """Read issuer and key id of a token that nobody has verified yet.

    Raises:
        Refusal: OFFICER_TOKEN_INVALID.
    """
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise invalid("longer than 8192 characters, or not ASCII")
    header, payload = _opened(token, None)
    kid = header.get("kid")
    if "crit" in header:
        raise invalid("a critical header that nobody here knows")
    issuer = payload.get("iss")
    if not isinstance(issuer, str):
        raise invalid("no issuer")
    return Presented(issuer, kid if isinstance(kid, str) else None)


def verify(token: str, key: VerifyingKey) -> Claims:
    """Verify a token's signature by this key and the key's own algorithm, and read its claims.

    Raises:
        Refusal: OFFICER_TOKEN_INVALID, OFFICER_TOKEN_NOT_BOUND where it names no certificate.
    """
    _, payload = _opened(token, key)
    try:
        subject = officer_subject(payload.get("sub"))
    except ValueError as failure:
        raise invalid(f"sub: {failure}") from None
    bound = payload.get("cnf")
    certificate = bound.get("x5t#S256") if isinstance(bound, dict) else None
    if not isinstance(certificate, str):
        raise Refusal(Reason.OFFICER_TOKEN_NOT_BOUND, detail="no cnf.x5t#S256")
    issued_at = _time(payload, "iat")
    return Claims(
        officer=Officer(str(payload["iss"]), subject),
        audiences=_audiences(payload.get("aud")),
        issued_at=issued_at,
        not_before=_time(payload, "nbf") if "nbf" in payload else issued_at,
        expires_at=_time(payload, "exp"),
        certificate_sha256=certificate,
        key=key,
    )


def invalid(detail: str) -> Refusal:
    """The refusal of a token that is none; ``detail`` never repeats what it says."""
    return Refusal(Reason.OFFICER_TOKEN_INVALID, detail=detail)


def _opened(token: str, key: VerifyingKey | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and payload; the signature is verified where a key is given, and the header must then name the key's algorithm."""
    try:
        if key is None:
            opened = _JWS.decode_complete(token, options={"verify_signature": False})
        else:
            opened = _JWS.decode_complete(token, key=key.key, algorithms=[key.algorithm])
    except jwt.PyJWTError:
        raise invalid("not a token signed by a key of the issuer") from None  # the original message may quote the token
    try:
        payload = json.loads(opened["payload"], object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise invalid("claims that cannot be read") from None  # likewise
    if not isinstance(payload, dict):
        raise invalid("claims that are no object")
    return opened["header"], payload


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """RFC 7519 4: a claim named twice means two things to two readers."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member named twice")
    return members


def _time(payload: Mapping[str, Any], claim: str) -> float:
    value = payload.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise invalid(f"{claim}: not a time")
    return float(value)


def _audiences(value: Any) -> frozenset[str]:
    named = value if isinstance(value, list) else [value]
    return frozenset(name for name in named if isinstance(name, str))
