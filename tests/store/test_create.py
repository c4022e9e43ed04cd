"""A file appears whole under its own name, or not at all."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from linkage.audit.boot import check_edge
from linkage.errors import LogCorrupt
from linkage.store.contract import StoreUnavailable
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from linkage.store.sqlite_log import create_log
from linkage.store.sqlite_open import open_writing
from linkage.store.sqlite_read import SqliteReader
from tests.small_log import SIGNER, append_one, draft, opened, verified

ROOT = Path(__file__).parent.parent.parent
DIES = """
import os, signal, sys
from pathlib import Path
from linkage.store.sqlite_create import create_whole
from linkage.store.sqlite_schema import lay_out
from tests.small_log import SIGNER
def dies(connection):
    {before}
    os.kill(os.getpid(), signal.SIGKILL)
create_whole(Path(sys.argv[1]), dies)
"""


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.crash
@pytest.mark.parametrize("before", ["pass", "connection.execute('CREATE TABLE head (id)')", "lay_out(connection, SIGNER, bytes(16))"])
def test_a_process_killed_while_it_makes_a_log_leaves_nothing_that_is_taken_for_one(before: str, path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", DIES.format(before=before), str(path)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert names(path.parent)
    assert not path.exists()

    create_log(path, SIGNER)

    log = opened(path)
    assert append_one(log, draft()).index == 0
    log.close()
    assert verified(path).clean
    assert not [name for name in names(path.parent) if "unfinished" in name]


@pytest.mark.parametrize("beside", ["", "-wal"])
def test_a_log_or_its_wal_that_is_there_is_not_made_anew(beside: str, path: Path) -> None:
    left = path.with_name(path.name + beside)
    left.write_bytes(b"what an operator has to explain")
    with pytest.raises(StoreUnavailable, match=rf"{left.name}: exists already"):
        create_log(path, SIGNER)
    assert left.read_bytes() == b"what an operator has to explain"


def test_a_file_that_cannot_be_made_is_refused_by_name(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"No such file or directory|CantOpenError"):
        create_log(path.parent / "nowhere" / "log.db", SIGNER)


def test_a_file_of_keys_is_made_whole_too(path: Path) -> None:
    create_keys(path)
    assert names(path.parent) == [path.name]
    keys = SqliteKeys(path)
    assert keys.get(bytes(16)) is None
    keys.close()


@pytest.mark.parametrize("content", ["empty", "another database"])
def test_a_database_that_is_no_log_is_called_that(content: str, path: Path) -> None:
    if content == "empty":
        path.touch()
    else:
        open_writing(path, create=True).close(True)
    with SqliteReader(path) as reader, pytest.raises(LogCorrupt, match="head: got none of this schema version"):
        check_edge(reader, SIGNER.verifier)
