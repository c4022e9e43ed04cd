"""The files of the log's signing keys: the private ones, and beside them the public list of all that the log ever had.

The private file (``log.signing_key``) has one key a line, the current one first; all of them sign. The list (the same name, ending in
``.vkeys``) appears with the first change of keys; a key that it gives a last size signs no more, whatever the private file holds.
"""

from pathlib import Path

from linkage.errors import Problem, SettingsInvalid
from linkage.keyring import OTHERS
from linkage.runtime.written import replace_private, replace_public
from linkage.settings import Settings
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogKey, LogSigner, LogVerifier
from linkage.tlog.note import Signer, VerifierKey


def key_list_of(signing_key: Path) -> Path:
    """Where the public list of the log's keys is."""
    return signing_key.with_suffix(".vkeys")


def load_signer(settings: Settings) -> LogSigner:
    """The log's signing keys.

    Raises:
        SettingsInvalid: they cannot be read, or belong to another log, or the list of keys beside them is none of theirs.
    """
    path = settings.log.signing_key
    signers = _private(path)
    listed = _listed(key_list_of(path))
    retired = {each.key for each in listed if each.last_size is not None}
    signing = tuple(signer for signer in signers if signer.verifier not in retired)
    if {each.key for each in listed if each.last_size is None} - {signer.verifier for signer in signing}:
        raise _problem(path, "log.signing_key", "not every key that signs", f"each key of {key_list_of(path).name} that has no last size")
    known = {each.key: each for each in listed}
    current = tuple(known.get(signer.verifier, LogKey(signer.verifier)) for signer in signing)
    try:
        signer = LogSigner(signing, LogVerifier((*current, *(each for each in listed if each.last_size is not None))))
    except NoteInvalid as failure:
        raise _problem(path, "log.signing_key", failure.got, failure.expected) from None
    if signer.verifier.name != settings.log.origin:
        raise _problem(path, "log.origin", f"a key named {signer.verifier.name}", f"the key of {settings.log.origin}")
    return signer


def write_signers(signing_key: Path, signer: LogSigner) -> None:
    """Write the private keys that sign, and the list of keys.

    A key is in the private file before the list names it, and leaves it after the list has retired it: cut off anywhere, what is there
    can sign, and calling it again finishes it.

    Raises:
        SettingsInvalid: a file cannot be read or written.
    """
    kept = _private(signing_key)
    both = (*signer.signers, *(each for each in kept if each.verifier not in {one.verifier for one in signer.signers}))
    if len(both) > len(kept):
        _write_private(signing_key, both)
    replace_public(key_list_of(signing_key), signer.verifier.lines)
    if len(both) > len(signer.signers):
        _write_private(signing_key, signer.signers)


def retired_on_disk(settings: Settings, verifier: LogVerifier) -> tuple[LogKey, ...]:
    """Keys that sign no more, whose private half is still there. `SettingsInvalid` where the private file cannot be read."""
    there = {each.verifier for each in _private(settings.log.signing_key)}
    return tuple(each for each in verifier.keys if each.last_size is not None and each.key in there)


def is_listed(settings: Settings, key: VerifierKey) -> bool:
    """Whether the list of the log's keys names this one. `SettingsInvalid` where it cannot be read."""
    return any(each.key == key for each in _listed(key_list_of(settings.log.signing_key)))


def _write_private(path: Path, signers: tuple[Signer, ...]) -> None:
    replace_private(path, "".join(f"{each.skey}\n" for each in signers))


def _private(path: Path) -> tuple[Signer, ...]:
    try:
        if (mode := path.stat().st_mode) & OTHERS:
            raise _problem(path, "log.signing_key", f"permissions {mode & 0o777:o}", "600 or 400: nobody but its owner may read it")
        lines = path.read_text(encoding="ascii").splitlines()
        return tuple(Signer.parse(line.strip()) for line in lines if line.strip())
    except OSError as failure:
        raise _problem(path, "log.signing_key", failure.strerror or "unreadable", "a readable private key file") from failure
    except (NoteInvalid, UnicodeDecodeError):
        raise _problem(path, "log.signing_key", "something else", "PRIVATE+KEY+<name>+<id>+<key>, one a line") from None


def _listed(path: Path) -> tuple[LogKey, ...]:
    try:
        return LogVerifier.parse(path.read_text(encoding="ascii")).keys
    except FileNotFoundError:
        return ()
    except OSError as failure:
        raise _problem(path, "log.signing_key", failure.strerror or "unreadable", "a readable list of the log's keys") from failure
    except NoteInvalid as failure:
        raise _problem(path, "log.signing_key", failure.got, failure.expected) from None
    except UnicodeDecodeError:
        raise _problem(path, "log.signing_key", "something else", "a list of the log's keys") from None


def _problem(path: Path, key: str, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(str(path), key, got, expected),))
