"""A change of the log's key: first both keys sign, and when everybody has learned of the new one, the old one ends.

Receipts of the old key stay good: its vkey is kept in the public list of the log's keys, with the last size that it vouches for.
"""

import secrets
from dataclasses import dataclass

from linkage.audit.key_changes import KeyChange, log_key_begun, log_key_ended, say_once
from linkage.audit.left_behind import left_behind
from linkage.clock import utc
from linkage.errors import AuditUnavailable, Problem, SettingsInvalid
from linkage.runtime.operators_desk import operators_desk
from linkage.runtime.signing import is_listed, load_signer, retired_on_disk, write_signers
from linkage.runtime.storage import Storage, storage_of
from linkage.settings import Settings
from linkage.store.backend import LogReader
from linkage.store.contract import Head
from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogKey, LogSigner, LogVerifier
from linkage.tlog.note import Signer

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Changed:
    """What is so now. ``size``: from which, or up to which, size of the log. ``recorded``: whether the log says so already."""

    verifier: LogVerifier
    size: int
    recorded: bool


async def announce_log_key(settings: Settings) -> Changed:
    """Make a new key: from the gateway's next start on it signs beside the old one. What was cut off before is finished first.

    Raises:
        SettingsInvalid: the keys cannot be read or written, or a change is under way.
        AuditUnavailable, LogCorrupt: the log cannot be read.
    """
    signer = load_signer(settings)
    storage = storage_of(settings)
    if len(signer.signers) > 1 and not is_listed(settings, signer.verifier.current):
        write_signers(settings.log.signing_key, signer)
        return await _begun(settings, storage, signer, signer.signers[1:])
    if len(signer.signers) > 1:
        raise _refused(settings, "two keys that sign", "one: end the change under way with --retire first")
    size = _read(storage, signer).size
    new = Signer(settings.log.origin, secrets.token_bytes(32))
    begun = LogKey(new.verifier, first_size=size)
    both = LogSigner((new, *signer.signers), LogVerifier((begun, *signer.verifier.keys)))
    write_signers(settings.log.signing_key, both)
    return await _begun(settings, storage, both, signer.signers)


async def _begun(settings: Settings, storage: Storage, both: LogSigner, older: tuple[Signer, ...]) -> Changed:
    newest, *rest = both.verifier.keys
    # A gateway that runs may know the older keys alone, so that they sign what is recorded here.
    alone = LogSigner(older, LogVerifier(tuple(rest)))
    return Changed(both.verifier, newest.first_size, await _said(settings, storage, alone, log_key_begun(newest)))


async def retire_log_key(settings: Settings, *, after_days: int, now_ms: int) -> Changed:
    """End every key but the newest: they sign no more from the gateway's next start on. What was cut off before is finished first.

    Args:
        settings: the gateway's.
        after_days: how long both must have signed, at least.
        now_ms: Unix time in ms.

    Raises:
        SettingsInvalid: it is too early, or no change is under way; says what to do first.
        AuditUnavailable, LogCorrupt: the log cannot be read.
    """
    signer = load_signer(settings)
    storage = storage_of(settings)
    if len(signer.signers) == 1 and (left := retired_on_disk(settings, signer.verifier)):
        write_signers(settings.log.signing_key, signer)
        return await _ended(settings, storage, signer, signer.verifier, left)
    if len(signer.signers) == 1:
        raise _refused(settings, "one key that signs", "two: begin a change without --retire first")
    head = _read(storage, signer)
    newest = next(key for key in signer.verifier.keys if key.key == signer.verifier.current)
    _expect_known(settings, storage, newest, head, after_days, now_ms)
    signing = (key for key in signer.verifier.keys[1:] if key.last_size is None)
    old = tuple(LogKey(key.key, key.first_size, max(head.size, key.first_size)) for key in signing)
    retired = tuple(key for key in signer.verifier.keys if key.last_size is not None)
    alone = LogSigner(signer.signers[:1], LogVerifier((newest, *old, *retired)))
    write_signers(settings.log.signing_key, alone)
    return await _ended(settings, storage, signer, alone.verifier, old)


async def _ended(settings: Settings, storage: Storage, signer: LogSigner, verifier: LogVerifier, old: tuple[LogKey, ...]) -> Changed:
    recorded = [await _said(settings, storage, signer, log_key_ended(key)) for key in old]
    return Changed(verifier, max(key.last_size or 0 for key in old), all(recorded))


def _expect_known(settings: Settings, storage: Storage, newest: LogKey, head: Head, after_days: int, now_ms: int) -> None:
    with storage.open_reader() as reader:
        said = reader.consistent(lambda log: log.of_request(log_key_begun(newest).eid))
    if not said:
        raise _refused(settings, "a key that the log has not named", "the gateway started with it once, which names it")
    due = said[0].ms + after_days * _DAY_MS
    if now_ms < due:
        expected = f"{after_days} days in which both keys sign: until {utc(due):%Y-%m-%d %H:%M} UTC, or less with --after-days"
        raise _refused(settings, f"a key that signs since {utc(said[0].ms):%Y-%m-%d %H:%M} UTC", expected)
    expected = "every gateway of the log restarted with both keys"
    try:
        open_checkpoint(head.note.encode(), LogVerifier((newest,)))
    except NoteInvalid:
        raise _refused(settings, "a newest checkpoint without the new key", expected) from None
    with storage.open_reader() as reader:
        behind = left_behind(reader, newest.key, said[0].index)
    if behind:
        raise _refused(settings, f"without the new key so far: {', '.join(behind)}", expected)


def _read(storage: Storage, signer: LogSigner) -> Head:
    def head(log: LogReader) -> Head:
        found = log.head()
        open_checkpoint(found.note.encode(), signer.verifier)
        return found

    with storage.open_reader() as reader:
        return reader.consistent(head)


async def _said(settings: Settings, storage: Storage, signer: LogSigner, change: KeyChange) -> bool:
    """Say it in the log; False where that is left to the gateway's next start."""
    try:
        async with operators_desk(settings, storage, signer) as desk:
            await say_once(desk.journal, change.entry)
    except AuditUnavailable:
        return False
    return True


def _refused(settings: Settings, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(str(settings.log.signing_key), "log.signing_key", got, expected),))
