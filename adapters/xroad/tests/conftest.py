import pytest

from adapters.xroad.tests.world import World


@pytest.fixture
def world() -> World:
    return World()
