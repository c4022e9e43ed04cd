"""A log's way from its files into databases: copied, verified there, and only then put out of use where it was.

It may be ended at any moment and begun again: `linkage.store.migrate` says why. The old log's lock is held until it is over.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from linkage.audit.report import Progress, Report
from linkage.audit.verify import verify_log
from linkage.errors import LogCorrupt, Problem, SettingsInvalid
from linkage.runtime.databases import Databases, databases_of
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import Files, storage_of
from linkage.settings import Settings
from linkage.store.anchor import Anchor, check_anchor
from linkage.store.backend import LogReader
from linkage.store.conninfo import as_another, role_of
from linkage.store.migrate import copy_keys, copy_log, expect_same, rows_of
from linkage.store.postgres_create import create_missing
from linkage.store.sqlite_create import put_away

MIGRATED = ".migrated"
"""What the names of the old files end in afterwards: no gateway finds them, and its anchor keeps one from beginning anew."""
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Migrated:
    """What became of it: the verification of the new log, and the old files under their new names."""

    report: Report
    put_away: tuple[Path, ...]


class Migration:
    """From files into databases. Go through `copy`, then `verify`, then call `finish`, all while `holding`."""

    def __init__(self, old: Settings, new: Settings, owner: Path) -> None:
        """Read and check what is needed.

        Args:
            old: the settings with the log in files.
            new: the settings with the log in databases.
            owner: file with the connection string of the databases' owner.

        Raises:
            SettingsInvalid: a file of the operator's is wrong.
        """
        self._files = _files_of(old)
        self._databases: Databases = databases_of(new.log)
        if old.log.origin != new.log.origin:
            problem = Problem(str(self._files.log), "log.origin", "two names", "the same in both settings files: it is one log")
            raise SettingsInvalid((problem,))
        self._signer = load_signer(new)
        self._owner = as_another(self._databases.log, owner, "--owner"), as_another(self._databases.data_keys, owner, "--owner")

    @property
    def _data_keys(self) -> Path:
        """They are put away before the log; whoever is ended between the two finds them there."""
        own, away = self._files.data_keys, _put_away(self._files.data_keys)
        return away if away.is_file() and not own.is_file() else own

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Keep every gateway away from the old log.

        Raises:
            StoreLocked: one is running.
            SettingsInvalid: there is no log, or it was put away by an earlier migration.
        """
        for file, found in ((self._files.log, self._files.log), (self._files.data_keys, self._data_keys)):
            if not found.is_file():
                got = "put away already" if _put_away(file).exists() else "no such file"
                raise SettingsInvalid((Problem(str(file), "file", got, "the log and the data keys that are to be migrated"),))
        lock = self._files.lock()
        try:
            yield
        finally:
            lock.release()

    def copy(self) -> Generator[Progress, None, None]:
        """Copy what is not there yet.

        Raises:
            LogCorrupt: the old log is not as its anchor has seen it, or the databases hold something else.
            StoreUnavailable: not now; what was not finished is not there.
        """
        with self._files.open_reader() as reader:
            check_anchor(self._files.anchor, reader, self._signer.verifier)
            log_uuid = reader.consistent(lambda log: log.head().log_uuid)
        total, done = rows_of(self._files.log, self._data_keys), 0
        log_role, keys_role = role_of(self._databases.log), role_of(self._databases.data_keys)
        create_missing(*self._owner, self._signer, log_role=log_role, keys_role=keys_role, log_uuid=log_uuid)
        expect_same(self._files.log, self._owner[0])
        yield Progress(0, total)
        for part in (copy_keys(self._data_keys, self._owner[1]), copy_log(self._files.log, self._owner[0])):
            for rows in part:
                done += rows
                yield Progress(done, total)

    def verify(self) -> Generator[Progress, None, Report]:
        """Verify the new log as a whole, and that it says the same as the old.

        Raises:
            LogCorrupt: a checkpoint differs.
            StoreUnavailable: not now.
        """
        with self._databases.open_reader() as new, self._files.open_reader() as old:
            report = yield from verify_log(new, self._signer.verifier)
            _expect_same_checkpoints(old, new)
        return report

    def finish(self, report: Report) -> Migrated:
        """Put the old files away, once the new log verifies.

        Raises:
            LogCorrupt: it does not; the old files stay in use.
            StoreUnavailable: a file cannot be renamed.
        """
        if not report.clean:
            raise LogCorrupt("the new log does not verify; the old one stays as it was")
        with self._files.open_reader() as reader:
            note = reader.consistent(lambda log: log.head().note)
        for anchor in (self._databases.anchor, self._files.anchor):
            if not anchor.exists():
                Anchor(anchor).offer(note)
        names = tuple(_renamed(file) for file in (self._files.data_keys, self._files.log))
        return Migrated(report, names)


def _files_of(old: Settings) -> Files:
    storage = storage_of(old)
    if not isinstance(storage, Files):
        problem = Problem("--from", "log.path", "a log in PostgreSQL", "settings whose log is in a file")
        raise SettingsInvalid((problem,))
    return storage


def _expect_same_checkpoints(old: LogReader, new: LogReader) -> None:
    first = 0
    while page := _checkpoints(old, first, _PAGE):
        if _checkpoints(new, first, len(page)) != page:
            raise LogCorrupt(f"checkpoints {first} to {page[-1][0]}: differ from those of the old log")
        first = page[-1][0] + 1


def _checkpoints(log: LogReader, first: int, count: int) -> list[tuple[int, bytes, str, int]]:
    return list(log.consistent(lambda see: see.checkpoints(first, count)))


def _put_away(file: Path) -> Path:
    return file.with_name(f"{file.name}{MIGRATED}")


def _renamed(file: Path) -> Path:
    away = _put_away(file)
    if file.exists():
        put_away(file, away)
    return away
