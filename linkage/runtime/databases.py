"""Log and data keys in two PostgreSQL databases, which any number of gateways share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from linkage.audit.boot import clock_steps
from linkage.audit.record import Origin
from linkage.clock import Clock
from linkage.errors import LogCorrupt, Problem, SettingsInvalid
from linkage.runtime.signing import load_signer
from linkage.settings import Log, Settings
from linkage.store.backend import KeyStore, LogReader, LogStore
from linkage.store.conninfo import as_another, is_same_place, place_of, read_conninfo, role_of
from linkage.store.contract import SpaceLimits, StoreUnavailable
from linkage.store.lock import StoreLock
from linkage.store.log_time import CLOCK_JUMP_S
from linkage.store.postgres_create import create_missing
from linkage.store.postgres_keys import PostgresKeys
from linkage.store.postgres_lock import DatabasesWatch, HeldHere, ReplicaLock
from linkage.store.postgres_log import PostgresLog
from linkage.store.postgres_read import PostgresReader
from linkage.tlog.log_keys import LogSigner


@dataclass(frozen=True, slots=True)
class Databases:
    """See `linkage.runtime.storage.Storage`. The connection strings may hold passwords and are not shown."""

    log: str = field(repr=False)
    data_keys: str = field(repr=False)
    anchor: Path
    replica: str
    clock_jump: float = CLOCK_JUMP_S
    shared: bool = True

    def lock(self, patience: float = 0.0) -> HeldHere:
        """See `Storage`: the lock is on this gateway's name; others of other names run beside it."""
        with _naming("log.postgres"):
            name = ReplicaLock(self.log, self.replica, beside=self.data_keys)
        try:
            return HeldHere(name, StoreLock(self.anchor, patience=patience))
        except BaseException:  # whatever it is: cleaned up after, and raised again
            name.release()
            raise

    def watch(self) -> DatabasesWatch:
        """See `Storage`."""
        return DatabasesWatch(self.log, self.data_keys)

    def make_missing(self, signer: LogSigner) -> None:
        """Nothing is made here, for a gateway may not: the owner does that once. What is there must belong together.

        Raises:
            LogCorrupt: a log without entries, though keys for it were made.
            StoreUnavailable, StorePoisoned: one of the two is not laid out, or cannot be used.
        """
        del signer
        keys = self.open_keys()
        try:
            keyed = keys.holds_any()  # asked first: a gateway records its start before it makes any key
            with self.open_reader() as reader:
                if keyed and reader.consistent(lambda log: log.head().size) == 0:
                    raise LogCorrupt("log: empty, but keys for it were made; put it back: a log never begins anew under the same name")
        finally:
            keys.close()

    def open_reader(self) -> LogReader:
        """See `Storage`."""
        with _naming("log.postgres"):
            return PostgresReader(self.log)

    def open_log(self, signer: LogSigner, clock: Clock, origin: Origin, space: SpaceLimits | None = None) -> LogStore:
        """See `Storage`. Free space is the server's matter; a full disk there is refused by name."""
        del space
        with _naming("log.postgres"):
            return PostgresLog(self.log, signer=signer, clock=clock, clock_entry=clock_steps(clock, origin), clock_jump=self.clock_jump)

    def open_keys(self) -> KeyStore:
        """See `Storage`."""
        with _naming("log.data_keys_postgres"):
            return PostgresKeys(self.data_keys)

    def free_bytes(self) -> int | None:
        """See `Storage`: the disk is the server's."""
        return None


@contextmanager
def _naming(key: str) -> Iterator[None]:
    """Say of a database that cannot be used now which setting named it."""
    try:
        yield
    except StoreUnavailable as failure:
        raise StoreUnavailable(f"{key}: {failure}") from failure


def databases_of(log: Log) -> Databases:
    """Where the settings say that both are.

    Raises:
        SettingsInvalid: a file with a connection string is wrong, or both name one database.
    """
    if log.postgres is None or log.data_keys_postgres is None or log.anchor is None:
        raise ValueError("a log that is not in PostgreSQL")
    problems: list[Problem] = []
    found: list[str] = []
    for file, key in ((log.postgres, "log.postgres"), (log.data_keys_postgres, "log.data_keys_postgres")):
        try:
            found.append(read_conninfo(file, key))
        except SettingsInvalid as failure:
            problems.extend(failure.problems)
    if not problems and is_same_place(*found):
        expected = "another database than the log's: its backups must be shorter"
        problems.append(Problem(str(log.data_keys_postgres), "log.data_keys_postgres", "the log's own database", expected))
    if problems:
        raise SettingsInvalid(tuple(problems))
    return Databases(found[0], found[1], log.anchor, log.replica, log.clock_jump)


@dataclass(frozen=True, slots=True)
class LaidOut:
    """What was done about the two databases: where they are, who uses them, and whether each was made just now."""

    log_place: str
    keys_place: str
    log_role: str
    keys_role: str
    made_log: bool
    made_keys: bool


def lay_out(settings: Settings, owner: Path) -> LaidOut:
    """Lay out what is not there yet, as the role that ``owner`` names.

    Raises:
        SettingsInvalid: a file is wrong, or the owner is the gateways' own role, or lacks rights.
        LogCorrupt: one of the two is missing though the other was in use.
        StoreUnavailable: a database cannot be reached, or not be laid out.
    """
    databases, signer = databases_of(settings.log), load_signer(settings)
    log, keys = as_another(databases.log, owner, "--owner"), as_another(databases.data_keys, owner, "--owner")
    roles = role_of(databases.log), role_of(databases.data_keys)
    if role_of(log) in roles:
        raise SettingsInvalid((Problem(str(owner), "--owner", "the gateways' own role", "another role: a gateway must not own its log"),))
    made_log, made_keys = create_missing(log, keys, signer, log_role=roles[0], keys_role=roles[1])
    return LaidOut(place_of(databases.log), place_of(databases.data_keys), *roles, made_log, made_keys)
