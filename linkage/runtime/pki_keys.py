"""Makes keys that are no certificates: officers' signing keys and tokens, the log's key, key rings.

Officers' keys and tokens are for demonstration and for agencies that have no issuer of their own yet: whoever holds the private
file can be any officer of that agency.
"""

import base64
import hashlib
import json
import secrets
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from linkage.clock import Clock
from linkage.errors import Problem, Refusal, SettingsInvalid
from linkage.identity.peer import peer_of
from linkage.identity.subject import officer_subject
from linkage.keyring import load_keyring
from linkage.runtime.written import replace_private, write_private, write_public
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.note import Signer

LONGEST_HOURS = 12.0


def make_officer_keys(key_set: Path, key: Path) -> str:
    """Make an issuer's signing key (Ed25519): ``key_set``, the public JWKS that the register names, and ``key``, private.

    Returns:
        The key's id: its thumbprint (RFC 7638).

    Raises:
        SettingsInvalid: a file is there already.
    """
    private = Ed25519PrivateKey.generate()
    write_private(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = _jwk(private.public_key())
    kid = _thumbprint(public)
    write_public(key_set, json.dumps({"keys": [public | {"use": "sig", "alg": "EdDSA", "kid": kid}]}, indent=2) + "\n")
    return kid


def officer_token(key: Path, *, issuer: str, subject: str, audience: str, certificate: Path, hours: float, clock: Clock) -> str:
    """A token for an officer at one counter.

    Args:
        key: the issuer's private key.
        issuer: as in the register.
        subject: the officer's id at the issuer; never a citizen number.
        audience: what the gateway's settings expect.
        certificate: the counter's; the token is good only over a connection made with it (RFC 8705).
        hours: how long it lasts, at most 12.
        clock: says when that begins.

    Raises:
        SettingsInvalid: a file is not what it should be, or the subject or the hours are not allowed.
    """
    if not 0 < hours <= LONGEST_HOURS:
        raise _wrong("token", "hours", str(hours), f"more than 0, at most {LONGEST_HOURS:g}")
    try:
        officer_subject(subject)
    except ValueError as failure:
        raise _wrong("token", "subject", "another form", str(failure)) from None
    private = _private(key)
    now = clock.now_ms() // 1000
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "iat": now,
        "exp": now + round(hours * 3600),
        "cnf": {"x5t#S256": _bound_to(certificate)},
    }
    return jwt.encode(claims, private, "EdDSA", headers={"kid": _thumbprint(_jwk(private.public_key()))})


def make_log_key(signing_key: Path, verifying_key: Path, *, origin: str) -> str:
    """Make the log's signing key (Ed25519) in the form of C2SP signed notes. ``origin``: the log's name, which never changes.

    Returns:
        The vkey, as written to ``verifying_key``: what everybody checks receipts against.

    Raises:
        SettingsInvalid: a file is there already, or the origin cannot be a key's name.
    """
    try:
        signer = Signer(origin, secrets.token_bytes(32))
    except NoteInvalid as failure:
        raise _wrong("log", "origin", failure.got, failure.expected) from failure
    write_private(signing_key, signer.skey + "\n")
    write_public(verifying_key, signer.verifier.text + "\n")
    return signer.verifier.text


def make_key_ring(path: Path, key_id: str) -> None:
    """Make a ring of one fresh 256-bit key. ``key_id``: 1 to 16 of ``a-z 0-9 -``.

    Raises:
        SettingsInvalid: there is such a file already, or the id is none.
    """
    write_private(path, _line(key_id))


def add_key(path: Path, key_id: str) -> None:
    """Put a fresh key in front of a ring: it seals from now on, the older ones still open.

    Raises:
        SettingsInvalid: the ring cannot be read, holds a key of this id, or the id is none.
    """
    ring = load_keyring(path)
    if ring.get(key_id) is not None:
        raise _wrong(str(path), "id", repr(key_id), "an id not in the ring yet")
    replace_private(path, _line(key_id) + "".join(f"{key.id}:{key.key.hex()}\n" for key in ring.keys))


def _line(key_id: str) -> str:
    if not (1 <= len(key_id) <= 16 and key_id.isascii() and key_id == key_id.lower() and key_id.replace("-", "a").isalnum()):
        raise _wrong("key ring", "id", repr(key_id)[:40], "1 to 16 of a-z 0-9 -")
    return f"{key_id}:{secrets.token_hex(32)}\n"


def _private(path: Path) -> Ed25519PrivateKey:
    expected = "an Ed25519 private key, PEM without passphrase"
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as failure:
        raise _wrong(str(path), "file", failure.strerror or "unreadable", expected) from failure
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _wrong(str(path), "file", "something else", expected) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _wrong(str(path), "file", "a key of another kind", expected)
    return key


def _bound_to(certificate: Path) -> str:
    try:
        pem = certificate.read_bytes()
        x509.load_pem_x509_certificate(pem)
        return peer_of(pem).certificate_sha256
    except OSError as failure:
        raise _wrong(str(certificate), "file", failure.strerror or "unreadable", "the counter's certificate, PEM") from failure
    except ValueError:
        raise _wrong(str(certificate), "file", "something else", "the counter's certificate, PEM") from None
    except Refusal as failure:
        raise _wrong(str(certificate), "names", failure.detail, "exactly one URI") from None


def _jwk(public: Ed25519PublicKey) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public.public_bytes_raw())}


def _thumbprint(jwk: dict[str, str]) -> str:
    return _base64url(hashlib.sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _wrong(file: str, key: str, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(file, key, got, expected),))
