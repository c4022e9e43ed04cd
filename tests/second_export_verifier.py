"""A second verifier of exported logs, from c2sp.org/tlog-tiles alone. It shares no code with `linkage`.

Slow and plain: every hash of every tile is computed from the entries by the definition of RFC 6962, and compared.
"""

import hashlib
from pathlib import Path

from tests.second_verifier import Rejected, checked_checkpoint


def _name(level: str, number: int, width: int) -> str:
    digits = f"{number:03}"
    while len(digits) % 3:
        digits = "0" + digits
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else "")


def _file(folder: Path, level: str, number: int, width: int) -> bytes:
    """The file, or the beginning of a full one in a partial one's place."""
    for each in (width, 256):
        path = folder / _name(level, number, each)
        if path.is_file():
            return path.read_bytes()
    raise Rejected(f"{_name(level, number, width)} is missing")


def _bundle(raw: bytes, width: int) -> list[bytes]:
    entries = []
    while raw:
        length = int.from_bytes(raw[:2], "big")
        if len(raw) < 2 + length or len(raw) < 2:
            raise Rejected("a bundle ends early")
        entries.append(raw[2 : 2 + length])
        raw = raw[2 + length :]
    if len(entries) not in (width, 256):
        raise Rejected("a bundle holds another number of entries")
    return entries[:width]


def _mth(hashes: list[bytes]) -> bytes:
    """RFC 6962 2.1, over leaf hashes."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + _mth(hashes[:split]) + _mth(hashes[split:])).digest()


def check_export(folder: Path, vkey: str) -> tuple[int, list[bytes]]:
    """Give the size of the log that the folder holds, and all its entries.

    Raises:
        Rejected: the folder does not show them.
    """
    try:
        note = (folder / "checkpoint").read_bytes()
    except OSError:
        raise Rejected("no checkpoint") from None
    size, root = checked_checkpoint(note, vkey)
    entries: list[bytes] = []
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        entries += _bundle(_file(folder, "entries", number, width), width)
    row = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
    if _mth(row) != root:
        raise Rejected("the entries have another root")
    level = 0
    while row:
        for number in range((len(row) + 255) // 256):
            hashes = row[256 * number : 256 * number + 256]
            raw = _file(folder, str(level), number, len(hashes))
            if len(raw) not in (32 * len(hashes), 8192) or raw[: 32 * len(hashes)] != b"".join(hashes):
                raise Rejected(f"{_name(str(level), number, len(hashes))} holds other hashes")
        row = [_mth(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]
        level += 1
    return size, entries
