"""What all workers of a gateway must have alike, whenever each was started.

What one of them signs or seals, the others must be able to read, and all must write the same log. So a worker that finds another key or
another database than its gateway began with does not serve: changed files are for a restart of the whole gateway.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from linkage.errors import LinkageError, SettingsInvalid
from linkage.runtime.signing import key_list_of
from linkage.settings import Settings


class NotAlike(LinkageError):
    """This worker read something else than its gateway began with. Names the settings."""


def alike(settings: Settings) -> dict[str, str]:
    """By setting, a digest of what must not differ: the files of keys, and which databases the files of connection strings name.

    Who uses a database, and with which password, may change. What cannot be read has the digest of nothing; whoever needs it says so.
    """
    log = settings.log
    files = {
        "log.signing_key": (log.signing_key, key_list_of(log.signing_key)),
        "log.key_encryption_keys": (log.key_encryption_keys,),
        "log.pseudonym_keys": (log.pseudonym_keys,),
        "tokens.keys": (settings.tokens.keys,),
    }
    found = {key: _digest(*(_content(path) for path in paths)) for key, paths in files.items()}
    databases = {"log.postgres": log.postgres, "log.data_keys_postgres": log.data_keys_postgres}
    return found | {key: _digest(_place(path, key)) for key, path in databases.items() if path is not None}


def differing(began: Mapping[str, str], settings: Settings) -> list[str]:
    """The settings whose files now say something else than at the gateway's start."""
    now = alike(settings)
    return sorted(key for key in began.keys() | now.keys() if began.get(key) != now.get(key))


def expect_alike(began: Mapping[str, str], settings: Settings) -> None:
    """Look whether this worker may serve beside the others. Ask after everything was read: a change in between is then seen here.

    Raises:
        NotAlike: it may not.
    """
    if changed := differing(began, settings):
        raise NotAlike(f"key files or databases changed: restart the whole gateway ({', '.join(changed)})")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _place(path: Path, key: str) -> bytes:
    from linkage.store.conninfo import location_of, read_conninfo  # noqa: PLC0415 (who keeps the log in a file loads no libpq)

    try:
        return location_of(read_conninfo(path, key)).encode()
    except SettingsInvalid:
        return b""
