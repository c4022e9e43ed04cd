"""A gateway whose log is in files, and settings with which it is in databases."""

from pathlib import Path

from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.store.backend import KeyRow
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from linkage.store.sqlite_log import create_log
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from tests.journeys.place import Place
from tests.journeys.replicas import secret
from tests.postgres import OWNER, Database
from tests.small_log import NO_WATERMARKS, ORIGIN, draft, intent, outcome, placed


def signer_of(place: Place) -> LogSigner:
    return LogSigner.of(Signer.parse((place.folder / "log.key").read_text().strip()))


def new_settings(place: Place, log: Database, keys: Database) -> Path:
    """Settings of the same gateway with its log in databases, beside those with its log in files."""
    text = place.settings_file.read_text(encoding="utf-8")
    text = text.replace('path = "log.db"', 'postgres = "log.pg"\nanchor = "new.anchor"')
    new = place.folder / "new.toml"
    new.write_text(text.replace('data_keys = "data-keys.db"', 'data_keys_postgres = "keys.pg"'), encoding="utf-8")
    secret(place.folder / "log.pg", log.gateway)
    secret(place.folder / "keys.pg", keys.gateway)
    secret(place.folder / "owner.pg", f"user={OWNER}")
    return new


def words(place: Place, new: Path) -> list[str | Path]:
    return ["audit", "migrate", "--config", new, "--from", place.settings_file, "--owner", place.folder / "owner.pg", "--json"]


def filled(place: Place, batches: int, size: int = 3) -> None:
    """A log in files with this many batches, an intent left open, and some data keys."""
    create_keys(place.folder / "data-keys.db")
    create_log(place.folder / "log.db", signer_of(place))
    log = storage_of(load(place.settings_file)).open_log(signer_of(place), place.clock, ORIGIN, NO_WATERMARKS)
    for _ in range(batches):
        begun = intent()
        log.append([begun, *(draft() for _ in range(size - 2)), outcome(begun)])
    placed(log.append([intent()])[0])
    log.close()
    keys = SqliteKeys(place.folder / "data-keys.db")
    keys.put([KeyRow(bytes([number]) * 16, bytes(60), "k1", bytes(32), "k1.2026-11", number, number or None) for number in range(20)])
    keys.close()
