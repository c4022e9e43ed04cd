"""That the short way of a request is the same way: what httpx would send is sent, and what needs httpx's own way gets it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from linkage.transport import AnswerCompressed, NoAnswerInTime, WrongOrigin, watched

Fixture = Any
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
URL = "http://127.0.0.1:8000/people"
DEFAULTS = {"accept-encoding": "identity", "user-agent": "linkage"}


async def answers_ok(visitor: Any) -> None:
    while True:
        await visitor.request()
        await visitor.send(OK)


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        pytest.param("POST", {"json": {"name": "สมชาย", "n": [1, 2.5, None]}, "headers": {"X-Request-Id": "1"}}, id="json"),
        pytest.param("POST", {"json": []}, id="empty json"),
        pytest.param("POST", {"json": None}, id="json that is none"),
        pytest.param("put", {"json": {"a": 1}, "headers": {"AUTHORIZATION": "Bearer t"}}, id="method in lower case"),
        pytest.param("POST", {"json": {"a": 1}, "headers": {"accept": "application/json"}}, id="a header of httpx's own"),
        pytest.param("POST", {"json": {"a": 1}, "headers": {"Content-Type": "application/vnd.api+json"}}, id="a content type"),
        pytest.param("POST", {"json": {"a": 1}, "headers": {"HOST": "elsewhere.example"}}, id="a host"),
        pytest.param("POST", {"json": {"a": 1}, "headers": [("x", "1"), ("x", "2")]}, id="a header twice"),
        pytest.param("POST", {"json": {"a": 1}, "headers": {"x": b"1"}}, id="a header in bytes"),
        pytest.param("POST", {"json": {"a": 1}, "params": {"q": "x y"}}, id="json and parameters"),
        pytest.param("POST", {"json": {"a": 1}, "timeout": 1.0}, id="json and a time of its own"),
        pytest.param("POST", {"content": b"<xml/>", "headers": {"Content-Type": "text/xml"}}, id="bytes"),
        pytest.param("POST", {"data": {"code": "1 2"}}, id="a form"),
        pytest.param("GET", {"params": {"id": "7"}}, id="parameters"),
        pytest.param("DELETE", {}, id="nothing"),
    ],
)
async def test_a_request_is_what_httpx_itself_would_send(method: str, asked: dict[str, Any], serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    async with httpx.AsyncClient(headers=DEFAULTS) as plain:
        expected = plain.build_request(method, f"{agency.url}/people", **asked)
    made = (await connect(agency.url).request(method, f"{agency.url}/people", **asked)).request
    first, *lines = agency.requests[0].removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert first == b"%b %b HTTP/1.1" % (expected.method.encode(), expected.url.raw_path)
    assert agency.bodies == [expected.content]
    sent = sorted((name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines))
    assert sent == sorted((name.lower(), value) for name, value in expected.headers.raw)
    assert (made.method, made.url, await made.aread()) == (expected.method, expected.url, expected.content)
    assert sorted(made.headers.multi_items()) == sorted(expected.headers.multi_items())


async def test_a_number_that_json_has_not_is_not_sent(connect: Fixture) -> None:
    with watched() as wire, pytest.raises(ValueError, match="JSON compliant"):
        await connect(URL).post(URL, json={"a": float("nan")})
    assert not wire.left


async def test_a_login_in_the_header_goes_out(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    await connect(agency.url).post(agency.url, data={"a": "1"}, auth=httpx.BasicAuth("linkage", "secret"))
    assert b"\r\nauthorization: basic " in agency.requests[0].lower()


async def test_a_hook_sees_every_request(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    client = connect(agency.url)
    seen: list[str] = []

    async def note(request: httpx.Request) -> None:
        seen.append(request.method)

    client.event_hooks = {"request": [note]}
    await client.post(agency.url, json={})
    assert seen == ["POST"]


async def test_an_answer_may_be_read_as_a_stream(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    async with connect(agency.url).stream("GET", agency.url) as response:
        assert [chunk async for chunk in response.aiter_bytes()] == [b"ok"]
    async with connect(agency.url).stream("GET", agency.url) as response:
        assert [chunk async for chunk in response.aiter_raw()] == [b"ok"]


async def test_a_body_in_pieces_arrives_whole_and_with_its_length(serve: Fixture, connect: Fixture) -> None:
    read: list[bytes] = []

    async def behave(visitor: Any) -> None:
        read.append(await visitor.reader.readuntil(b"onetwo"))
        await visitor.send(OK)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    agency = await serve(behave)
    assert (await connect(agency.url).post(agency.url, content=pieces())).text == "ok"
    assert b"\r\nContent-Length: 6\r\n\r\nonetwo" in read[0]
    assert b"transfer-encoding" not in read[0].lower()


async def test_what_goes_over_the_wire_is_one_head_and_its_body(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    await connect(agency.url).post(f"{agency.url}/ก/a b?q=ข&r=%2F", json={"a": 1}, headers={"X-Request-Id": "7"})
    first, *lines = agency.requests[0].removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert first == b"POST /%E0%B8%81/a%20b?q=%E0%B8%82&r=%2F HTTP/1.1"
    assert sorted(lines) == [
        b"Accept-Encoding: identity",
        b"Accept: */*",
        b"Connection: keep-alive",
        b"Content-Length: 7",
        b"Content-Type: application/json",
        b"Host: " + agency.url.removeprefix("http://").encode(),
        b"User-Agent: linkage",
        b"X-Request-Id: 7",
    ]


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\rb", "a\0b", "a\r"])
async def test_a_header_cannot_bring_another_line(value: str, serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    with watched() as wire, pytest.raises(ValueError, match="line break"):
        await connect(agency.url).post(agency.url, json={}, headers={"X-Request-Id": value})
    with pytest.raises(ValueError, match="no token"):
        await connect(agency.url).post(agency.url, json={}, headers={f"X-{value}": "1"})
    assert (wire.left, agency.requests) == (False, [])


async def test_answers_in_between_are_passed_over(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await asyncio.sleep(0.02)
        await visitor.send(OK)

    agency = await serve(behave)
    assert (await connect(agency.url).get(agency.url)).text == "ok"


@pytest.mark.parametrize(("method", "answer"), [("HEAD", OK[:-2]), ("GET", b"HTTP/1.1 204 No Content\r\n\r\n")])
async def test_after_an_answer_without_a_body_the_connection_is_used_again(
    method: str, answer: bytes, serve: Fixture, connect: Fixture
) -> None:
    async def behave(visitor: Any) -> None:
        while True:
            await visitor.request()
            await visitor.send(answer)

    agency = await serve(behave)
    client = connect(agency.url)
    assert [(await client.request(method, agency.url)).content for _ in range(3)] == [b"", b"", b""]
    assert agency.connections == 1


async def test_the_answer_keeps_its_headers_and_its_request(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 404 Gone Fishing\r\nRetry-After: 7\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 0\r\n\r\n")

    agency = await serve(behave)
    response = await connect(agency.url).get(agency.url)
    assert (response.headers["retry-after"], response.headers.get_list("x-two")) == ("7", ["a", "b"])
    with pytest.raises(httpx.HTTPStatusError):
        response.raise_for_status()


@pytest.mark.parametrize("target", ["/%41%2f%2F/a%20b?q=%41%2f&r=%2B", "/ns/@office/(a)%28b%29?x=a:b", "/v1/%E0%B8%81"])
async def test_an_address_goes_out_as_the_adapter_spelt_it(target: str, serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    await connect(agency.url).post(agency.url + target, json={})
    assert [head.split(b" ")[1].decode() for head in agency.requests] == [target]


async def test_the_jar_that_all_clients_share_takes_no_cookie(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    client, other = connect(agency.url), connect(agency.url)
    with pytest.raises(TypeError):
        client.cookies.set("a", "b")
    with pytest.raises(TypeError):
        client.cookies.update({"a": "b"})
    with pytest.raises(TypeError):
        client.cookies["a"] = "b"
    await other.get(agency.url)
    assert b"cookie" not in agency.requests[0].lower()


async def test_a_coding_behind_another_is_seen(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok")

    agency = await serve(behave)
    with pytest.raises(AnswerCompressed):
        await connect(agency.url).get(agency.url)


async def test_an_adapter_may_shorten_the_whole_requests_time(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.request()
        await asyncio.sleep(30)

    agency = await serve(behave)
    async with asyncio.timeout(10):
        with pytest.raises(NoAnswerInTime):
            await connect(agency.url, timeout=60.0).get(agency.url, timeout=0.2)
        with pytest.raises(NoAnswerInTime):
            await connect(agency.url, timeout=60.0).post(agency.url, json={}, timeout=0.2)


async def test_a_closed_client_asks_nobody(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    client = connect(agency.url)
    await client.aclose()
    with pytest.raises(RuntimeError):
        await client.get(agency.url)
    with pytest.raises(RuntimeError):
        await client.post(agency.url, json={})
    assert agency.connections == 0


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"json": {"n": "สมชาย"}, "headers": {"Content-Length": "3"}}, id="json"),
        pytest.param({"content": b"abcGET /next HTTP/1.1\r\n\r\n", "headers": {"Content-Length": "3"}}, id="bytes"),
        pytest.param({"content": b"abcdef", "headers": {"Content-Length": "3", "Transfer-Encoding": "chunked"}}, id="both"),
    ],
)
async def test_a_body_is_as_long_as_it_is_whatever_an_adapter_says(given: dict[str, Any], serve: Fixture, connect: Fixture) -> None:
    """Else the rest would be a request of its own, and its answer the next citizen's."""
    bodies: list[bytes] = []

    async def behave(visitor: Any) -> None:
        head = await visitor.reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith((b"content-length:", b"transfer-encoding:"))]
        assert len(lengths) == 1
        bodies.append(await visitor.reader.readexactly(int(lengths[0].partition(b":")[2])))
        await visitor.send(OK)

    agency = await serve(behave)
    assert (await connect(agency.url).post(agency.url, **given)).text == "ok"
    assert bodies == [given.get("content", '{"n":"สมชาย"}'.encode())]


