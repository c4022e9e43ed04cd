"""A way to PostgreSQL that is cut off at a chosen message: before the server has it, or after the server has done what it says."""

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import Self

_FLUSH = b"H\x00\x00\x00\x04"
EXECUTE, QUERY, SYNC = b"E", b"Q", b"S"


@dataclass(frozen=True, slots=True)
class Cut:
    """Cut at the ``nth`` message of these types (0: the next). ``done``: the server does what it says all the same."""

    nth: int
    done: bool
    of: bytes = EXECUTE + QUERY + SYNC


def at_commit(*, done: bool) -> Cut:
    """The next commit is a query of its own; everything before it is executed in pipelines."""
    return Cut(0, done, QUERY)


class CuttingProxy:
    """A TCP proxy on a port of its own. It knows where one message ends, and nothing else of what it carries."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listening]
        self._mutex = threading.Lock()
        self._cut: Cut | None = None
        self._number = 0
        self._closed_for = 0
        self.fired = False
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._open:
            _end(each)

    def arm(self, cut: Cut | None, *, closed_for: int = 0) -> None:
        """Cut from now on, once; after that refuse so many connections."""
        with self._mutex:
            self._cut, self._number, self.fired, self._closed_for = cut, 0, False, closed_for

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            with self._mutex:
                refused = self.fired and self._closed_for > 0
                self._closed_for -= refused
            if refused:
                _end(near)
                continue
            far = socket.create_connection(("127.0.0.1", self._to_port))
            self._open += [near, far]
            for each in (near, far):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # many small messages
            answers = threading.Event()
            answers.set()
            threading.Thread(target=self._ask, args=(near, far, answers), daemon=True).start()
            threading.Thread(target=_carry, args=(far, near, answers), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket, answers: threading.Event) -> None:
        """Carry what a client says, message by message."""
        with contextlib.suppress(OSError, EOFError):
            far.sendall(_startup(near))
            while True:
                kind, message = _message(near)
                cut = self._is_cut(kind)
                if cut is None:
                    far.sendall(message)
                    continue
                if cut.done:
                    answers.clear()  # what the server answers goes nowhere
                    far.sendall(message if kind in QUERY + SYNC else message + _FLUSH)
                    answers.wait(5)
                break
        _end(near)
        _end(far)

    def _is_cut(self, kind: bytes) -> Cut | None:
        with self._mutex:
            cut = self._cut
            if cut is None or self.fired or kind not in cut.of:
                return None
            self._number += 1
            if self._number <= cut.nth:
                return None
            self.fired = True
            return cut


def _startup(near: socket.socket) -> bytes:
    """The first message, which has no type; requests for encryption are declined."""
    while True:
        size = _exactly(near, 4)
        rest = _exactly(near, int.from_bytes(size, "big") - 4)
        if rest[:4] in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):  # SSLRequest, GSSENCRequest
            near.sendall(b"N")
            continue
        return size + rest


def _message(source: socket.socket) -> tuple[bytes, bytes]:
    kind = _exactly(source, 1)
    size = _exactly(source, 4)
    return kind, kind + size + _exactly(source, int.from_bytes(size, "big") - 4)


def _exactly(source: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = source.recv(count - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def _carry(far: socket.socket, near: socket.socket, answers: threading.Event) -> None:
    """Carry what the server says, unless it is to go nowhere; then note that it has said something."""
    with contextlib.suppress(OSError, EOFError):
        while True:
            kind, message = _message(far)
            if answers.is_set():
                near.sendall(message)
            elif kind in b"CZEI":  # it has done, or refused, what it was told
                answers.set()
                return
    answers.set()
    _end(near)


def _end(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
