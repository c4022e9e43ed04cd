from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.clock import FakeClock
from linkage.store.sqlite_log import SqliteLog
from tests.small_log import fresh_log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(path: Path, clock: FakeClock) -> Iterator[SqliteLog]:
    log = fresh_log(path, clock)
    yield log
    log.close()
