"""A worker serves only with the keys and the databases that its gateway began with, and says by its exit status why it does not serve."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from linkage.cli.ending import Exit
from linkage.runtime.alike import NotAlike, alike, differing
from linkage.runtime.gateway import Gateway
from linkage.runtime.post import Post
from linkage.runtime.worker_process import CORRUPT, CUT_OFF, Orders, told
from linkage.settings import Settings, load
from tests.journeys.place import Place, build_place

ROOT = Path(__file__).parents[2]
KEYS = ("log.signing_key", "log.key_encryption_keys", "log.pseudonym_keys", "tokens.keys")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return build_place(tmp_path)


def file_of(settings: Settings, key: str) -> Path:
    part, name = key.split(".")
    path = getattr(getattr(settings, part), name)
    assert isinstance(path, Path)
    return path


def add_a_line(path: Path) -> None:
    path.chmod(0o600)
    path.write_text(f"zz:{'7' * 64}\n{path.read_text()}")


@pytest.mark.parametrize("key", KEYS)
def test_a_file_of_keys_that_changed_is_named_by_its_setting(place: Place, key: str) -> None:
    settings = load(place.settings_file)
    began = alike(settings)
    assert [] == differing(began, settings)
    add_a_line(file_of(settings, key))
    assert [key] == differing(began, settings)


def test_a_list_of_the_logs_keys_that_appears_is_a_change_of_them(place: Place) -> None:
    settings = load(place.settings_file)
    began = alike(settings)
    settings.log.signing_key.with_suffix(".vkeys").write_text("a list")
    assert ["log.signing_key"] == differing(began, settings)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("host=db.example dbname=linkage_log user=gateway password=new", []),
        ("host=db.example port=5432 dbname=linkage_log user=another", []),
        ("host=db.example dbname=other user=gateway password=old", ["log.postgres"]),
        ("host=db2.example dbname=linkage_log user=gateway password=old", ["log.postgres"]),
        ("host=db.example port=5433 dbname=linkage_log user=gateway password=old", ["log.postgres"]),
        ("host=db.example hostaddr=192.0.2.7 dbname=linkage_log user=gateway", ["log.postgres"]),
        ("nonsense", ["log.postgres"]),
    ],
)
def test_a_database_may_be_reached_with_another_password_and_must_stay_the_same(place: Place, changed: str, expected: list[str]) -> None:
    settings, file = load(place.settings_file), place.folder / "log.conninfo"
    shared = settings.model_copy(update={"log": settings.log.model_copy(update={"postgres": file})})
    file.touch(0o600)
    file.write_text("host=db.example dbname=linkage_log user=gateway password=old")
    began = alike(shared)
    file.write_text(changed)
    assert expected == differing(began, shared)


async def test_a_worker_that_reads_another_key_than_its_siblings_does_not_serve(place: Place) -> None:
    settings = load(place.settings_file)
    began = alike(settings)
    add_a_line(settings.tokens.keys)
    with pytest.raises(NotAlike, match=r"restart the whole gateway \(tokens.keys\)"):
        await Gateway.start(settings, place.settings_file, clock=place.clock, post=Post(1, "0" * 32, frozenset(), began))


def worker_of(place: Place, began: Mapping[str, str], settings: dict[str, Any]) -> int:
    """The exit status of one worker that is told so much."""
    reading, writing = os.pipe()
    words = {"orders": dataclasses.asdict(Orders(1, writing, "0" * 32)), "settings": settings, "began": dict(began)}
    command = [sys.executable, "-m", "linkage.cli.main", "serve", "--worker", "--config", str(place.settings_file)]
    try:
        return subprocess.run(
            command, cwd=ROOT, input=json.dumps(words).encode(), pass_fds=(writing,), capture_output=True, timeout=60, check=False
        ).returncode
    finally:
        os.close(reading)
        os.close(writing)


def test_after_a_worker_that_is_not_alike_the_gateway_may_be_started_anew(place: Place) -> None:
    settings = load(place.settings_file)
    began = alike(settings)
    add_a_line(settings.log.pseudonym_keys)
    assert CUT_OFF == worker_of(place, began, settings.model_dump(mode="json"))


def test_a_worker_that_cannot_take_its_settings_says_so(place: Place) -> None:
    settings = load(place.settings_file)
    assert Exit.USAGE == worker_of(place, alike(settings), settings.model_dump(mode="json") | {"a_later_version": {}})


async def test_a_worker_has_a_status_of_its_own_for_a_log_that_does_not_verify(place: Place) -> None:
    settings = load(place.settings_file)
    log, began = settings.log.path, alike(settings)
    assert log is not None
    for copy in (True, False):
        gateway = await Gateway.start(settings, place.settings_file, clock=place.clock)
        await gateway.stop(grace=0)
        if copy:
            shutil.copy(log, place.folder / "older")
    for file in log.parent.glob(f"{log.name}*"):
        file.unlink()
    shutil.copy(place.folder / "older", log)
    assert CORRUPT == worker_of(place, began, settings.model_dump(mode="json"))


def test_a_worker_that_ends_by_a_defect_says_nothing_of_the_log() -> None:
    assert CUT_OFF == told(1)
    assert CORRUPT not in (0, 1, 2, CUT_OFF)
