"""A gateway whose log is lost to it ends by itself, so that its supervisor can start another."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from linkage.cli.serve import LOG_LOST
from linkage.errors import LogCorrupt
from linkage.runtime.gateway import Gateway
from linkage.settings import load
from tests.audit.test_verify import tamper
from tests.journeys.place import Place, build_place

ROOT = Path(__file__).parents[2]
WAIT_S = 60


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return build_place(tmp_path)


@contextmanager
def serving(place: Place) -> Iterator[subprocess.Popen[str]]:
    """A gateway in a process of its own, from the moment that it serves."""
    command = [sys.executable, "-m", "linkage.cli.main", "serve", "--config", str(place.settings_file)]
    said = place.folder / "gateway.log"
    with said.open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, text=True) as process:
        try:
            until = time.monotonic() + WAIT_S
            while '"serving"' not in said.read_text():
                assert process.poll() is None, said.read_text()[-1000:]
                assert time.monotonic() < until
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def of(place: Place) -> tuple[Path, Path]:
    log = load(place.settings_file).log
    assert log.path is not None
    assert log.data_keys is not None
    return log.path, log.data_keys


@pytest.mark.parametrize("which", [0, 1], ids=["log", "data keys"])
def test_a_gateway_whose_files_are_taken_away_ends_with_the_status_that_starts_it_again(place: Place, which: int) -> None:
    with serving(place) as process:
        of(place)[which].rename(place.folder / "elsewhere")
        assert process.wait(WAIT_S) == LOG_LOST
    assert LOG_LOST not in (1, 2), "systemd does not start it again after these"


def test_a_log_put_back_from_a_backup_is_not_gone_on_with(place: Place) -> None:
    log, _ = of(place)
    backup = place.folder / "backup"
    with serving(place) as process:
        process.terminate()
        assert process.wait(WAIT_S) == 0
    shutil.copy(log, backup)
    with serving(place) as process:
        process.kill()
    for file in log.parent.glob(f"{log.name}*"):
        file.unlink()
    shutil.copy(backup, log)
    command = [sys.executable, "-m", "linkage.cli.main", "serve", "--config", str(place.settings_file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert ended.returncode == 1
    assert "older copy" in " ".join(ended.stderr.split())


async def test_an_old_entry_that_changes_on_the_disk_ends_the_gateway_and_the_health_names_it(place: Place) -> None:
    text = place.settings_file.read_text().replace('path = "log.db"', 'path = "log.db"\nself_audit_hours = 0.00001')
    place.settings_file.write_text(text)
    gateway = await Gateway.start(load(place.settings_file), place.settings_file, clock=place.clock)
    try:
        tamper(of(place)[0], "UPDATE leaf SET data = CAST(replace(CAST(data AS TEXT), 'version', 'wersion') AS BLOB) WHERE idx = 0")
        async with asyncio.timeout(WAIT_S):
            await gateway.until_lost()
        assert isinstance(gateway.lost, LogCorrupt)
        assert gateway.journal.health().reason.startswith("log: self-audit: leaf 0: ")
    finally:
        await gateway.stop(grace=0.1)


async def test_a_corruption_that_a_reader_meets_stops_the_gateway(place: Place) -> None:
    gateway = await Gateway.start(load(place.settings_file), place.settings_file, clock=place.clock)
    try:
        assert not gateway.journal.health().poisoned
        with pytest.raises(LogCorrupt):
            await gateway._book._ask(lambda log: log.node(40, 7))
        async with asyncio.timeout(WAIT_S):
            await gateway.until_lost()
        assert isinstance(gateway.lost, LogCorrupt)
    finally:
        await gateway.stop(grace=0.1)
