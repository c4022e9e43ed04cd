"""An agency on real sockets that breaks off, hangs, trickles and floods: UNAVAILABLE, asked once, and nothing found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from linkage.errors import Reason
from linkage.identity.peer import peer_of
from linkage.keyring import load_keyring
from linkage.terms import Caller, Counter, Officer, RecipientId, Secret, SourceName
from linkage.v1 import verification_pb2 as pb
from linkage.visits import AgencyLogin, AgencyLogins, Sealer
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.on_the_way import Misbehave, read_request, reset, server
from tests.journeys.world import COUNTER_1, DOE, Desk, World, build_place, running
from tests.ports import free_port

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@asynccontextmanager
async def asking(tmp_path: Path, behave: Misbehave, sources: str = "timeout = 1.0") -> AsyncIterator[tuple[World, Desk]]:
    """A gateway whose DOPA is this server."""
    async with server(behave) as url:
        place = build_place(tmp_path / "world", dopa=url, sources=sources)
        async with running(place, over_sockets=True) as world:
            desk = world.desk()
            yield world, desk
            await desk.close()


async def _unavailable(world: World, desk: Desk, tries: int) -> str:
    """Both corridors say so; the log's word for why."""
    verdict = await desk.verify()
    assert pb.VERDICT_UNAVAILABLE == verdict.verdict
    visit = await _visit(world, desk)
    said = await refusal(world, desk.look_up(visit, _session(world, desk)), Reason.AGENCY_UNAVAILABLE)
    assert said.receipt is not None
    facts = proved(world, said.receipt)["facts"]
    assert tries == facts["attempts"]
    assert entries(world, "outcome")[0]["facts"]["why"] == facts["detail"]
    return str(facts["detail"])


async def _visit(world: World, desk: Desk) -> str:
    shown = pb.PresenceException(
        name="bedridden", reason="ผู้ป่วยติดเตียงที่บ้าน", second_officer_token=world.token(desk.certificate, subject="officer-0002")
    )
    # The exception is agreed for another recipient; here it is one for this one, too.
    world.change("agreements.toml", 'recipient = "dla"', 'recipient = "doe"')
    world.change("agreements.toml", 'services = ["elderly_allowance"]', 'services = ["jobseeker_registration"]')
    await world.gateway._watched.look()
    request = pb.VerifyIdentityRequest(recipient="doe", service="jobseeker_registration", citizen_number="1100000000016", exception=shown)
    token: str = (await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)).visit.token
    return token


def _session(world: World, desk: Desk) -> str:
    """A login that this gateway would have handed out had the agency been there."""
    sealer = Sealer(load_keyring(world.folder / "token.keys"))
    now = world.clock.now_ms() // 1000
    counter = Counter(COUNTER_1, "cm-01", RecipientId("doe"), peer_of(desk.certificate.read_bytes()).certificate_sha256)
    login = AgencyLogin(RecipientId("doe"), SourceName("dopa"), Secret("session"), now + 3600, now + 7200)
    return AgencyLogins(sealer, world.clock).seal_session(Caller(counter, Officer(DOE, "officer-0001")), login)


async def test_nobody_listens(tmp_path: Path) -> None:
    place = build_place(tmp_path / "world", dopa=f"http://127.0.0.1:{free_port()}")
    async with running(place, over_sockets=True) as world:
        desk = world.desk()
        assert "not connected" == await _unavailable(world, desk, 2)  # nothing left, so it is tried again
        await desk.close()


async def test_a_reset_before_the_request_was_read(tmp_path: Path) -> None:
    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        reset(writer)

    async with asking(tmp_path, slam) as (world, desk):
        assert "cut off" == await _unavailable(world, desk, 1)


async def test_a_reset_after_the_request_was_read_is_not_asked_again(tmp_path: Path) -> None:
    read: list[bytes] = []

    async def forget(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read.append(await read_request(reader))
        reset(writer)

    async with asking(tmp_path, forget) as (world, desk):
        assert "cut off" == await _unavailable(world, desk, 1)
    assert 2 == len(read)  # the verification and the lookup, once each


async def test_silence(tmp_path: Path) -> None:
    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with asking(tmp_path, hang, "timeout = 0.3") as (world, desk):
        assert "timeout" == await _unavailable(world, desk, 1)


async def test_one_byte_at_a_time(tmp_path: Path) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK + b"content-length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with asking(tmp_path, trickle, "timeout = 0.4") as (world, desk):
        assert "timeout" == await _unavailable(world, desk, 1)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_hundred_megabytes_are_not_read(tmp_path: Path, announced: bool) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(OK + (b"content-length: 104857600\r\n\r\n" if announced else b"connection: close\r\n\r\n"))
        for _ in range(1600):
            writer.write(b" " * 65_536)
            await writer.drain()
            sent += 65_536

    async with asking(tmp_path, flood, "timeout = 5.0\nmax_answer_bytes = 1048576") as (world, desk):
        assert "answer too large" == await _unavailable(world, desk, 1)
    assert sent < 50 * 2**20


@pytest.mark.parametrize("rubbish", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01\x02\x00"])
async def test_something_that_is_no_http(tmp_path: Path, rubbish: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(rubbish)
        await writer.drain()

    async with asking(tmp_path, babble) as (world, desk):
        assert await _unavailable(world, desk, 1) in ("not http", "cut off")
