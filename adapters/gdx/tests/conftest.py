import pytest

from adapters.gdx.tests.world import World


@pytest.fixture
def world() -> World:
    return World()
