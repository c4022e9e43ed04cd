"""A log is exported whole, again, and after a stop."""

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from linkage.audit.export import export_log
from linkage.audit.export_folder import ExportFailed, ExportFolder
from linkage.audit.exported import ExportVerification
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import open_checkpoint, sign_checkpoint
from linkage.tlog.log_keys import LogKey, LogVerifier
from linkage.tlog.note import Signer
from tests.exported import (
    KEY,
    ORPHAN,
    RECOVERED,
    SIZE,
    copied,
    export,
    files,
    grow,
    looked_through,
    more,
    report_of,
    said_by_the_second_verifier,
)
from tests.second_export_verifier import check_export
from tests.small_log import SIGNER, entries, fresh_log, opened

ROOT = Path(__file__).parents[3]


def test_an_export_is_what_the_specification_says_and_both_verifiers_accept_it(made: Path) -> None:
    out = made / "out"
    tiles = {f"tile/{level}/{name}" for level in ("entries", "0") for name in ("000", "001", "002.p/88")}

    assert {*tiles, "tile/1/000.p/2", "checkpoint", "log.vkey"} == set(files(out))
    assert f"{KEY.text}\n" == (out / "log.vkey").read_text()
    size, leaves = check_export(out, KEY.text)
    assert (SIZE, [entry.leaf for entry in entries(made / "log.db")]) == (size, leaves)
    report = report_of(out)
    assert (True, SIZE, [ORPHAN], [RECOVERED]) == (report.clean, report.size, report.orphans, report.recovered)


def test_an_export_of_an_empty_log_is_one_checkpoint(tmp_path: Path) -> None:
    fresh_log(tmp_path / "log.db").close()
    export(tmp_path / "log.db", tmp_path / "out")

    assert {"checkpoint", "log.vkey"} == set(files(tmp_path / "out"))
    assert report_of(tmp_path / "out").clean
    assert (0, []) == check_export(tmp_path / "out", KEY.text)


def test_a_second_export_adds_what_is_new_and_leaves_the_rest_untouched(world: Path) -> None:
    out = world / "out"
    before = {path: (out / path).stat().st_mtime_ns for path in files(out)}
    assert 0 == export(world / "log.db", out).written
    assert before == {path: (out / path).stat().st_mtime_ns for path in files(out)}

    grow(world, 100)
    done = export(world / "log.db", out)

    assert (SIZE, 700, 2) == (done.before, done.size, done.written)
    assert "tile/0/002.p/88" in files(out), "whoever holds the older checkpoint still finds what it needs"
    assert before["tile/0/001"] == (out / "tile/0/001").stat().st_mtime_ns
    assert (True, []) == (report_of(out).clean, looked_through(out).beyond)

    grow(world, 68)
    export(world / "log.db", out)

    assert not any("002.p" in path for path in files(out)), "what has grown whole is dropped in its parts"
    fresh = world / "fresh"
    export(world / "log.db", fresh)
    assert files(fresh) == {path: content for path, content in files(out).items() if path != "tile/1/000.p/2"}
    assert report_of(out).clean
    assert not said_by_the_second_verifier(out)


def test_what_is_lost_from_a_folder_is_written_again(world: Path) -> None:
    whole = files(world / "out")
    (world / "out/tile/0/000").unlink()
    (world / "out/tile/entries/001").unlink()

    assert 2 == export(world / "log.db", world / "out").written
    assert whole == files(world / "out")


def test_an_export_that_is_stopped_anywhere_leaves_the_old_one_whole_and_is_completed_by_the_next(world: Path) -> None:
    grow(world, 300)
    export(world / "log.db", world / "whole")
    for stop in range(5):
        out = copied(world / "out", world / f"stopped-{stop}")
        with SqliteReader(world / "log.db") as reader:
            steps = export_log(reader, KEY, out)
            for _ in range(stop):
                next(steps, None)
            steps.close()
        stopped = report_of(out)
        assert (True, SIZE) == (stopped.clean, stopped.size)
        assert not said_by_the_second_verifier(out)

        export(world / "log.db", out)
        assert files(world / "whole").items() <= files(out).items()
        assert (True, SIZE + 300) == (report_of(out).clean, report_of(out).size)


