"""The port that several workers share, kept for them by the process that starts them.

SO_REUSEPORT lets any process of the same user take part of the connections without a word. So it is proved first that nobody listens
there, and then the port is kept bound between the lives of the workers; whoever keeps it bound, but does not listen, gets no connection.
"""

import contextlib
import errno
import socket

_NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""An address of a name that this machine does not have, such as IPv6's loopback."""


class HeldPort:
    """A port that is kept; `listen` is where workers may listen with SO_REUSEPORT."""

    def __init__(self, listen: str) -> None:
        """Keep ``listen``, host:port; with port 0 the system chooses.

        Raises:
            OSError: somebody listens there, or the address is none of this machine's.
        """
        host, _, port = listen.rpartition(":")
        self._sockets: list[socket.socket] = []
        number = int(port)
        try:
            for family, _, _, _, address in socket.getaddrinfo(host.strip("[]"), number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
                number = self._keep(family, str(address[0]), number)
        except BaseException:  # whatever it is: cleaned up after, and raised again
            self.close()
            raise
        if not self._sockets:
            raise OSError(errno.EADDRNOTAVAIL, f"{listen}: no address of this machine")
        self.listen = f"{host}:{number}"

    def _keep(self, family: int, host: str, port: int) -> int:
        """Keep one address; gives its port."""
        held = socket.socket(family, socket.SOCK_STREAM)
        with contextlib.ExitStack() as unless_kept:
            unless_kept.callback(held.close)
            try:
                with socket.socket(family, socket.SOCK_STREAM) as alone:
                    alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier life do not count
                    alone.bind((host, port))
                    number: int = alone.getsockname()[1]
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                held.bind((host, number))
            except OSError as cause:
                if cause.errno in _NOT_HERE:
                    return port
                raise
            unless_kept.pop_all()
        self._sockets.append(held)
        return number

    def close(self) -> None:
        """Let it go."""
        for each in self._sockets:
            each.close()
