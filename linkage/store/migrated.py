"""A log's file after its migration into PostgreSQL: marked, put away, and refused ever after. Its history goes on in the database.

The mark stands in the file itself, so that it is refused under its old name, too: whoever appended there would make a second history
under the same key. It may be read and verified as before.
"""

from pathlib import Path
from typing import Final

import apsw

from linkage.errors import Problem, SettingsInvalid
from linkage.store.sqlite_open import open_reading, open_writing, unavailable

MIGRATED: Final = ".migrated"
"""What the names of the old files end in."""

_MARK: Final = """
CREATE TRIGGER IF NOT EXISTS migrated BEFORE INSERT ON leaf BEGIN SELECT RAISE(ABORT, 'the log was migrated'); END;
"""
"""Also stops a release of linkage that does not know of it."""


def away_name(file: Path) -> Path:
    """What a file is called once it is put away."""
    return file.with_name(f"{file.name}{MIGRATED}")


def mark_migrated(log: Path) -> None:
    """Say in the log's file, durably, that it is continued elsewhere. A second time changes nothing.

    Raises:
        StoreUnavailable: it cannot be said now.
        StorePoisoned: the file cannot be written durably here.
    """
    connection = open_writing(log)
    try:
        connection.execute(_MARK)
    except apsw.Error as cause:
        raise unavailable(log, cause) from cause
    finally:
        connection.close(True)


def refuse_marked(log: Path, connection: apsw.Connection) -> None:
    """Refuse to append to a log that was migrated; `SettingsInvalid` says which settings are meant."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = 'migrated'").fetchone() is not None:
        raise _refused(log)


def refuse_migrated(log: Path, data_keys: Path) -> None:
    """Refuse to begin, or to go on, where a migrated log was put away, whatever stands in its place now, or was put back.

    Raises:
        SettingsInvalid: it was.
        StoreUnavailable: the log's file cannot be read.
    """
    if away_name(log).exists() or away_name(data_keys).exists():
        raise _refused(log)
    if log.exists():
        connection = open_reading(log)
        try:
            refuse_marked(log, connection)
        except apsw.Error as cause:
            raise unavailable(log, cause) from cause
        finally:
            connection.close(True)


def _refused(log: Path) -> SettingsInvalid:
    expected = "the settings that name its databases; never put the old files back: that would be a second history under the same key"
    return SettingsInvalid((Problem(str(log), "log.path", "a log that was migrated to PostgreSQL", expected),))
