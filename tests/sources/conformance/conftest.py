import asyncio
from collections.abc import Callable

import pytest
import uvloop


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The gateway's own loop; these tests run the kit many times, and it is faster."""
    return {"uvloop": uvloop.new_event_loop}
