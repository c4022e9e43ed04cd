"""What a worker does by itself: when nobody watches over it any more, and when it leaves."""

import asyncio
import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from linkage.runtime.serving import _beat, _leave, _Signals
from linkage.runtime.worker_process import Heartbeat


def signals() -> _Signals:
    """Without the process's own signals."""
    return cast("_Signals", SimpleNamespace(over=asyncio.Event(), leave=asyncio.Event(), grace=None))


@pytest.mark.parametrize(("shared", "grace"), [(True, 0.0), (False, None)])
async def test_who_nobody_watches_over_waits_for_nobody_where_another_gateway_may_have_taken_the_name(
    shared: bool, grace: float | None
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    gateway: Any = SimpleNamespace(equipment=SimpleNamespace(storage=SimpleNamespace(shared=shared)))
    told = signals()
    beating = asyncio.create_task(_beat(Heartbeat(writing), gateway, told))
    async with asyncio.timeout(60):
        await told.over.wait()
    beating.cancel()
    os.close(writing)
    assert told.grace == grace


async def test_a_worker_that_cannot_part_from_its_clients_ends_all_the_same() -> None:
    async def fails() -> None:
        raise OSError(24, "too many open files")

    told = signals()
    told.leave.set()
    with pytest.raises(OSError, match="too many"):
        await _leave(cast("Any", SimpleNamespace(leave=fails)), told)
    assert told.over.is_set()
