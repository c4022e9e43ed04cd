"""A certificate becomes a counter or an auditor.

TLS has verified the certificate's chain before it comes here. It names its holder by exactly one URI in its subject alternative
names; a common name, a DNS name or a second URI name nobody. The register then says who that is.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ExtensionNotFound, SubjectAlternativeName, UniformResourceIdentifier

from linkage.errors import Reason, Refusal
from linkage.identity.register import Register
from linkage.terms import Counter, RecipientId


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom a certificate names, and the certificate itself."""

    uri: str
    certificate_sha256: str
    """Of its DER: base64url without padding, as in RFC 8705 ``x5t#S256``."""
    serial: int
    not_after: datetime
    """UTC."""


@dataclass(frozen=True, slots=True)
class Auditor:
    """Who may read the log, and for which agencies."""

    uri: str
    agencies: frozenset[RecipientId]
    certificate_sha256: str


@lru_cache(maxsize=4096)
def peer_of(pem: bytes) -> Peer:
    """Read the leaf certificate of a connection, PEM as gRPC's ``x509_pem_cert`` gives it. Remembered by its bytes.

    Raises:
        Refusal: CERTIFICATE_NOT_NAMED.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        uris = names.get_values_for_type(UniformResourceIdentifier)
        der = certificate.public_bytes(Encoding.DER)
    except ExtensionNotFound:
        raise Refusal(Reason.CERTIFICATE_NOT_NAMED, detail="no subject alternative name") from None
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise Refusal(Reason.CERTIFICATE_NOT_NAMED, detail="the certificate cannot be read") from None
    if len(uris) != 1:
        raise Refusal(Reason.CERTIFICATE_NOT_NAMED, detail=f"{len(uris)} URI names instead of one")
    digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    return Peer(uris[0], digest, certificate.serial_number, certificate.not_valid_after_utc)


def recognise(peer: Peer, register: Register) -> Counter | Auditor:
    """Look a peer up. Asked on every call, so that a changed register holds at once on open connections.

    Raises:
        Refusal: CERTIFICATE_REVOKED, COUNTER_UNKNOWN, COUNTER_SUSPENDED.
    """
    if peer.serial in register.revoked_serials:
        raise Refusal(Reason.CERTIFICATE_REVOKED)
    agencies = register.auditors.get(peer.uri)
    if agencies is not None:
        return Auditor(peer.uri, agencies, peer.certificate_sha256)
    counter = register.counters.get(peer.uri)
    centre = register.centres.get(counter.centre) if counter else None
    if counter is None or centre is None:
        raise Refusal(Reason.COUNTER_UNKNOWN)
    if counter.suspended:
        raise Refusal(Reason.COUNTER_SUSPENDED)
    return Counter(peer.uri, centre.id, centre.agency, peer.certificate_sha256)
