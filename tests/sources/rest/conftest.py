from pathlib import Path

import pytest

from tests.sources.rest.ferry import World, written


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(written(tmp_path))
