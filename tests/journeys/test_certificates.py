"""The gateway's own certificate changes while counters work: no call is lost, and what is wrong with a new one is visible."""

import asyncio
import io
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from cryptography import x509

from linkage.clock import FakeClock, SystemClock
from linkage.runtime.pki import load_authority, make_server
from linkage.telemetry import configure_logging
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.world import Desk, Place, World


@pytest.fixture
async def lines() -> AsyncIterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()


def _fresh(place: Place, *, clock: FakeClock | SystemClock | None = None) -> tuple[Path, Path]:
    authority = load_authority(place.folder / "ca.pem", place.folder / "ca.key")
    certificate, key = place.folder / "fresh.pem", place.folder / "fresh.key"
    make_server(authority, certificate, key, names=["localhost"], clock=clock or SystemClock(), days=30)
    return certificate, key


def _swap(place: Place, certificate: Path | None = None, key: Path | None = None) -> None:
    for fresh, name in ((certificate, "server.pem"), (key, "server.key")):
        if fresh is not None:
            fresh.rename(place.folder / name)


def _serial(pem: bytes) -> int:
    return x509.load_pem_x509_certificate(pem).serial_number


async def _shown(world: World, desk: Desk) -> int:
    """The serial number of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=str(world.folder / "ca.pem"))
    context.load_cert_chain(desk.certificate, desk.certificate.with_suffix(".key"))
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection("localhost", world.gateway.port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return x509.load_der_x509_certificate(der).serial_number


async def test_a_new_certificate_is_shown_to_new_connections_and_no_call_of_the_old_ones_is_lost(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.slow = 0.3
    begun = [asyncio.create_task(desk.look_up(visit, session)) for _ in range(10)]
    await asyncio.sleep(0.1)
    certificate, key = _fresh(world)
    serial, not_after = _serial(certificate.read_bytes()), x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    _swap(world, certificate, key)

    assert serial == await _shown(world, desk)

    newcomer = world.desk()
    begun += [asyncio.create_task(one.look_up(visit, session)) for one in (desk, newcomer)]
    assert [lookup_pb2.ANSWER_FOUND] * 12 == [reply.answer for reply in await asyncio.gather(*begun)]
    assert f'linkage_certificate_not_after_seconds{{which="server"}} {not_after.timestamp()!r}'.encode() in _plain(world.metrics())
    await newcomer.close()


@pytest.mark.parametrize(
    "wrong", ["half a certificate", "half a key", "a key of another", "an expired one", "an empty file", "a missing file"]
)
async def test_a_bad_new_certificate_is_refused_the_old_one_goes_on_and_the_operator_sees_it(
    lines: io.StringIO, world: World, desk: Desk, wrong: str
) -> None:
    before = _serial((world.folder / "server.pem").read_bytes())
    long_ago = FakeClock(SystemClock().now_ms() - 400 * 86_400_000)
    certificate, key = _fresh(world, clock=long_ago if wrong == "an expired one" else None)
    good, good_key = certificate.read_bytes(), key.read_bytes()
    match wrong:
        case "half a certificate":
            certificate.write_bytes(good[: len(good) // 2])
        case "half a key":
            key.write_bytes(good_key[: len(good_key) // 2])
        case "a key of another":
            key.unlink()
        case "an empty file":
            certificate.write_bytes(b"")
        case "a missing file":
            (world.folder / "server.key").unlink()
            key.unlink()
    _swap(world, certificate, key if key.exists() else None)

    assert before == await _shown(world, desk)

    newcomer = world.desk()
    assert pb.VERDICT_MATCH == (await newcomer.verify()).verdict
    assert b'linkage_reload_ok{which="certificate"} 0.0' in world.metrics()
    assert "server certificate refused; the old one goes on" in {json.loads(line)["event"] for line in lines.getvalue().splitlines()}
    await newcomer.close()


async def test_a_bad_new_certificate_that_is_mended_is_taken(world: World, desk: Desk) -> None:
    certificate, key = _fresh(world)
    serial = _serial(certificate.read_bytes())
    _swap(world, certificate)  # half of a pair is no pair
    assert serial != await _shown(world, desk)

    _swap(world, None, key)

    assert serial == await _shown(world, desk)
    assert b'linkage_reload_ok{which="certificate"} 1.0' in world.metrics()


def _plain(page: bytes) -> bytes:
    """Numbers as Python writes them: the page may use an exponent."""
    spelt = []
    for line in page.decode().splitlines():
        name, _, value = line.rpartition(" ")
        spelt.append(line if line.startswith("#") else f"{name} {float(value)!r}")
    return "\n".join(spelt).encode()
