"""A log of 600 entries and its export, made once; each test has a copy to change."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exported import copied, export, fill
from tests.small_log import fresh_log


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``log.db`` and its export, ``out``. Nobody changes it."""
    folder = tmp_path_factory.mktemp("made")
    log = fresh_log(folder / "log.db")
    fill(log)
    log.close()
    export(folder / "log.db", folder / "out")
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it."""
    copied(made, tmp_path / "world")
    yield tmp_path / "world"
    shutil.rmtree(tmp_path / "world")


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """A copy of the export alone."""
    return copied(made / "out", tmp_path / "out")
