"""An export goes over nothing else, and is of nothing but a log as it was written."""

import shutil
from pathlib import Path

import apsw
import pytest

from linkage.errors import LogCorrupt, SettingsInvalid
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from linkage.tlog.tree import leaf_hash
from tests.exported import (
    SIZE,
    export,
    files,
    grow,
    more,
    report_of,
)
from tests.small_log import fresh_log


def test_a_folder_with_other_files_is_left_alone(world: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter").write_text("dear")
    (tmp_path / "file").write_text("dear")

    for folder in (tmp_path / "home", tmp_path / "file"):
        with pytest.raises(SettingsInvalid):
            export(world / "log.db", folder)
    assert {"letter": b"dear"} == files(tmp_path / "home")


def test_another_logs_export_is_left_alone(world: Path) -> None:
    out = world / "out"
    other = Signer("other.example/log", bytes(32))
    for name, content in (
        ("log.vkey", f"{other.verifier.text}\n"),
        ("log.vkey", "something else\n"),
        ("log.vkey", ""),
        ("checkpoint", sign_checkpoint(LogSigner.of(other), SIZE, bytes(32))),
        ("checkpoint", "something else\n"),
    ):
        good = (out / name).read_bytes()
        (out / name).write_text(content)
        before = files(out)
        with pytest.raises(SettingsInvalid) as refused:
            export(world / "log.db", out)
        assert [str(out / name)] == [problem.file for problem in refused.value.problems]
        assert before == files(out)
        (out / name).write_bytes(good)


def test_an_export_that_has_more_than_the_log_shows_that_the_log_is_an_older_copy(world: Path) -> None:
    shutil.copy(world / "log.db", world / "older.db")
    grow(world, 1)
    export(world / "log.db", world / "out")
    before = files(world / "out")

    with pytest.raises(LogCorrupt, match=r"got 600 entries, the folder has 601 of it: this is an older copy of the log"):
        export(world / "older.db", world / "out")
    assert before == files(world / "out")


def test_an_export_with_another_history_shows_that_the_log_was_replaced(world: Path, tmp_path: Path) -> None:
    log = fresh_log(tmp_path / "other.db")
    log.append(more(700))
    log.close()
    before = files(world / "out")

    with pytest.raises(LogCorrupt, match="its first 600 entries are not those that the folder has"):
        export(tmp_path / "other.db", world / "out")
    assert before == files(world / "out")


def test_a_tile_with_other_bytes_than_the_logs_is_found_and_not_overwritten(world: Path) -> None:
    grow(world, 300)
    tile = world / "out/tile/0/002"
    tile.write_bytes(bytes(8192))

    with pytest.raises(LogCorrupt, match=r"tile/0/002: the folder holds other bytes than the log"):
        export(world / "log.db", world / "out")
    assert bytes(8192) == tile.read_bytes()
    assert report_of(world / "out").size == SIZE


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE leaf SET data = zeroblob(9) WHERE idx = 700", "the bytes of entry 700 do not have its hash"),
        ("UPDATE leaf SET hash = zeroblob(32) WHERE idx = 700", "the bytes of entry 700 do not have its hash"),
        ("DELETE FROM leaf WHERE idx = 700", "entry 700 is missing"),
        ("DELETE FROM leaf WHERE idx = 899", "entries missing from 899 on"),
        ("UPDATE node SET hash = zeroblob(32) WHERE level = 8 AND idx = 2", "node 8/2 is not the hash of what is below it"),
        ("DELETE FROM node WHERE level = 8 AND idx = 2", "node 8/2: missing"),
        ("UPDATE head SET root = zeroblob(32)", "newest checkpoint: it names another size or root"),
        ("UPDATE head SET note = 'x'", "newest checkpoint: note"),
        ("UPDATE leaf SET data = x'78', hash = x'{hash}' WHERE idx = 890", "its 900 entries have another root"),
    ],
)
def test_a_log_that_is_not_as_it_was_written_is_not_exported(world: Path, change: str, why: str) -> None:
    grow(world, 300)
    before = (world / "out/checkpoint").read_bytes()
    connection = apsw.Connection(str(world / "log.db"))
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(change.replace("{hash}", leaf_hash(b"x").hex()))
    connection.close()

    with pytest.raises(LogCorrupt, match=why):
        export(world / "log.db", world / "out")
    assert before == (world / "out/checkpoint").read_bytes()
