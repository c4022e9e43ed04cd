"""Ports for what is started, or not started, a moment later."""

import contextlib
import random
import socket


def free_port() -> int:
    """A port that nobody listens on, of those that no system gives out by itself.

    Whatever asks the system for "any port", and every outgoing connection, gets one from a higher range (32768 and up on Linux): one picked
    there and let go is soon somebody else's.
    """
    while True:
        port = random.randint(15_000, 30_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