@pytest.mark.parametrize(
    ("method", "name"), [("GET /ADMIN", "X-A"), ("GET /a HTTP/1.1 X", "X-A"), ("", "X-A"), ("GET", "X-A: evil"), ("GET", "X "), ("GET", "")]
)
async def test_methods_and_names_are_tokens(method: str, name: str, serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    with pytest.raises(ValueError, match="no token"):
        await connect(agency.url).request(method, agency.url, headers={name: "1"})
    with pytest.raises(ValueError, match="no token"):
        await connect(agency.url).request(method, agency.url, json={}, headers={name: "1"})
    assert agency.requests == []


async def test_a_login_in_a_url_is_refused_not_left_out(serve: Fixture, connect: Fixture) -> None:
    agency = await serve(answers_ok)
    url = agency.url.replace("//", "//user:secret@")
    with pytest.raises(WrongOrigin, match="login in a URL"):
        await connect(agency.url).get(url)
    with pytest.raises(WrongOrigin, match="login in a URL"):
        await connect(agency.url).post(url, json={})
    assert agency.requests == []


async def test_a_connection_whose_request_was_answered_before_it_was_read_is_not_used_again(serve: Fixture, connect: Fixture) -> None:
    async def behave(visitor: Any) -> None:
        await visitor.reader.readuntil(b"\r\n\r\n")
        await visitor.send(b"HTTP/1.1 413 -\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(60)

    agency = await serve(behave)
    client = connect(agency.url, timeout=20.0)
    for _ in range(2):
        assert (await client.post(agency.url, content=bytes(16 * 2**20))).status_code == 413
    assert agency.connections == 2
