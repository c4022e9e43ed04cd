"""Key rings: files of named 256-bit keys. The first key is current and seals; all of them open, so that keys can be changed.

One key a line, ``<id>:<64 hexadecimal digits>``; empty lines and lines that begin with ``#`` are passed over. Only the file's
owner may read it.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from linkage.errors import Problem, SettingsInvalid

_LINE = re.compile(r"(?P<id>[a-z0-9-]{1,16}):(?P<key>[0-9a-fA-F]{64})")
_LARGEST = 64 * 1024
OTHERS = 0o077
"""Permission bits of everybody but the owner."""


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key of 32 bytes, which ``repr`` does not show, and its id: 1 to 16 of ``a-z 0-9 -``."""

    id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """At least one key, each id once; the first is current."""

    keys: tuple[NamedKey, ...]

    @property
    def current(self) -> NamedKey:
        """The key that seals."""
        return self.keys[0]

    def get(self, key_id: str) -> NamedKey | None:
        """The key of this id, None where the ring holds none."""
        return next((key for key in self.keys if key.id == key_id), None)


def load_keyring(path: Path) -> KeyRing:
    """Read a key ring.

    Raises:
        SettingsInvalid: unreadable, readable by others than its owner, or a line is wrong; no problem repeats a line.
    """
    problems: list[Problem] = []
    text = _read(path, problems)
    keys: dict[str, NamedKey] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            problems.append(Problem(str(path), f"line {number}", "something else", "<id>:<64 hexadecimal digits>, id of a-z 0-9 -"))
        elif found["id"] in keys:
            problems.append(Problem(str(path), f"line {number}", "an id used before", "each id once"))
        else:
            keys[found["id"]] = NamedKey(found["id"], bytes.fromhex(found["key"]))
    if not keys and not problems:
        problems.append(Problem(str(path), "file", "no key", "at least one line <id>:<64 hexadecimal digits>"))
    if problems:
        raise SettingsInvalid(tuple(problems))
    return KeyRing(tuple(keys.values()))


def _read(path: Path, problems: list[Problem]) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LARGEST + 1)
    except OSError as failure:
        problems.append(Problem(str(path), "file", failure.strerror or "unreadable", "a readable file of keys"))
        return ""
    if mode & OTHERS:
        problems.append(Problem(str(path), "file", f"permissions {mode & 0o777:o}", "600 or 400: nobody but its owner may read it"))
    if len(content) > _LARGEST or not content.isascii():
        problems.append(Problem(str(path), "file", "not a file of keys", "ASCII, at most 64 KiB"))
        return ""
    return content.decode("ascii")
