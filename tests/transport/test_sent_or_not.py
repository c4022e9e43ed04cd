"""Whether a request can have reached the agency: proved against raw sockets, one way of failing each."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from linkage.transport import CutOff, MaybeSent, NoAnswerInTime, NotConnected, NotConnectedInTime, NotHttp, NotSent, TlsFailed, tls_context
from tests.ports import free_port

Fixture = Any
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def failure_of(request: Any) -> httpx.TransportError:
    with pytest.raises(httpx.TransportError) as caught:
        await request
    return caught.value


# ---- known not to have been sent -------------------------------------------------------------------------------------


async def test_a_refused_connection_was_not_sent(connect: Fixture) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    failure = await failure_of(connect(url).get(url))
    assert type(failure) is NotConnected
    assert isinstance(failure, NotSent)
    assert isinstance(failure, httpx.ConnectError)


async def test_a_name_without_address_was_not_sent(connect: Fixture) -> None:
    url = "http://no-such-agency.invalid"
    assert isinstance(await failure_of(connect(url).get(url)), NotSent)


@pytest.mark.parametrize("wrong", ["ca", "host"])
async def test_a_server_that_cannot_prove_itself_is_sent_nothing(
    wrong: str, serve: Fixture, connect: Fixture, authority: Fixture, tls_of: Fixture
) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()

    ours, theirs = authority("ours"), authority("theirs")
    issued = ours.issue("elsewhere.example") if wrong == "host" else theirs.issue("127.0.0.1")
    agency = await serve(behave, tls_of(issued))
    failure = await failure_of(connect(agency.url, tls=tls_context(ca=ours.file)).get(agency.url))
    assert type(failure) is TlsFailed
    assert isinstance(failure, NotSent)
    assert agency.requests == []


async def test_a_host_silent_in_the_handshake_was_not_sent(serve: Fixture, connect: Fixture, authority: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.reader.read()

    agency = await serve(behave)
    url = agency.url.replace("http:", "https:")
    failure = await failure_of(connect(url, tls=tls_context(ca=authority("ours").file), connect_timeout=0.2).get(url))
    assert type(failure) is NotConnectedInTime
    assert isinstance(failure, NotSent)
    assert isinstance(failure, httpx.TimeoutException)


async def test_a_request_whose_time_ends_in_the_handshake_was_not_sent(serve: Fixture, connect: Fixture, authority: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.reader.read()

    agency = await serve(behave)
    url = agency.url.replace("http:", "https:")
    failure = await failure_of(connect(url, tls=tls_context(ca=authority("ours").file), timeout=0.2).get(url, timeout=30.0))
    assert type(failure) is NotConnectedInTime


async def test_a_request_that_finds_no_free_connection_was_not_sent(serve: Fixture, connect: Fixture) -> None:
    release = asyncio.Event()

    async def behave(visitor: Any) -> None:
        await visitor.request()
        await release.wait()
        await visitor.send(OK)

    agency = await serve(behave)
    client = connect(agency.url, connections=1, connect_timeout=0.2)
    first = asyncio.create_task(client.get(agency.url))
    await agency.asked.wait()
    failure = await failure_of(client.get(agency.url))
    release.set()
    assert (await first).status_code == 200
    assert type(failure) is NotConnectedInTime
    assert len(agency.requests) == 1


async def test_a_connection_that_the_server_closed_while_idle_is_not_written_to(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(OK)

    agency = await serve(behave)
    client = connect(agency.url)
    await client.post(agency.url, content=b"one")
    await asyncio.sleep(0.05)
    assert (await client.post(agency.url, content=b"two")).status_code == 200
    assert (agency.connections, len(agency.requests)) == (2, 2)


async def test_nor_is_one_whose_end_the_busy_event_loop_has_not_seen_yet(connect: Fixture) -> None:
    closed = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(3)
    read: list[bytes] = []

    def twice() -> None:
        with contextlib.suppress(TimeoutError):
            for _ in range(2):
                visitor, _ = listener.accept()
                with visitor:
                    read.append(visitor.recv(65536))
                    visitor.sendall(OK)
                closed.set()

    thread = threading.Thread(target=twice)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    client = connect(url)
    await client.post(url, content=b"")
    closed.wait(5)
    time.sleep(0.05)  # noqa: ASYNC251 (the point: the loop does not turn while the end arrives)
    try:
        assert (await client.post(url, content=b"")).status_code == 200
    finally:
        await asyncio.to_thread(thread.join)
        listener.close()
    assert len(read) == 2


# ---- may have been sent -----------------------------------------------------------------------------------------------


async def test_a_connection_closed_before_the_request_was_read_may_have_been_sent(connect: Fixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asking = asyncio.create_task(connect(url).get(url))
        await asyncio.sleep(0.1)
        listener.accept()[0].close()
        failure = await failure_of(asking)
    assert type(failure) is CutOff
    assert isinstance(failure, MaybeSent)


def reset_at(answer: bytes) -> Callable[[Any], Any]:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        if answer:
            await visitor.send(answer)
            await asyncio.sleep(0.05)
        visitor.reset()

    return behave


def close_at(answer: bytes) -> Callable[[Any], Any]:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(answer)

    return behave


def silent_after(answer: bytes) -> Callable[[Any], Any]:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(answer)
        await asyncio.sleep(30)

    return behave


HALF_HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: text/xm"
HALF_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<half"
HALF_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<half\r\n"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        pytest.param(reset_at(b""), CutOff, id="reset after the request was read"),
        pytest.param(close_at(b""), CutOff, id="closed after the request was read"),
        pytest.param(reset_at(HALF_HEADERS), CutOff, id="reset in the headers"),
        pytest.param(close_at(HALF_HEADERS), CutOff, id="closed in the headers"),
        pytest.param(reset_at(HALF_ANSWER), CutOff, id="reset in the answer"),
        pytest.param(close_at(HALF_ANSWER), CutOff, id="closed in the answer"),
        pytest.param(close_at(HALF_CHUNKS), CutOff, id="closed between chunks"),
        pytest.param(close_at(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), NotHttp, id="another protocol"),
        pytest.param(close_at(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), NotHttp, id="chunks of no size"),
    ],
)
async def test_what_ends_after_the_connection_may_have_been_sent_and_is_not_sent_again(
    behave: Any, kind: type[MaybeSent], method: str, serve: Fixture, connect: Fixture
) -> None:
    agency = await serve(behave)
    failure = await failure_of(connect(agency.url).request(method, agency.url))
    assert type(failure) is kind
    assert isinstance(failure, MaybeSent)
    assert len(agency.requests) == 1


@pytest.mark.parametrize("answer", [b"", HALF_HEADERS, HALF_ANSWER], ids=["never answers", "half the headers", "half the answer"])
async def test_silence_is_a_timeout_that_may_have_been_sent(answer: bytes, serve: Fixture, connect: Fixture) -> None:
    agency = await serve(silent_after(answer))
    failure = await failure_of(connect(agency.url, timeout=0.3).get(agency.url))
    assert type(failure) is NoAnswerInTime
    assert isinstance(failure, httpx.TimeoutException)
    assert len(agency.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_kept_connection_that_ends_on_the_second_request_is_not_tried_again(method: str, serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(OK)
        await visitor.request()

    agency = await serve(behave)
    client = connect(agency.url)
    await client.request(method, agency.url)
    assert type(await failure_of(client.request(method, agency.url))) is CutOff
    assert (agency.connections, len(agency.requests)) == (1, 2)


async def test_a_certificate_of_ours_that_the_agency_refuses_may_have_been_sent(
    serve: Fixture, connect: Fixture, authority: Fixture, tls_of: Fixture
) -> None:
    """In TLS 1.3 the server judges our certificate after we may have written."""

    async def behave(visitor: Any) -> None:
        await visitor.request()

    ca, stranger = authority("ours"), authority("stranger")
    agency = await serve(behave, tls_of(ca.issue("127.0.0.1"), clients_from=ca.file))
    mine = stranger.issue("gateway.example")
    client = connect(agency.url, tls=tls_context(ca=ca.file, certificate=mine.certificate, key=mine.key))
    assert isinstance(await failure_of(client.get(agency.url)), MaybeSent)
    assert agency.requests == []


async def test_our_certificate_is_shown(serve: Fixture, connect: Fixture, authority: Fixture, tls_of: Fixture) -> None:
    shown: list[Any] = []

    async def behave(visitor: Any) -> None:
        shown.append(visitor.writer.get_extra_info("peercert"))
        await visitor.request()
        await visitor.send(OK)

    ca = authority("ours")
    agency = await serve(behave, tls_of(ca.issue("127.0.0.1"), clients_from=ca.file))
    mine = ca.issue("gateway.example")
    client = connect(agency.url, tls=tls_context(ca=ca.file, certificate=mine.certificate, key=mine.key))
    assert (await client.get(agency.url)).text == "ok"
    assert shown[0]["subjectAltName"] == (("DNS", "gateway.example"),)


async def test_no_text_of_an_error_holds_the_url(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(reset_at(b""))
    for url in (f"{agency.url}/people/1101700230708", f"http://127.0.0.1:{free_port()}/people/1101700230708"):
        failure = await failure_of(connect(url).get(url))
        assert "1101700230708" not in f"{failure!s} {failure!r} {failure.__cause__!r}"
        assert failure.__suppress_context__


def test_an_encrypted_key_is_refused_and_no_password_asked_for(authority: Fixture, tmp_path: Path) -> None:
    mine = authority("ours").issue("gateway.example")
    key = serialization.load_pem_private_key(mine.key.read_bytes(), password=None)
    encryption = serialization.BestAvailableEncryption(b"a password")
    locked = tmp_path / "locked.key"
    locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    tls_context(certificate=mine.certificate, key=mine.key)
    with pytest.raises(ssl.SSLError):
        tls_context(certificate=mine.certificate, key=locked)
