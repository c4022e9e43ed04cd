"""The server's own certificate, read again when its files change, without a dropped call.

gRPC asks at every handshake, in threads of its own. What is on disk is checked before it is used: it parses, the key belongs to the
certificate, it has not expired. A bad new version is refused, the old one goes on, and the failure is visible: gRPC itself would only
write a line.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from linkage.clock import Clock, utc
from linkage.errors import Problem, SettingsInvalid
from linkage.settings import Server


@dataclass(frozen=True, slots=True)
class Material:
    """What a handshake needs. ``not_after``: Unix time in seconds at which the certificate expires."""

    chain: bytes
    key: bytes
    client_ca: bytes
    not_after: float


class Certificates:
    """Serves the newest good material. Thread-safe.

    Args:
        settings: where the files are.
        clock: says what has expired.
        on_reload: called, in a thread of gRPC's, with the new material, or with the problem that keeps the old in use.
        on_handshake: called, in a thread of gRPC's, for every connection that is accepted, whatever becomes of it.
    """

    def __init__(
        self, settings: Server, clock: Clock, on_reload: Callable[[Material | Problem], None], on_handshake: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_reload = on_reload
        self._on_handshake = on_handshake
        self._lock = threading.Lock()
        self._stamp = self._look()
        self.current = _load(settings, clock)

    def credentials(self) -> grpc.ServerCredentials:
        """Credentials that demand a client certificate and follow the files."""
        return grpc.dynamic_ssl_server_credentials(
            _configuration(self.current),
            self.fetch,  # type: ignore[arg-type]  # gRPC takes None for "unchanged"; the stubs do not know
            require_client_authentication=True,
        )

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """What has changed since the last handshake; None: nothing, go on as before."""
        self._on_handshake()
        with self._lock:
            stamp = self._look()
            if stamp == self._stamp:
                return None
            self._stamp = stamp
            try:
                material = _load(self._settings, self._clock)
            except SettingsInvalid as failure:
                self._on_reload(failure.problems[0])
                return None
            self.current = material
            self._on_reload(material)
            return _configuration(material)

    def _look(self) -> tuple[tuple[int, int], ...]:
        stamps = []
        for path in (self._settings.certificate, self._settings.key, self._settings.client_ca):
            try:
                found = path.stat()
            except OSError:
                stamps.append((0, 0))
            else:
                stamps.append((found.st_mtime_ns, found.st_ino))
        return tuple(stamps)


def _configuration(material: Material) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(material.key, material.chain)], root_certificates=material.client_ca)


def _load(settings: Server, clock: Clock) -> Material:
    """Read and check all three files.

    Raises:
        SettingsInvalid: the first thing that is wrong.
    """
    try:
        chain, key, ca = (path.read_bytes() for path in (settings.certificate, settings.key, settings.client_ca))
    except OSError as failure:
        raise _wrong("server", str(failure.filename), failure.strerror or "unreadable", "a readable PEM file") from failure
    certificate = _certificate("server.certificate", str(settings.certificate), chain)
    _certificate("server.client_ca", str(settings.client_ca), ca)
    try:
        public = load_pem_private_key(key, None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _wrong("server.key", str(settings.key), "something else", "a PEM private key without passphrase") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise _wrong("server.key", str(settings.key), "another certificate's key", "the private key of server.certificate")
    not_after = certificate.not_valid_after_utc.replace(tzinfo=UTC)
    if not_after <= utc(clock.now_ms()):
        raise _wrong("server.certificate", str(settings.certificate), f"one that expired {not_after:%Y-%m-%d}", "one in force")
    return Material(chain, key, ca, not_after.timestamp())


def _certificate(key: str, file: str, pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except ValueError:
        raise _wrong(key, file, "something else", "PEM certificates") from None


def _wrong(key: str, file: str, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(file, key, got, expected),))
