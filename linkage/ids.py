"""Ids of requests and entries: UUIDv7, so that an index of ten million stays warm at its right edge."""

import os
from functools import lru_cache

from linkage.clock import Clock

_pool: list[bytes] = []
os.register_at_fork(after_in_child=_pool.clear)


def chance() -> bytes:
    """Sixteen random bytes of the system's, drawn 4 KiB at a time: each draw lets another thread take the interpreter."""
    try:
        return _pool.pop()
    except IndexError:
        drawn = os.urandom(4096)
        _pool.extend(drawn[i : i + 16] for i in range(16, 4096, 16))
        return drawn[:16]


def new_id(clock: Clock) -> bytes:
    """A UUIDv7 (RFC 9562 5.7), 16 bytes: the time in milliseconds, then 74 random bits."""
    drawn = chance()
    version = bytes([0x70 | drawn[0] & 0x0F, drawn[1], 0x80 | drawn[2] & 0x3F])
    return clock.now_ms().to_bytes(6, "big") + version + drawn[3:10]


@lru_cache(maxsize=1024)  # a call names its own again and again
def id_text(eid: bytes) -> str:
    """An id as a lower-case UUID."""
    h = eid.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
