"""Callers that do not wait when told to: their refusals are kept, few enough, and nobody else's."""

import asyncio
from contextlib import suppress

import pytest

from linkage.clock import FakeClock
from linkage.rpc.pacing import MOST_KEPT, TOLD_AT_ONCE, Pacing


class _Count:
    kept = 0

    def __call__(self) -> None:
        self.kept += 1


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def counted() -> _Count:
    return _Count()


@pytest.fixture
def pacing(clock: FakeClock, counted: _Count) -> Pacing:
    return Pacing(clock, counted)


def test_a_callers_first_refusals_are_told_at_once_and_further_ones_of_that_second_are_kept(pacing: Pacing) -> None:
    first = [pacing.wait("a", None) for _ in range(TOLD_AT_ONCE)]
    further = [pacing.wait("a", None) for _ in range(200)]

    assert {0.0} == {*first}
    assert all(1.0 <= seconds <= 2.0 for seconds in further)
    assert len({*further}) > 150


def test_what_another_caller_is_refused_is_told_at_once(pacing: Pacing) -> None:
    for _ in range(TOLD_AT_ONCE + 1):
        pacing.wait("a", None)

    assert (0.0, True) == (pacing.wait("b", None), pacing.wait("a", None) > 0.0)


def test_in_the_next_second_a_callers_refusals_are_told_at_once_again(pacing: Pacing, clock: FakeClock) -> None:
    for _ in range(TOLD_AT_ONCE):
        pacing.wait("a", None)
    clock.advance(0.9)
    assert pacing.wait("a", None)

    clock.advance(0.2)

    assert not pacing.wait("a", None)


async def _kept(pacing: Pacing, number: int) -> "list[asyncio.Task[None]]":
    for _ in range(TOLD_AT_ONCE):
        pacing.wait("a", None)
    tasks = [asyncio.create_task(pacing.keep("a", None)) for _ in range(number)]
    await asyncio.sleep(0)
    return tasks


async def _given_up(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def test_beyond_so_many_kept_ones_all_are_told_at_once_and_those_given_up_are_kept_no_more(pacing: Pacing, counted: _Count) -> None:
    tasks = await _kept(pacing, MOST_KEPT + 10)
    assert (MOST_KEPT, MOST_KEPT) == (pacing.kept, counted.kept)
    assert 10 == len([task for task in tasks if task.done()])

    await _given_up(tasks)

    assert 0 == pacing.kept
    assert pacing.wait("a", None)


def test_a_caller_with_little_time_is_told_while_it_listens(pacing: Pacing) -> None:
    for _ in range(TOLD_AT_ONCE):
        pacing.wait("a", None)

    assert 0.0 < pacing.wait("a", 0.2) <= 0.1
    assert 1.0 <= pacing.wait("a", 20.0) <= 2.0
