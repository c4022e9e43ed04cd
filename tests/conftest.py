from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Server, running

# Time is no property: how long an input takes to make says how busy the machine is.
settings.register_profile("linkage", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("linkage")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL, brought up when the first test asks for it."""
    with running() as server:
        yield server
