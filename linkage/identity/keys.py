"""Public keys that officer tokens are signed with, from a JWKS (RFC 7517).

The key fixes the algorithm, never the token's header: Ed25519 is EdDSA, P-256 is ES256, RSA of 2048 bits or more is RS256.
Keys of any other kind are passed over; there is no way to bring in a shared secret.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from linkage.errors import LinkageError

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

LARGEST = 256 * 1024
"""Bytes of a JWKS; a larger one is not read."""

_RSA_BITS = range(2048, 8193)


class KeysUnreadable(LinkageError):
    """What should be a JWKS is none, or holds no key that could be used. The message says why and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, its id in the set if it has one, and the one algorithm it verifies."""

    kid: str | None
    algorithm: str
    key: PublicKey = field(repr=False)
    fingerprint: bytes = field(repr=False)
    """SHA-256 of its SubjectPublicKeyInfo."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one issuer, at least one, no two with the same id."""

    keys: tuple[VerifyingKey, ...]

    def find(self, kid: str | None) -> VerifyingKey | None:
        """The key a token names; a token that names none means the only key, where there is only one."""
        if kid is None:
            return self.keys[0] if len(self.keys) == 1 else None
        return next((key for key in self.keys if key.kid == kid), None)

    def holds(self, key: VerifyingKey) -> bool:
        """Whether this very key is in the set, under whatever id."""
        return key.fingerprint in [other.fingerprint for other in self.keys]


def parse_keys(content: bytes) -> KeySet:
    """Read a JWKS.

    Raises:
        KeysUnreadable: not a JWKS, larger than 256 KiB, two keys of one id, or no usable key.
    """
    if len(content) > LARGEST:
        raise KeysUnreadable("larger than 256 KiB")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise KeysUnreadable("not JSON") from None  # the original message may quote it
    written = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(written, list):
        raise KeysUnreadable("not a JSON object with a list `keys`")
    keys = tuple(key for jwk in written if isinstance(jwk, dict) and (key := _verifying_key(jwk)) is not None)
    if not keys:
        raise KeysUnreadable("no usable public key")
    named = [key.kid for key in keys if key.kid is not None]
    if len(named) != len(set(named)):
        raise KeysUnreadable("two keys of one kid")
    return KeySet(keys)


def _verifying_key(jwk: Mapping[str, Any]) -> VerifyingKey | None:
    kid = jwk.get("kid")
    if kid is not None and not isinstance(kid, str):
        return None
    if not _for_signatures(jwk):
        return None
    found = _public_key(jwk)
    if found is None or jwk.get("alg", found[0]) != found[0]:
        return None
    algorithm, key = found
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return VerifyingKey(kid, algorithm, key, hashlib.sha256(spki).digest())


def _for_signatures(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _public_key(jwk: Mapping[str, Any]) -> tuple[str, PublicKey] | None:
    readers: dict[tuple[object, object], Callable[[dict[str, Any]], object]] = {
        ("OKP", "Ed25519"): OKPAlgorithm.from_jwk,
        ("EC", "P-256"): ECAlgorithm.from_jwk,
        ("RSA", None): RSAAlgorithm.from_jwk,
    }
    curve = jwk.get("crv")
    read = readers.get((jwk.get("kty"), curve)) if isinstance(jwk.get("kty"), str) and isinstance(curve, str | None) else None
    if read is None:
        return None
    try:
        key = read(dict(jwk))
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, AttributeError, KeyError):
        return None  # a member is missing, of another type, or no point of the curve
    match key:
        case Ed25519PublicKey():
            return "EdDSA", key
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return "ES256", key
        case RSAPublicKey() if key.key_size in _RSA_BITS:
            return "RS256", key
        case _:
            return None  # among them a private key: published, it proves nobody's word any more
