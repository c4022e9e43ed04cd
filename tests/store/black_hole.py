"""A way to a server on this machine that can be made to swallow everything: connections stay open, and nothing comes through any more."""

import contextlib
import socket
import threading
from typing import Self


class BlackHole:
    """A TCP proxy on a port of its own."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._swallows = False
        self._lost: list[threading.Event] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listening]
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def swallow(self) -> None:
        """From now on nothing comes through, in either direction, and nobody is told."""
        self._swallows = True
        for lost in self._lost:
            lost.set()

    def let_through(self) -> None:
        """From now on new connections are carried again; those of before stay lost."""
        self._swallows = False

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to_port))
            self._open += [near, far]
            self._lost.append(lost := threading.Event())
            if self._swallows:
                lost.set()
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(source, target, lost), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, lost: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while content := source.recv(65536):
            if not lost.is_set():
                target.sendall(content)
        if not lost.is_set():  # else the other end is not told of this one's, either
            target.shutdown(socket.SHUT_RDWR)
