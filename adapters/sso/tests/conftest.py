import pytest

from adapters.sso.tests.world import World


@pytest.fixture
def world() -> World:
    return World()
