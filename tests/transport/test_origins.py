"""Where a client's requests go, and that nothing is kept from one to the next."""

import logging
from typing import Any

import pytest

from linkage.transport import WrongOrigin, watched

Fixture = Any
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def answers_ok(visitor: Any) -> None:
    while True:
        await visitor.request()
        await visitor.send(OK)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "https://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://127.0.0.1:{port}@elsewhere.example/",
        "http://elsewhere.example/?http://127.0.0.1:{port}",
    ],
)
async def test_a_url_of_another_origin_never_leaves(url: str, serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    with watched() as wire, pytest.raises(WrongOrigin):
        await connect(agency.url).get(url.format(port=agency.url.rpartition(":")[2]))
    assert not wire.left
    assert agency.connections == 0


async def test_paths_and_letter_case_do_not_make_another_origin(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    url = agency.url.replace("http://127.0.0.1", "HTTP://127.0.0.1")
    assert (await connect(f"{agency.url}/some/path").get(f"{url}/another")).text == "ok"


@pytest.mark.parametrize("follow", [False, True])
async def test_a_redirect_is_not_followed_elsewhere(follow: bool, serve: Fixture, connect: Fixture) -> None:
    elsewhere = await serve(answers_ok)

    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(f"HTTP/1.1 307 Moved\r\nLocation: {elsewhere.url}/\r\nContent-Length: 0\r\n\r\n".encode())

    agency = await serve(behave)
    client = connect(agency.url)
    if follow:
        with pytest.raises(WrongOrigin):
            await client.post(agency.url, content=b"secret", follow_redirects=True)
    else:
        assert (await client.post(agency.url, content=b"secret")).status_code == 307
    assert elsewhere.connections == 0


async def test_no_proxy_is_taken_from_the_environment(serve: Fixture, connect: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    agency, proxy = await serve(answers_ok), await serve(answers_ok)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert (await connect(agency.url).get(agency.url)).text == "ok"
    assert (agency.connections, proxy.connections) == (1, 0)


async def test_a_cookie_set_for_one_person_does_not_go_out_for_the_next(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        while True:
            await visitor.request()
            await visitor.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=somchai; Path=/\r\nContent-Length: 2\r\n\r\nok")

    agency = await serve(behave)
    client = connect(agency.url)
    for _ in range(3):
        await client.get(agency.url)
    assert not any(b"cookie" in request.lower() for request in agency.requests)


async def test_no_library_logs_a_url(serve: Fixture, connect: Fixture, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    agency = await serve(answers_ok)
    client = connect(agency.url)
    await client.get(f"{agency.url}/people/1101700230708")
    with pytest.raises(WrongOrigin):
        await client.get("http://elsewhere.example/people/1101700230708")
    assert "1101700230708" not in caplog.text
