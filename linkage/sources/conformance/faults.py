"""Every way in which an agency is made to fail."""

import contextlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from lxml import etree

from linkage.sources.conformance.gate import Fault, Reply, Turn

_HUGE = 64 * 2**20
_CHUNK = b" " * 65_536

_PAGE = b"<!DOCTYPE html><html><body><h1>Service under maintenance</h1></body></html>"
_FOREIGN = (
    (
        "the JSON of a gateway",
        b"content-type: application/json",
        b'{"status": "error", "code": "NO_ROUTE", "message": "Not Found", "data": null}',
    ),
    ("a page", b"content-type: text/html", b"<!DOCTYPE html><html><body><h1>Not Found</h1></body></html>"),
)
"""What balancers and gateways put under a status: a description, a header, a body."""


async def _reset(turn: Turn) -> None:
    turn.reset()


async def _close(turn: Turn) -> None:
    turn.writer.close()


async def _cut(turn: Turn) -> None:
    reply = await turn.reply()
    turn.writer.write(reply.written(reply.body[: len(reply.body) // 2], len(reply.body) + 1))


async def _garbage(turn: Turn) -> None:
    turn.writer.write(b"220 mail.example ESMTP ready\r\n")


async def _hang(turn: Turn) -> None:
    await turn.over.wait()
    turn.reset()


async def _huge(turn: Turn) -> None:
    reply = await turn.reply()
    turn.writer.write(reply.head + b"\r\nconnection: close\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(_HUGE // len(_CHUNK)):
            turn.writer.write(_CHUNK)
            await turn.writer.drain()


async def _announced(turn: Turn) -> None:
    reply = await turn.reply()
    turn.writer.write(reply.written(b" ", 10 * _HUGE))


async def _redirect(turn: Turn) -> None:
    """To the same place, so that whoever follows is answered; the method is kept."""
    location = turn.seen.target.encode("latin-1")
    turn.writer.write(b"HTTP/1.1 307 x\r\nlocation: " + location + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


def _status(number: int, *headers: bytes, body: bytes = b"") -> Callable[[Turn], Awaitable[None]]:
    async def strike(turn: Turn) -> None:
        extra = b"".join(header + b"\r\n" for header in headers)
        turn.writer.write(b"HTTP/1.1 %d x\r\n%scontent-length: %d\r\nconnection: close\r\n\r\n%s" % (number, extra, len(body), body))

    return strike


def _own_under(number: int) -> Callable[[Turn], Awaitable[None]]:
    async def strike(turn: Turn) -> None:
        reply = await turn.reply()
        turn.writer.write(Reply(b"HTTP/1.1 %d x\r\n" % number + reply.head.partition(b"\r\n")[2], reply.body).written(reply.body))

    return strike


def _says(body: bytes) -> Callable[[Turn], Awaitable[None]]:
    """200, with the content type of the true reply and another body."""

    async def strike(turn: Turn) -> None:
        turn.writer.write(_fine(await turn.reply()).written(body))

    return strike


def _rewritten(rewrite: Callable[[bytes], bytes]) -> Callable[[Turn], Awaitable[None]]:
    async def strike(turn: Turn) -> None:
        reply = await turn.reply()
        turn.writer.write(_fine(reply).written(rewrite(reply.body)))

    return strike


def _fine(reply: Reply) -> Reply:
    return Reply(b"HTTP/1.1 200 OK\r\n" + reply.head.partition(b"\r\n")[2], reply.body)


def _half(body: bytes) -> bytes:
    return body[: max(1, len(body) // 2)]


def _unreadable(value: object) -> object:
    return f"x{value}"


def _unknown(value: object) -> object:
    """A word or number of the same shape that no document names."""
    if isinstance(value, str):
        return re.sub("[0-9]", "7", re.sub("[a-z]", "q", re.sub("[A-Z]", "Q", value)))
    return int("7" * len(str(value)))


def _mangled(picks: Callable[[str], bool], change: Callable[[object], object] = _unreadable) -> Callable[[bytes], bytes]:
    """The same reply with every value that ``picks`` knows changed: made unreadable, so that a parser's complaint would quote it."""

    def rewrite(body: bytes) -> bytes:
        try:
            return json.dumps(_mangled_json(json.loads(body), picks, change), ensure_ascii=False).encode()
        except ValueError:
            return _mangled_xml(body, picks, change)

    return rewrite


def _mangled_json(value: Any, picks: Callable[[str], bool], change: Callable[[object], object]) -> Any:
    match value:
        case dict():
            return {key: _mangled_json(inner, picks, change) for key, inner in value.items()}
        case list():
            return [_mangled_json(inner, picks, change) for inner in value]
        case bool() | None:
            return value
        case _:
            return change(value) if picks(str(value)) else value


def _mangled_xml(body: bytes, picks: Callable[[str], bool], change: Callable[[object], object]) -> bytes:
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return _half(body)
    for element in root.iter():
        if element.text and element.text.strip() and picks(element.text):
            element.text = str(change(element.text))
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _reworded(rewrite: Callable[[bytes], bytes]) -> Callable[[Turn], Awaitable[None]]:
    """Under the true status; an empty 400 where there is nothing to change."""

    async def strike(turn: Turn) -> None:
        reply = await turn.reply()
        if (body := rewrite(reply.body)) in (rewrite_nothing(reply.body), _half(reply.body)):
            await _status(400)(turn)
        else:
            turn.writer.write(reply.written(body))

    rewrite_nothing = _mangled(lambda _: False)
    return strike


def without(number: str) -> Fault:
    """The true message, with this number gone from every place where it stands, however it is grouped."""
    grouped = re.compile(r"[-\s]*".join(number))
    rewrite = _mangled(lambda text: grouped.search(text) is not None, lambda value: grouped.sub("", str(value)))
    return Fault("the true message without the number of its subject", _rewritten(rewrite))


def _nth(number: int, picks: Callable[[str], bool], change: Callable[[object], object] = _unreadable) -> Callable[[bytes], bytes]:
    """The same reply with one value changed: a parser that stops at the first would hide what it says of the others."""

    def rewrite(body: bytes) -> bytes:
        left = iter(range(number + 1))
        return _mangled(lambda text: picks(text) and next(left, -1) == number, change)(body)

    return rewrite


def _any(_text: str) -> bool:
    return True


def _personal(text: str) -> bool:
    """Numbers, dates and Thai texts; codes and flags stay, so that a parser gets as far as the record."""
    return not text.isascii() or sum(map(str.isdigit, text)) >= 6


def _code(text: str) -> bool:
    return bool(text.strip()) and not _personal(text)


RESETS = (
    Fault("a connection reset at once", _reset, at_once=True),
    Fault("a connection reset after the question", _reset),
    Fault("a connection closed after the question", _close),
)
CUT = (Fault("an answer that ends in the middle", _cut),)
GARBAGE = (Fault("an answer that is not HTTP", _garbage),)
HALF = (Fault("half of the true message under 200", _rewritten(_half)),)
NONSENSE = (
    Fault("an empty body under 200", _says(b"")),
    Fault("a maintenance page under 200", _says(_PAGE)),
    Fault("null under 200", _says(b"null")),
    Fault("an empty object under 200", _says(b"{}")),
    Fault("another document under 200", _says(b'<?xml version="1.0"?><nothing/>')),
)
HUGE = (Fault("an answer without end", _huge), Fault("an answer announced as hundreds of megabytes", _announced))
SLOW = (Fault("no answer in time", _hang),)
SERVER_ERRORS = (
    *(Fault(f"an empty {number}", _status(number)) for number in (500, 503)),
    *(Fault(f"{number} with {what}", _status(number, kind, body=body)) for number in (500, 503) for what, kind, body in _FOREIGN),
)
OWN_UNDER_500 = Fault("its own message under 500", _own_under(500))
BARE_404 = (
    Fault("an empty 404", _status(404)),
    *(Fault(f"404 with {what}", _status(404, kind, body=body)) for what, kind, body in _FOREIGN),
)
TOO_MANY = (Fault("an empty 429", _status(429, b"retry-after: 30")),)
BARE_REFUSALS = (Fault("an empty 401", _status(401)), Fault("an empty 403", _status(403)))
REDIRECT = (Fault("a redirect", _redirect, lasts=False),)
MANGLED = (
    Fault("the true message with every value made unreadable", _rewritten(_mangled(_any))),
    Fault("the true message with its numbers, dates and names made unreadable", _rewritten(_mangled(_personal))),
)

ONE_BY_ONE = tuple(Fault("the true message with one value made unreadable", _rewritten(_nth(number, _personal))) for number in range(8))

UNKNOWN = Fault("its own message with codes that no document names", _reworded(_mangled(_code, _unknown)))
UNKNOWN_ONE_BY_ONE = tuple(
    Fault("the true message with one code that no document names", _reworded(_nth(number, _code, _unknown))) for number in range(8)
)

QUICK = (*RESETS, *CUT, *GARBAGE, *HALF, *MANGLED, *NONSENSE, *SERVER_ERRORS[:1], *BARE_404[:1])
"""One of each kind, for checks that look at what an adapter does under any of them."""

HANG = SLOW[0]
BROKEN = SERVER_ERRORS[0]
