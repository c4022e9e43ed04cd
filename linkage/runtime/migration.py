"""A log's way from its files into databases: copied, verified there, and only then put out of use where it was.

It may be ended at any moment and begun again: `linkage.store.migrate` says why. The old log's lock keeps gateways away until it is over;
from the copy's beginning on its files themselves refuse what commands beside it would write (`linkage.store.moving`).
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from linkage.audit.report import Progress, Report
from linkage.audit.verify import verify_log
from linkage.errors import AuditUnavailable, LogCorrupt, Problem, SettingsInvalid
from linkage.runtime.databases import Databases, databases_of
from linkage.runtime.searching import search_index_of
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import Files, Storage, storage_of
from linkage.runtime.witnesses import state_file
from linkage.settings import Settings
from linkage.store.anchor import Anchor, check_anchor
from linkage.store.backend import LogReader
from linkage.store.conninfo import as_another, role_of
from linkage.store.lock import lock_name
from linkage.store.migrate import copy_keys, copy_log, expect_same, is_copied, rows_of, settle
from linkage.store.migrated import away_name, mark_migrated
from linkage.store.moving import begin_moving, end_moving
from linkage.store.postgres_create import create_missing
from linkage.store.sqlite_create import put_away

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Migrated:
    """What became of it: the verification of the new log, and the old files under their new names."""

    report: Report
    put_away: tuple[Path, ...]
    """Data keys, log."""
    left: tuple[Path, ...]
    """What the old gateway kept for itself beside them, and nobody needs any more."""


class Migration:
    """From files into databases. Go through `check`, `copy` and `verify`, then call `finish`, all while `holding`."""

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
        self._began = self._done = False
        self._copying: Generator[Progress, None, None] | None = None
        self._local = _local_files(old, self._files) - _local_files(new, self._databases)
        self._owner = as_another(self._databases.log, owner, "--owner"), as_another(self._databases.data_keys, owner, "--owner")

    @property
    def log(self) -> Path:
        """The old log's file."""
        return self._files.log

    @property
    def _data_keys(self) -> Path:
        """They are put away before the log; whoever is ended between the two finds them there."""
        own, away = self._files.data_keys, away_name(self._files.data_keys)
        return away if away.is_file() and not own.is_file() else own

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Keep every gateway away from the old log. Left before `finish` is done, the old log can be used again, if nothing was copied.

        Raises:
            StoreLocked: one is running.
            SettingsInvalid: there is no log, or it was put away by an earlier migration.
        """
        for file, found in ((self._files.log, self._files.log), (self._files.data_keys, self._data_keys)):
            if not found.is_file():
                got = "put away already" if away_name(file).exists() else "no such file"
                raise SettingsInvalid((Problem(str(file), "file", got, "the log and the data keys that are to be migrated"),))
        lock = self._files.lock()
        try:
            yield
        finally:
            if self._began and not self._done:
                self._let_go()
            lock.release()

    def give_up(self) -> None:
        """Let the old log be used again, which a migration that was cut off has left refusing everything. While `holding`.

        Raises:
            LogCorrupt: the databases hold a log with entries, and gateways may have gone on there.
            StoreUnavailable: a database or a file cannot be used now.
        """
        if is_copied(self._owner[0]):
            raise LogCorrupt(
                "the database holds the log already, and a gateway may have gone on there: run the migration again. Only if none has:"
                " drop both databases, create them anew, and then give it up"
            )
        end_moving(self._files.log, self._data_keys)

    def _let_go(self) -> None:
        """Where nobody can tell whether the log was copied, two histories are worse than none: the old log goes on refusing."""
        if self._copying is not None:
            self._copying.close()  # whoever was interrupted between two steps still has it, and its transaction
        with suppress(AuditUnavailable, LogCorrupt):
            self.give_up()

    def check(self) -> Generator[Progress, None, Report]:
        """Verify the old log as a whole, before anything is laid out or changed anywhere.

        Raises:
            LogCorrupt: it is not as its anchor has seen it, or the anchor of the new settings is another log's.
            StoreUnavailable: not now.
        """
        with self._files.open_reader() as reader:
            check_anchor(self._files.anchor, reader, self._signer.verifier)
        # Whoever ended after the copy may have begun a gateway on it: then its anchor is ahead of the old log.
        with self._databases.open_reader() if is_copied(self._owner[0]) else self._files.open_reader() as reader:
            check_anchor(self._databases.anchor, reader, self._signer.verifier)
        try:
            with self._files.open_reader() as reader:
                return (yield from verify_log(reader, self._signer.verifier))
        except LogCorrupt as cause:
            raise LogCorrupt(f"{self._files.log}: {cause}") from cause

    def copy(self, checked: Report) -> Generator[Progress, None, None]:
        """Copy what is not there yet. From its first step on the old log takes nothing more.

        Raises:
            LogCorrupt: the old log does not verify, or the databases hold something else.
            StoreUnavailable: not now; what was not finished is not there.
        """
        if not checked.clean:
            raise LogCorrupt(f"{self._files.log}: does not verify; nothing was copied")
        self._copying = self._copied()
        return self._copying

    def _copied(self) -> Generator[Progress, None, None]:
        with self._files.open_reader() as reader:
            log_uuid = reader.consistent(lambda log: log.head().log_uuid)
        log_role, keys_role = role_of(self._databases.log), role_of(self._databases.data_keys)
        create_missing(*self._owner, self._signer, log_role=log_role, keys_role=keys_role, log_uuid=log_uuid)
        expect_same(self._files.log, self._owner[0])
        self._began = True
        begin_moving(self._files.log, self._data_keys)
        total, done = rows_of(self._files.log, self._data_keys), 0
        yield Progress(0, total)
        if is_copied(self._owner[0]):  # gateways may have gone on there, and forgotten keys that the old file still holds
            return
        for part in (copy_keys(self._data_keys, self._owner[1]), copy_log(self._files.log, self._owner[0])):
            with closing(part) as copied:
                for rows in copied:
                    done += rows
                    yield Progress(done, total)
        for owner in self._owner:
            settle(owner)

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
            LogCorrupt: it does not, or does not hold everything that the old one does; the old files stay where they are.
            StoreUnavailable: a file cannot be renamed.
        """
        if not report.clean:
            raise LogCorrupt("the new log does not verify; the old one stays as it was")
        with self._databases.open_reader() as new, self._files.open_reader() as old:
            head = old.consistent(lambda log: log.head())
            if _checkpoints(new, head.size, 1) != _checkpoints(old, head.size, 1):
                raise LogCorrupt(f"{self._files.log}: written to since it was copied; the databases lack what it holds")
        for anchor in (self._databases.anchor, self._files.anchor):
            if not anchor.exists():
                Anchor(anchor).offer(head.note)
        mark_migrated(self._files.log)
        names = tuple(_renamed(file) for file in (self._files.data_keys, self._files.log))
        self._done = True
        return Migrated(report, names, tuple(sorted(file for file in self._local if file.exists())))


def _local_files(settings: Settings, storage: Storage) -> set[Path]:
    """What a gateway keeps for itself, apart from log, data keys and anchor."""
    files = {search_index_of(settings.log, storage), state_file(settings.log, storage)}
    return files if settings.log.path is None else files | {lock_name(settings.log.path)}


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


def _renamed(file: Path) -> Path:
    away = away_name(file)
    if file.exists():
        put_away(file, away)
    return away
