"""The limit in time means what asyncio's own means."""

import asyncio

import pytest

from linkage.transport import limit


def soon() -> float:
    return asyncio.get_running_loop().time() + 0.02


@pytest.mark.parametrize("seconds", [0.02, 0.0, -1.0])
async def test_who_is_inside_at_the_time_leaves_with_a_timeout(seconds: float) -> None:
    with pytest.raises(TimeoutError), limit(asyncio.get_running_loop().time() + seconds) as limited:
        await asyncio.sleep(30)
    assert limited.expired
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)  # nothing of it is left to come


async def test_who_leaves_before_is_left_alone() -> None:
    with limit(soon()) as limited:
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    assert not limited.expired


async def test_an_error_from_inside_passes_even_when_it_is_late() -> None:
    async def fails() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise KeyError from None

    with pytest.raises(KeyError), limit(soon()) as limited:
        await fails()
    assert limited.expired


async def test_a_cancellation_from_elsewhere_stays_one_though_the_time_comes_with_it() -> None:
    async def asks() -> None:
        with limit(soon()):
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                await asyncio.sleep(0.05)  # meanwhile the time comes
                raise

    for alone in (True, False):
        task = asyncio.create_task(asks())
        await asyncio.sleep(0.01 if alone else 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_of_two_the_outer_one_ends_what_is_inside_both() -> None:
    with pytest.raises(TimeoutError), limit(soon()) as outer, limit(soon() + 30) as inner:
        await asyncio.sleep(30)
    assert (outer.expired, inner.expired) == (True, False)
