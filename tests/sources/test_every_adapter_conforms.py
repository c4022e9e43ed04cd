"""Every adapter that is installed passes the whole kit, over real sockets."""

from importlib.metadata import entry_points

import pytest

from linkage.sources.conformance import failures


@pytest.mark.parametrize("name", sorted(point.name for point in entry_points(group="linkage.adapters")))
async def test_an_installed_adapter_passes_every_check(name: str) -> None:
    assert await failures(name) == ()
