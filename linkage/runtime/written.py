"""Writes the files that keys and certificates live in: private ones for their owner alone from the first byte, none ever overwritten."""

import os
from pathlib import Path

from linkage.errors import Problem, SettingsInvalid

PRIVATE = 0o600
PUBLIC = 0o644


def write_private(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner may read (mode 600, whatever the umask), durable on return.

    Raises:
        SettingsInvalid: there is such a file already, or it cannot be written.
    """
    _write(path, content, PRIVATE)


def write_public(path: Path, content: bytes | str) -> None:
    """Write a file that everybody may read.

    Raises:
        SettingsInvalid: there is such a file already, or it cannot be written.
    """
    _write(path, content, PUBLIC)


def replace_private(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner may read in the place of an older one; readers see the one or the other, never a half.

    Raises:
        SettingsInvalid: it cannot be written.
    """
    _replace(path, content, PRIVATE)


def replace_public(path: Path, content: bytes | str) -> None:
    """Write a file that everybody may read, there before or not; readers see the one or the other, never a half.

    Raises:
        SettingsInvalid: it cannot be written.
    """
    _replace(path, content, PUBLIC)


def _replace(path: Path, content: bytes | str, mode: int) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(beside, content, mode)
        beside.replace(path)
    except OSError as failure:
        raise _wrong(path, failure.strerror or "unwritable") from failure
    finally:
        beside.unlink(missing_ok=True)


def _write(path: Path, content: bytes | str, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            os.fchmod(descriptor, mode)
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise SettingsInvalid((Problem(str(path), "file", "a file of that name", "a new name: keys are never overwritten"),)) from None
    except OSError as failure:
        raise _wrong(path, failure.strerror or "unwritable") from failure


def _wrong(path: Path, got: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(str(path), "file", got, "a place that can be written"),))
