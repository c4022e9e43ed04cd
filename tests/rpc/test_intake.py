"""Calls whose requests do not come: ended when their time is over, all of them, and a few at a time."""

import asyncio
from functools import partial
from pathlib import Path

import grpc
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


class _Slow(_Silent):
    """gRPC's context of a call whose request comes when it is told to."""

    def __init__(self) -> None:
        self.comes = asyncio.Event()

    async def read(self) -> bytes:
        await self.comes.wait()
        return b"request"


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20])
async def test_a_request_that_comes_while_its_call_is_being_ended_is_not_served(turns: int, server: Server) -> None:
    clock, misuses, told = FakeClock(), list[Misuse](), list[Reason]()
    intake, slow = Intake(server, clock, misuses.append), _Slow()

    async def refuse(refusal: Refusal) -> None:
        for _ in range(5):  # as gRPC takes its time to write
            await asyncio.sleep(0)
        told.append(refusal.reason)

    context: Context = slow  # type: ignore[assignment]  # all that is asked of one here
    call = asyncio.create_task(intake.request(context, refuse))
    await asyncio.sleep(0)
    clock.advance(SECONDS)
    intake._end_late()
    for _ in range(turns):
        await asyncio.sleep(0)
    slow.comes.set()

    with pytest.raises(grpc.aio.AbortError):
        await call
    assert ([Reason.MALFORMED_REQUEST], [Misuse.SLOW]) == (told, misuses)


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
