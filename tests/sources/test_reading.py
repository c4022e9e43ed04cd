"""Reading replies and addresses of agencies, before any agency's own format begins."""

import traceback

import httpx
import pytest

from linkage.sources.adapter import Malformed, Unavailable
from linkage.sources.address import origin
from linkage.sources.reading import json_object, unavailable


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Agency.example/a/b?c", "https://agency.example"),
        ("https://agency.example:443", "https://agency.example"),
        ("https://agency.example:8443/x", "https://agency.example:8443"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_scheme_host_and_a_port_of_its_own(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize("url", ["", "agency.example", "/path", "https://", "https://x:port"])
def test_what_is_no_address_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match=r"^not a"):
        origin(url)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"secret",
        b"[1]",
        b'"secret"',
        b'{"a":NaN}',
        b'{"code":"904","code":"000"}',
        b'{"a":Infinity}',
        b"\xff\xfe",
        b'{"a":"\\udc00secret"}',
        b'{"a":' + b"[" * 100_000,
    ],
    ids=range(10),
)
def test_a_body_that_is_no_json_object_is_malformed_and_never_repeated(content: bytes) -> None:
    with pytest.raises(Malformed) as raised:
        json_object(httpx.Response(200, content=content))
    assert "secret" not in "".join(traceback.format_exception(raised.value))


def test_a_json_object_is_read() -> None:
    assert json_object(httpx.Response(500, content='{"ก": 1}'.encode())) == {"ก": 1}
    assert json_object(httpx.Response(200, content='\ufeff{"ก": 1}'.encode())) == {"ก": 1}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("99999", 86_400.0), ("0", 0.0), ("-1", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("๓๐", None), ("1" * 400, None)],
)
def test_the_agencys_word_on_when_to_come_again_is_kept_within_reason(header: str, seconds: float | None) -> None:
    response = httpx.Response(503, headers=[(b"retry-after", header.encode())])
    assert unavailable(response) == Unavailable("status 503", seconds)
