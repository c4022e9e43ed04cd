"""The agency's certificate: its end must be known before it comes."""

import datetime as dt
import ipaddress
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from linkage.clock import SystemClock, utc
from linkage.sources.conformance.check import check
from linkage.sources.conformance.gate import Gate
from linkage.sources.conformance.place import TIMEOUT_S, Place
from linkage.transport import tls_context
from linkage.transport.expiry import read_expiry

_DAYS = 20


@check(
    "certificate-expiry-is-reported",
    because="An agency's certificate that ends unnoticed ends the service of every counter on the same morning.",
    remedy="Let base_urls name the https origins themselves, so that the gateway can read when their certificates end.",
)
async def certificate_expiry_is_reported(place: Place) -> AsyncIterator[str]:
    serving, asking_with, not_after = _made()
    async with Gate(place.upstream(), tls=serving) as gate:
        adapter = place.adapter()
        settings = place.settings(adapter, gate.url)
        for origin in sorted(adapter.base_urls(settings)):
            if not origin.startswith("https://"):
                yield "base_urls names an http origin although the settings say https"
                continue
            found = await read_expiry(origin, asking_with, timeout=TIMEOUT_S)
            if found != not_after:
                yield "the end of the agency's certificate cannot be read at an origin of base_urls"
        questions = place.questions()[:1]
        async with place.asking(adapter, gate, settings, frozenset({gate.url}), timeout=TIMEOUT_S, tls=asking_with) as asking:
            for question in questions:
                said = await question.through(asking.source, place.examples(), TIMEOUT_S)
                if not await place.agrees(question, said, (await place.truth(question)).said):
                    yield f"{question.label}: over TLS another answer than without"


def _made() -> tuple[ssl.SSLContext, ssl.SSLContext, int]:
    """A server's context with a fresh certificate for the loopback address, a client's that trusts it, and its end in Unix seconds."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "conformance")])
    now = utc(SystemClock().now_ms()).replace(microsecond=0)
    ends = now + dt.timedelta(days=_DAYS)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - dt.timedelta(days=1), ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    with tempfile.TemporaryDirectory() as folder:
        cert, private = Path(folder) / "cert.pem", Path(folder) / "key.pem"
        cert.write_bytes(certificate.public_bytes(Encoding.PEM))
        private.touch(0o600)
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(cert, private)
        return serving, tls_context(ca=cert), int(ends.timestamp())
