"""The two spellings that C2SP texts use, each with exactly one accepted form: standard base64 and plain decimal."""

import base64
import binascii
import re

MAX_SIZE = 2**63 - 1
"""The largest tree size and one more than the largest index: what a signed 64-bit number holds."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def to_base64(raw: bytes) -> str:
    """Write RFC 4648 section 4 base64 with padding."""
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def from_base64(text: str) -> bytes | None:
    """Read base64 in its one canonical form; None for the URL alphabet, missing padding, stray bytes or loose tail bits."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return raw if to_base64(raw) == text else None


def from_decimal(text: str) -> int | None:
    """Read 0 to 2**63-1 without sign, spaces or leading zeros; None for anything else."""
    if _DECIMAL.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= MAX_SIZE else None
