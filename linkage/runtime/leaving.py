"""How a worker whose successor serves lets go of its clients, so that no call is lost.

gRPC's own end of a server is not enough: what reaches it between its beginning to end and a client's hearing of that is thrown away with
CANCELLED, before anybody here sees it. A connection that has come of age is asked to reconnect without such a gap. So a worker first stops
listening, which sends new connections to its siblings, and ends when the last of its connections has come of age.
"""

import asyncio
import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from linkage.settings import Server

_JITTER = 1.1
"""gRPC draws each connection's age from within a tenth of what is set."""
_LOOK_S = 0.2


def longest(server: Server) -> float:
    """Seconds after which every client has been asked to reconnect, and has heard it; a handshake under way is counted in."""
    return server.connection_age * _JITTER + server.request_seconds + 1


async def leave(port: int, server: Server) -> None:
    """Let no new connection in; return when none is left, or none on which a new call can come. ``port``: where this process listens."""
    await asyncio.to_thread(_stop_listening, port)  # each look takes a tenth of a millisecond for every connection
    with suppress(TimeoutError):
        async with asyncio.timeout(longest(server)):
            while await asyncio.to_thread(_any_connected, port):  # noqa: ASYNC110 (connections end in gRPC's own threads: there is no event)
                await asyncio.sleep(_LOOK_S)


def _stop_listening(port: int) -> None:
    for each in _sockets(port):
        if _listens(each):
            each.shutdown(socket.SHUT_RDWR)  # gRPC has no word for it; it notices, and says so on standard error


def _any_connected(port: int) -> bool:
    return any(_is_connected(each) for each in _sockets(port))


def _listens(each: socket.socket) -> bool:
    return bool(each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _is_connected(each: socket.socket) -> bool:
    try:
        each.getpeername()
    except OSError:
        return False
    return True


def _sockets(port: int) -> Iterator[socket.socket]:
    """This process's sockets at that port of its own, each to be looked at before the next one is asked for.

    They are gRPC's own descriptors, and neither copied nor closed: closing a copy of just any descriptor would drop the locks that SQLite
    holds on the log, since POSIX drops a process's locks on a file with the first of its descriptors.
    """
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError), _borrowed(int(path.name)) as each:
            if each.family in (socket.AF_INET, socket.AF_INET6) and each.getsockname()[1] == port:
                yield each


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Raises OSError: closed meanwhile, or no socket."""
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise OSError(errno.ENOTSOCK, "no socket")
    each = socket.socket(fileno=descriptor)
    try:
        yield each
    finally:
        each.detach()
