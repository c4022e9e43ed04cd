"""A log is opened durably or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from linkage.store import sqlite_open
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.lock import StoreLock, StoreLocked
from linkage.store.sqlite_log import SqliteLog, create_log
from linkage.store.sqlite_open import check_version, open_writing
from tests.small_log import SIGNER, append_one, draft, fresh_log, opened, verified


def test_every_pragma_is_as_it_must_be(log: SqliteLog) -> None:
    read = log._connection.pragma
    assert read("journal_mode") == "wal"
    assert read("synchronous") == 2
    assert read("trusted_schema") == 0
    assert read("mmap_size") == 0
    assert read("cell_size_check") == 1
    assert read("recursive_triggers") == 1


@pytest.mark.parametrize("name", [name for name, _, _ in sqlite_open._PRAGMAS])
def test_a_pragma_that_does_not_take_stops_the_start(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_log(path, SIGNER)
    changed = tuple((n, v, "something else" if n == name else e) for n, v, e in sqlite_open._PRAGMAS)
    monkeypatch.setattr(sqlite_open, "_PRAGMAS", changed)
    with pytest.raises(StorePoisoned, match=rf"pragma {name}: got .*, expected something else"):
        opened(path)


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.17"])
def test_a_sqlite_with_the_wal_reset_bug_is_refused(version: str) -> None:
    with pytest.raises(StorePoisoned, match=r"expected 3\.51\.3"):
        check_version(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.53.0", "3.100.0", apsw.sqlite_lib_version()])
def test_a_sqlite_without_it_is_taken(version: str) -> None:
    check_version(version)


def test_what_is_no_database_is_refused_by_name(path: Path) -> None:
    path.write_bytes(b"this is no database at all, but long enough to be read as one" * 20)
    with pytest.raises(StoreUnavailable, match=r"log\.db: NotADBError"):
        open_writing(path)


def test_a_second_gateway_on_one_log_is_refused_and_the_first_is_untouched(path: Path) -> None:
    log = fresh_log(path)
    with StoreLock(path) as held:
        with pytest.raises(StoreLocked, match=rf"{held.path}: held by another gateway, process {os.getpid()}"):
            StoreLock(path)
        assert append_one(log, draft()).index == 0
    StoreLock(path).release()
    log.close()


def test_the_lock_goes_with_the_process_that_held_it(path: Path) -> None:
    script = (
        "import sys, pathlib, linkage.store.lock as k; k.StoreLock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin
    assert holder.stdout
    with holder, holder.stdin, holder.stdout:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreLocked, match=f"process {holder.pid}"):
            StoreLock(path)
        holder.kill()
        holder.wait()
    StoreLock(path).release()


@pytest.mark.parametrize("move", ["remove", "rename", "replace", "remove the WAL"])
def test_a_log_file_moved_or_removed_while_running_is_noticed_by_the_next_batch(move: str, path: Path) -> None:
    log = fresh_log(path)
    append_one(log, draft())
    match move:
        case "remove":
            path.unlink()
        case "rename":
            path.rename(path.with_name("elsewhere.db"))
        case "replace":
            copy = path.with_name("copy.db")
            copy.write_bytes(path.read_bytes())
            copy.rename(path)
        case _:
            path.with_name("log.db-wal").unlink()
    assert log.trouble() == "log file moved or removed"
    for _ in range(2):
        with pytest.raises(StorePoisoned, match="moved or removed"):
            log.append([draft()])


def test_the_wal_is_copied_back_before_it_grows_without_end(path: Path) -> None:
    log = fresh_log(path)
    for _ in range(40):
        log.append([draft() for _ in range(256)])
    assert path.with_name("log.db-wal").stat().st_size < 12 * 2**20
    assert path.stat().st_size > 2**20
    log.close()
    assert verified(path).size == 40 * 256
