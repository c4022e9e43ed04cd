"""Calls whose requests do not come: ended when their time is over, all of them, and a few at a time."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from linkage.clock import FakeClock
from linkage.errors import Reason, Refusal
from linkage.rpc.intake import Context, Intake, Misuse
from linkage.settings import Server

SECONDS = 10.0


class _Silent:
    """gRPC's context of a call of which nothing but the head has come."""

    async def read(self) -> bytes:
        await asyncio.Event().wait()
        raise RuntimeError("nothing comes")


@pytest.fixture
def server() -> Server:
    return Server(certificate=Path("c"), key=Path("k"), client_ca=Path("ca"), request_seconds=SECONDS)


async def test_calls_that_are_late_together_are_ended_a_few_at_a_time_and_all_in_the_end(server: Server) -> None:
    clock, misuses, refused = FakeClock(), list[Misuse](), list[tuple[int, Reason]]()
    intake = Intake(server, clock, misuses.append)

    async def refuse(number: int, refusal: Refusal) -> None:
        refused.append((number, refusal.reason))

    def call(number: int) -> "asyncio.Task[bytes]":
        context: Context = _Silent()  # type: ignore[assignment]  # all that is asked of one here
        return asyncio.create_task(intake.request(context, partial(refuse, number)))

    early = [call(number) for number in range(50)]
    await asyncio.sleep(0)
    clock.advance(SECONDS / 2)
    later = call(50)
    await asyncio.sleep(0)
    clock.advance(SECONDS / 2)

    intake._end_late()

    assert 0 < len(misuses) < 10
    for _ in range(100):
        await asyncio.sleep(0)
    assert [Misuse.SLOW] * 50 == misuses
    assert [(number, Reason.MALFORMED_REQUEST) for number in range(50)] == refused
    for task in (*early, later):
        task.cancel()
    await asyncio.gather(*early, later, return_exceptions=True)
