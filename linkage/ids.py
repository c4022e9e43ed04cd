"""Ids of requests and entries: UUIDv7, so that an index of ten million stays warm at its right edge."""

import os

from linkage.clock import Clock


def new_id(clock: Clock) -> bytes:
    """A UUIDv7 (RFC 9562 5.7), 16 bytes: the time in milliseconds, then 74 random bits."""
    chance = os.urandom(10)
    version = bytes([0x70 | chance[0] & 0x0F, chance[1], 0x80 | chance[2] & 0x3F])
    return clock.now_ms().to_bytes(6, "big") + version + chance[3:]


def id_text(eid: bytes) -> str:
    """An id as a lower-case UUID."""
    h = eid.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
