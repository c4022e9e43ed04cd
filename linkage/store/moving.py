"""A log on its way into a database: from before its first row is copied until that is over or given up, its files take nothing more.

What were recorded or forgotten meanwhile would be missing in the database, or come back there. The refusal stands in the files, so that it
reaches every process: those that have them open already, those of an earlier release, those that begin after the one that copies has ended.
"""

from pathlib import Path
from typing import Final

import apsw

from linkage.store.contract import StoreUnavailable
from linkage.store.sqlite_open import open_writing, unavailable

_VERBS: Final = {"leaf": ("INSERT",), "data_key": ("INSERT", "UPDATE", "DELETE")}
"""What is refused of each table; a leaf is never changed anyhow."""
_STOP: Final = "CREATE TRIGGER IF NOT EXISTS moving_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'being migrated'); END;"
_LET_GO: Final = "DROP TRIGGER IF EXISTS moving_{verb};"


def begin_moving(log: Path, data_keys: Path) -> None:
    """Refuse, durably, whatever is written to either file from now on. What was acknowledged before is in them.

    Raises:
        StoreUnavailable: somebody is writing now, or a file cannot be opened.
        StorePoisoned: a file cannot be written durably here.
    """
    _run(log, "leaf", _STOP)
    _run(data_keys, "data_key", _STOP)


def end_moving(log: Path, data_keys: Path) -> None:
    """Take the refusal back. Arguments and errors as those of `begin_moving`."""
    _run(data_keys, "data_key", _LET_GO)
    _run(log, "leaf", _LET_GO)


def refuse_moving(connection: apsw.Connection) -> None:
    """Refuse to write to a file that is on its way into a database.

    Raises:
        StoreUnavailable: it is; the message says what is to be done. Or the file cannot be read.
    """
    path = Path(connection.filename)
    try:
        found = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = 'moving_INSERT'").fetchone()
    except apsw.Error as cause:
        raise unavailable(path, cause) from cause
    if found is not None:
        raise StoreUnavailable(
            f"{path.name}: on its way into a database. Run `linkage audit migrate` again to end that, or with --give-up to use it here"
        )


def _run(path: Path, table: str, statement: str) -> None:
    statements = " ".join(statement.format(verb=verb, table=table) for verb in _VERBS[table])
    connection = open_writing(path)
    try:
        connection.execute(f"BEGIN IMMEDIATE; {statements} COMMIT")
    except apsw.Error as cause:
        raise unavailable(path, cause) from cause
    finally:
        connection.close(True)
