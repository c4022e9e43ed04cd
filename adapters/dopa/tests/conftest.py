import pytest

from adapters.dopa.tests.world import World


@pytest.fixture
def world() -> World:
    return World()
