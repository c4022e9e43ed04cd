import pytest

from adapters.dbd.tests.world import World


@pytest.fixture
def world() -> World:
    return World()
