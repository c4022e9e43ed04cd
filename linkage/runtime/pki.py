"""Makes certificates: a small authority, the gateway's server certificate, one certificate for each counter.

P-256 throughout, since gRPC's TLS takes no Ed25519 certificate. A counter's certificate names it by exactly one URI; a common name
is for people's eyes. This is enough for one organisation and for the demo; whoever has an authority of their own uses that.
"""

import ipaddress
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import TypeAdapter, ValidationError

from linkage.clock import Clock, utc
from linkage.errors import Problem, SettingsInvalid
from linkage.identity.register_tables import Uri
from linkage.runtime.written import write_private, write_public

T = TypeVar("T")

CA_DAYS = 3650
LEAF_DAYS = 90

_EARLY = timedelta(minutes=5)
"""How far before now a certificate begins, for machines whose clocks are behind."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate with its private key, which ``repr`` does not show."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def make_authority(certificate: Path, key: Path, *, name: str, clock: Clock, days: int = CA_DAYS) -> None:
    """Make a CA that signs leaf certificates only. ``name``: its common name; ``key`` is written with mode 600.

    Raises:
        SettingsInvalid: a file is there already, or the name is none.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    builder = _begun(subject, subject, private.public_key(), clock, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    _write(certificate, key, builder.sign(private, hashes.SHA256()), private)


def load_authority(certificate: Path, key: Path) -> Authority:
    """Read a CA back.

    Raises:
        SettingsInvalid: a file is missing, is no PEM, or they are not a pair.
    """
    found = _read(certificate, "a CA certificate, PEM", x509.load_pem_x509_certificate)
    private = _read(key, "its P-256 private key, PEM without passphrase; --ca-key FILE where it is elsewhere", _p256)
    if found.public_key() != private.public_key():
        raise _wrong(key, "another certificate's key", f"the private key of {certificate.name}")
    return Authority(found, private)


def make_server(authority: Authority, certificate: Path, key: Path, *, names: Sequence[str], clock: Clock, days: int = LEAF_DAYS) -> None:
    """Make the gateway's certificate. ``names``: the DNS names and IP addresses counters call it by, at least one.

    Raises:
        SettingsInvalid: a file is there already, or a name is none.
    """
    if not names:
        raise _wrong(certificate, "no name", "at least one DNS name or IP address")
    alternative = [_server_name(certificate, name) for name in names]
    _write(certificate, key, *_leaf(authority, names[0][-64:], alternative, ExtendedKeyUsageOID.SERVER_AUTH, clock, days=days))


def make_counter(authority: Authority, certificate: Path, key: Path, *, uri: str, clock: Clock, days: int = LEAF_DAYS) -> None:
    """Make the certificate of a counter (or an auditor). ``uri``: its one URI name, exactly as in the register.

    Raises:
        SettingsInvalid: a file is there already, or the URI is none that a register could hold.
    """
    try:
        checked: str = TypeAdapter[str](Uri).validate_python(uri)
    except ValidationError as failure:
        raise _wrong(certificate, repr(uri)[:80], failure.errors()[0]["msg"]) from None
    name = checked.rpartition("//")[2][-64:]  # what a common name can hold; nobody is recognised by it
    alternative = [x509.UniformResourceIdentifier(checked)]
    _write(certificate, key, *_leaf(authority, name, alternative, ExtendedKeyUsageOID.CLIENT_AUTH, clock, days=days))


def _leaf(
    authority: Authority, name: str, alternative: Sequence[x509.GeneralName], purpose: x509.ObjectIdentifier, clock: Clock, *, days: int
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    private = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = _begun(_named(name), authority.certificate.subject, private.public_key(), clock, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
    return builder.sign(authority.key, hashes.SHA256()), private


def _begun(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, clock: Clock, days: int) -> x509.CertificateBuilder:
    now = utc(clock.now_ms()).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    except ValueError:
        raise SettingsInvalid((Problem("certificate", "name", repr(name)[:80], "1 to 64 characters"),)) from None


def _server_name(certificate: Path, name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    if not name.isascii() or not all(part.replace("-", "").isalnum() for part in name.split(".")):
        raise _wrong(certificate, repr(name)[:80], "a DNS name or an IP address")
    return x509.DNSName(name)


def _read(path: Path, expected: str, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(path.read_bytes())
    except OSError as failure:
        raise _wrong(path, failure.strerror or "unreadable", expected) from failure
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _wrong(path, "something else", expected) from None  # the original message may quote the file


def _p256(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not an EC key")
    return key


def _write(certificate: Path, key: Path, signed: x509.Certificate, private: ec.EllipticCurvePrivateKey) -> None:
    write_private(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_public(certificate, signed.public_bytes(Encoding.PEM))


def _wrong(path: Path, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(str(path), "file", got, expected),))
