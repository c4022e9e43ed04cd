import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from linkage.transport import agency_client, tls_context

ON_BOTH = {"test_sent_or_not.py", "test_unasked_answers.py"}
"""Where what the event loop sees of a connection matters."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What a cut connection looks like is the event loop's to say: the gateway runs on uvloop, other tests on asyncio's own."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    return factories | {"uvloop": uvloop.new_event_loop} if item.path.name in ON_BOTH else factories


Behaviour = Callable[["Visitor"], Awaitable[None]]


@dataclass
class Agency:
    """A raw socket server that behaves as told, and remembers what it read."""

    url: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    sent: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)


class Visitor:
    """One connection to the agency, from the agency's side."""

    def __init__(self, agency: Agency, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.agency = agency
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.agency.requests.append(head)
        self.agency.asked.set()
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        self.agency.bodies.append(await self.reader.readexactly(length))
        return head

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()
        self.agency.sent += len(content)

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)  # close with RST instead of FIN
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Serve = Callable[..., Awaitable[Agency]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start an agency that does to every connection what it is told."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Agency:
            agency = Agency()
            writers: list[asyncio.StreamWriter] = []

            async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                agency.connections += 1
                writers.append(writer)
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await behave(Visitor(agency, reader, writer))
                writer.close()

            server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)
            scheme = "http" if tls is None else "https"
            agency.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"

            async def stop() -> None:
                server.close()
                for writer in writers:
                    writer.transport.abort()
                await asyncio.sleep(0)

            stack.push_async_callback(stop)
            return agency

        yield start


Connect = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make clients for an agency, small and quick, and close them after."""
    async with contextlib.AsyncExitStack() as stack:

        def make(url: str, **other: Any) -> httpx.AsyncClient:
            settings: dict[str, Any] = {
                "tls": tls_context(),
                "timeout": 5.0,
                "connect_timeout": 2.0,
                "connections": 4,
                "most_bytes": 1_000_000,
            }
            client = agency_client([url], **settings | other)
            stack.push_async_callback(client.aclose)
            return client

        yield make


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """A CA of the test's own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._builder(self._subject, self._key).add_extension(constraints, critical=True).sign(self._key, hashes.SHA256())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, host: str) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        builder = self._builder(subject, key).add_extension(x509.SubjectAlternativeName([name]), critical=False)
        issued = Issued(self._folder / f"{self._name}-{host}.pem", self._folder / f"{self._name}-{host}.key")
        issued.certificate.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        issued.key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return issued

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start - dt.timedelta(days=3650))
            .not_valid_after(start + dt.timedelta(days=36500))
        )


@pytest.fixture
def authority(tmp_path: Path) -> Callable[[str], Authority]:
    return lambda name: Authority(tmp_path, name)


def server_tls(issued: Issued, *, clients_from: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    if clients_from is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients_from)
    return context


@pytest.fixture
def tls_of() -> Callable[..., ssl.SSLContext]:
    return server_tls
