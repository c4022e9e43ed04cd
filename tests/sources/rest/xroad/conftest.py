from pathlib import Path

import pytest

from tests.sources.rest.xroad.ministry import World, written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def world(folder: Path) -> World:
    return World(folder)
