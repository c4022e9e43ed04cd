import pytest

from adapters.led.tests.world import World


@pytest.fixture
def world() -> World:
    return World()