def test_an_export_that_is_killed_is_completed_by_the_next(world: Path) -> None:
    grow(world, 6_000)
    script = f"""
import sys, time
from pathlib import Path
from linkage.audit.export import export_log
from linkage.store.sqlite_read import SqliteReader
from tests.small_log import SIGNER
with SqliteReader(Path({str(world / "log.db")!r})) as reader:
    for at in export_log(reader, SIGNER.verifier, Path({str(world / "out")!r})):
        print(at.done, flush=True)
        time.sleep(0.05)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdout is not None
        while int(running.stdout.readline()) < 6:
            time.sleep(0)
        running.send_signal(signal.SIGKILL)
    killed = looked_through(world / "out")
    assert (True, SIZE) == (killed.report.clean, killed.report.size)
    assert killed.beyond

    export(world / "log.db", world / "out")
    completed = looked_through(world / "out")
    assert (True, SIZE + 6_000, []) == (completed.report.clean, completed.report.size, completed.beyond)


@pytest.mark.parametrize("limit", [0, 100, 5_000, 8_191])
def test_a_disk_that_takes_no_more_is_said_and_the_old_checkpoint_goes_on_to_hold(world: Path, limit: int) -> None:
    grow(world, 300)
    before = (world / "out/checkpoint").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with SqliteReader(world / "log.db") as reader:
        steps = export_log(reader, KEY, world / "out")
        next(steps)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(ExportFailed, match=r"File too large; what was exported before is as it was"):
                list(steps)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert before == (world / "out/checkpoint").read_bytes()
    assert report_of(world / "out").clean
    export(world / "log.db", world / "out")
    assert (True, 900) == (report_of(world / "out").clean, report_of(world / "out").size)


def test_an_export_beside_a_writer_is_of_one_moment(world: Path) -> None:
    log = opened(world / "log.db")
    with SqliteReader(world / "log.db") as reader:
        for _ in export_log(reader, KEY, world / "beside"):
            log.append(more(100))
    log.close()

    assert (True, SIZE) == (report_of(world / "beside").clean, report_of(world / "beside").size)
    assert not said_by_the_second_verifier(world / "beside")


def test_two_exports_into_one_folder_do_not_meet(world: Path) -> None:
    with ExportFolder(world / "out"), pytest.raises(ExportFailed, match="another export into it is running"):
        export(world / "log.db", world / "out")
    assert 0 == export(world / "log.db", world / "out").written


def test_a_cosigned_checkpoint_is_the_checkpoint_or_stands_beside_it(world: Path) -> None:
    out, line = (
        world / "out",
        "— witness.example/w1 IDJKvgAAAABkGFDLmV2bMPYiIPQbNQ1NiscmlN7tscsZUjDBIeu7nzkPCpsE9GadO2K/ZTljyKvZsXRPhbPofhJbOxuEYEdfgBC/Dw==\n",
    )
    cosigned = (out / "checkpoint").read_text() + line

    export(world / "log.db", out, cosigned=cosigned)
    assert cosigned == (out / "checkpoint").read_text()
    assert report_of(out).clean

    grow(world, 10)
    export(world / "log.db", out, cosigned=cosigned)
    assert cosigned == (out / "checkpoint.cosigned").read_text()
    assert 610 == open_checkpoint((out / "checkpoint").read_bytes(), KEY).size
    assert (True, 2) == (report_of(out).clean, report_of(out).checkpoints)

    (out / "checkpoint.cosigned").write_text(sign_checkpoint(SIGNER, SIZE, bytes(32)))
    assert ["checkpoint 600: a checkpoint kept elsewhere has another root"] == [str(each) for each in report_of(out).findings]


def test_an_export_of_a_log_that_had_several_keys_names_all_of_them(world: Path) -> None:
    out, keys = world / "out", LogVerifier((LogKey(Signer(KEY.name, bytes(32)).verifier), LogKey(KEY.current, 0, SIZE)))
    with SqliteReader(world / "log.db") as reader:
        list(export_log(reader, keys, out))

    assert f"{keys.text}\n" == (out / "log.vkey").read_text()
    assert keys == LogVerifier.parse((out / "log.vkeys").read_text())
    assert SIZE == ExportVerification(out, keys).report.size


def test_a_temporary_file_that_was_left_is_in_nobodys_way(world: Path) -> None:
    (world / "out/.part").write_bytes(b"half")
    grow(world, 1)
    export(world / "log.db", world / "out")
    assert not (world / "out/.part").exists()
