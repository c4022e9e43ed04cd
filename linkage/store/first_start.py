"""The very first start makes the log and its data keys. Later neither may be missing: a log that begins anew forgets, in silence."""

from pathlib import Path

from linkage.errors import LogCorrupt
from linkage.store.anchor import anchor_beside
from linkage.store.migrated import refuse_migrated
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from linkage.store.sqlite_log import create_log
from linkage.tlog.log_keys import LogSigner


def make_missing(log: Path, data_keys: Path, signer: LogSigner, *, anchor: Path | None = None) -> None:
    """Make what the first start needs. Keys come first, so that a first start that was cut off can be told from a lost file.

    Args:
        log: the log's file.
        data_keys: the file of data keys.
        signer: the log's key.
        anchor: the anchor's file; None for the one beside the data keys.

    Raises:
        LogCorrupt: one of the two, or the anchor, is there and says that the other must have been; an operator has to put it back.
        SettingsInvalid: the log was migrated to PostgreSQL.
        StoreUnavailable, StorePoisoned: a file cannot be made, or read.
    """
    refuse_migrated(log, data_keys)
    if log.exists() and not data_keys.exists():
        raise LogCorrupt(f"{data_keys}: missing beside its log; put it back, or what the log sealed can never be read again")
    anchor = anchor or anchor_beside(data_keys)
    if not log.exists() and anchor.exists():
        raise LogCorrupt(f"{log}: missing, but {anchor} has seen it; put it back: a log never begins anew under the same name")
    if not data_keys.exists():
        create_keys(data_keys)
    if not log.exists():
        _expect_unused(data_keys, log)
        create_log(log, signer)


def _expect_unused(data_keys: Path, log: Path) -> None:
    keys = SqliteKeys(data_keys)
    try:
        if keys.holds_any():
            raise LogCorrupt(f"{log}: missing, but keys for it were made; put it back: a log never begins anew under the same name")
    finally:
        keys.close()
