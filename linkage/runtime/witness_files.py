"""A witness's files: its key, the memory that belongs to it, and the keys of the logs it watches."""

import secrets
from pathlib import Path

from linkage.clock import Clock
from linkage.errors import Problem, SettingsInvalid
from linkage.keyring import OTHERS
from linkage.runtime.witness import Witness
from linkage.runtime.written import write_private, write_public
from linkage.store.witness_state import WitnessState, create_state
from linkage.tlog.cosignature import Cosigner
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier


def make_witness_key(key: Path, store: Path, name: str) -> str:
    """Make a witness's key, mode 600, its vkey beside it (``.vkey``), and the empty memory that belongs to the key.

    Returns:
        The vkey, which the logs' operators are given.

    Raises:
        SettingsInvalid: a file is there already, or the name cannot be a key's.
        AuditUnavailable: the memory cannot be made.
    """
    try:
        cosigner = Cosigner(name, secrets.token_bytes(32))
    except NoteInvalid as failure:
        raise SettingsInvalid((Problem("witness", "name", failure.got, failure.expected),)) from failure
    if store.exists():
        raise SettingsInvalid((Problem(str(store), "file", "a file of that name", "a new name: no witness forgets what it cosigned"),))
    write_private(key, cosigner.skey + "\n")
    write_public(key.with_suffix(".vkey"), cosigner.key.text + "\n")
    create_state(store, cosigner.key.text)
    return cosigner.key.text


def load_witness(key: Path, store: Path, logs: list[Path], clock: Clock) -> Witness:
    """A witness as its files say.

    Args:
        key: its private key.
        store: its memory.
        logs: for each log a file with its vkey, or with a line for each key it has had (`linkage.tlog.log_keys`).
        clock: for the times of cosignatures.

    Raises:
        SettingsInvalid: every problem of every file.
        AuditUnavailable: the memory cannot be opened for writing.
    """
    problems: list[Problem] = []
    cosigner = _cosigner(key, problems)
    known: dict[str, LogVerifier] = {}
    for path in logs:
        log = _log_keys(path, problems)
        if log is not None and log.name in known:
            problems.append(Problem(str(path), "vkey", "a log named before", "one file for each log, with all of its keys"))
        elif log is not None:
            known[log.name] = log
    if not store.exists():
        problems.append(
            Problem(str(store), "file", "nothing", "the memory made with the key; if it is lost, make a new key and a new memory with it")
        )
    if problems or cosigner is None:
        raise SettingsInvalid(tuple(problems))
    return Witness(cosigner, WitnessState(store, cosigner.key.text), known, clock)


def _cosigner(path: Path, problems: list[Problem]) -> Cosigner | None:
    try:
        if (mode := path.stat().st_mode) & OTHERS:
            problems.append(Problem(str(path), "file", f"permissions {mode & 0o777:o}", "600 or 400: nobody but its owner may read it"))
        return Cosigner.parse(path.read_text(encoding="ascii").strip())
    except OSError as failure:
        problems.append(Problem(str(path), "file", failure.strerror or "unreadable", "a readable private key file"))
    except (NoteInvalid, UnicodeDecodeError):
        problems.append(Problem(str(path), "key", "something else", "PRIVATE+KEY+<name>+<id>+<key>, a witness's (type 0x04)"))
    return None


def _log_keys(path: Path, problems: list[Problem]) -> LogVerifier | None:
    try:
        return LogVerifier.parse(path.read_text(encoding="utf-8"))
    except OSError as failure:
        problems.append(Problem(str(path), "file", failure.strerror or "unreadable", "a readable file with a log's vkey"))
    except (NoteInvalid, UnicodeDecodeError):
        problems.append(Problem(str(path), "vkey", "something else", "<name>+<id>+<key>, a log's (type 0x01)"))
    return None
