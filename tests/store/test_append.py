"""One batch, one transaction, one signature; and what the next batch believes of it."""

from pathlib import Path

import apsw
import pytest

from linkage.store.contract import StoreUnavailable
from linkage.store.sqlite_log import SqliteLog, create_log
from tests.small_log import SIGNER, draft, opened


def test_a_log_that_exists_is_never_made_anew_and_one_that_is_missing_never_opened(path: Path) -> None:
    create_log(path, SIGNER)
    with pytest.raises(StoreUnavailable, match="exists already"):
        create_log(path, SIGNER)
    with pytest.raises(StoreUnavailable):
        opened(path.with_name("missing.db"))
    assert not path.with_name("missing.db").exists()


@pytest.mark.parametrize("table", ["leaf", "node", "checkpoint"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET hash = zeroblob(32)", "DELETE FROM {}", "INSERT OR REPLACE INTO {} SELECT * FROM {}"])
def test_our_own_hand_cannot_change_what_is_written(table: str, verb: str, log: SqliteLog) -> None:
    log.append([draft() for _ in range(4)])
    statement = verb.format(table, table)
    if table == "checkpoint":
        statement = statement.replace("hash", "root")
    with pytest.raises(apsw.ConstraintError, match="only added to"):
        log._connection.execute(statement)


def test_our_own_hand_cannot_shrink_the_head(log: SqliteLog) -> None:
    log.append([draft() for _ in range(4)])
    for statement in ("UPDATE head SET size = 3", "UPDATE head SET size = 5, origin = 'other'", "DELETE FROM head"):
        with pytest.raises(apsw.ConstraintError):
            log._connection.execute(statement)
