"""The end of an agency's certificate, read from real handshakes."""

import datetime as dt
import socket
from collections.abc import Callable
from typing import Any

import pytest

from linkage.transport import NotConnected, NotConnectedInTime, TlsFailed, tls_context
from linkage.transport.expiry import read_expiry

Fixture = Callable[..., Any]
ENDS = int((dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=36500)).timestamp())


async def nothing_is_asked(visitor: Any) -> None:
    await visitor.request()


async def test_the_end_of_a_certificate_is_read_without_a_question(serve: Fixture, authority: Fixture, tls_of: Fixture) -> None:
    ca = authority("ours")
    agency = await serve(nothing_is_asked, tls_of(ca.issue("127.0.0.1")))

    assert await read_expiry(agency.url, tls_context(ca=ca.file), timeout=5.0) == ENDS
    assert agency.requests == []


async def test_our_own_certificate_is_shown_where_the_agency_demands_one(serve: Fixture, authority: Fixture, tls_of: Fixture) -> None:
    ca = authority("ours")
    own = ca.issue("client.example")
    agency = await serve(nothing_is_asked, tls_of(ca.issue("127.0.0.1"), clients_from=ca.file))

    assert await read_expiry(agency.url, tls_context(ca=ca.file, certificate=own.certificate, key=own.key), timeout=5.0) == ENDS


@pytest.mark.parametrize("host", ["elsewhere.example"])
async def test_a_certificate_of_another_host_is_not_read(host: str, serve: Fixture, authority: Fixture, tls_of: Fixture) -> None:
    ca = authority("ours")
    agency = await serve(nothing_is_asked, tls_of(ca.issue(host)))

    with pytest.raises(TlsFailed):
        await read_expiry(agency.url, tls_context(ca=ca.file), timeout=5.0)


async def test_a_certificate_of_another_authority_is_not_read(serve: Fixture, authority: Fixture, tls_of: Fixture) -> None:
    agency = await serve(nothing_is_asked, tls_of(authority("theirs").issue("127.0.0.1")))

    with pytest.raises(TlsFailed):
        await read_expiry(agency.url, tls_context(ca=authority("ours").file), timeout=5.0)


async def test_where_nobody_listens_it_is_said_so(authority: Fixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotConnected):
            await read_expiry(f"https://127.0.0.1:{taken.getsockname()[1]}", tls_context(ca=authority("ours").file), timeout=5.0)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_a_host_that_can_be_no_name_is_not_connected(host: str, authority: Fixture) -> None:
    with pytest.raises(NotConnected):
        await read_expiry(f"https://{host}", tls_context(ca=authority("ours").file), timeout=5.0)


async def test_a_host_that_says_nothing_is_left_in_time(authority: Fixture) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(NotConnectedInTime):
            await read_expiry(f"https://127.0.0.1:{silent.getsockname()[1]}", tls_context(ca=authority("ours").file), timeout=0.2)
