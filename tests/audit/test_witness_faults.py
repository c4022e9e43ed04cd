"""Whatever a witness does wrong costs nothing but its cosignature; what it has seen of another history is an alarm."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response, StreamingResponse

from linkage.audit.journal import Journal
from linkage.errors import LogCorrupt
from linkage.tlog.witness_wire import SIZE_TYPE
from tests.audit.witnesses import Odd, Somebody, at_work, courier, grow, witness, witnessing
from tests.audit.world import World, until
from tests.witnessed import COSIGNER, OTHER, GrowingLog


async def dripping(scope: Any, receive: Any, send: Any) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    await StreamingResponse(drip())(scope, receive, send)


def wrong_key() -> bytes:
    return OTHER.cosign(GrowingLog(0).note(0).partition("\n\n")[0] + "\n", 1).encode()


NONSENSE: dict[str, tuple[Any, str]] = {
    "wrong key": (Response(wrong_key()), "wrong cosignature"),
    "another checkpoint": (Response(COSIGNER.cosign("linkage.example/audit\n1\nx\n", 1)), "wrong cosignature"),
    "10 MB": (Response(b"\xe2\x80\x94" * 3_500_000), "answer too large"),
    "one byte at a time": (dripping, "timeout"),
    "redirect": (Response(status_code=307, headers={"location": "http://127.0.0.1:1/"}), "another status"),
    "500": (Response(status_code=500), "another status"),
    "400": (Response(status_code=400), "says malformed"),
    "403": (Response(status_code=403), "says key not trusted"),
    "404": (Response(status_code=404), "says origin unknown"),
    "409 without a size": (Response("conflict\n", 409), "conflict without a size"),
    "409 of another type": (Response("9\n", 409), "conflict without a size"),
    "409 with our own old size": (Response("0\n", 409, {"content-type": SIZE_TYPE}), "contradicts itself"),
    "409 without end": (Response("1\n", 409, {"content-type": SIZE_TYPE}), "contradicts itself"),
}


_BOUND_S = 10
"""Seconds: far beyond the fifth of a second that these couriers wait for an answer."""


@pytest.mark.parametrize("what", NONSENSE)
async def test_nonsense_costs_nothing_but_the_cosignature(world: World, journal: Journal, somebody: Somebody, what: str) -> None:
    answer, result = NONSENSE[what]
    await grow(world, journal)
    Odd(somebody, answer)
    async with witnessing(world, courier(somebody.url, timeout=0.2)) as (ours, told), at_work(ours, journal) as alarms:
        async with asyncio.timeout(_BOUND_S):
            await until(lambda: bool(told.results))
        await grow(world, journal)
        assert ([], result) == (alarms, told.results[0])
        assert await ours.newest_cosigned() is None


async def test_nobody_there_and_nobody_answering_cost_nothing_either(world: World, journal: Journal) -> None:
    await grow(world, journal)
    with socket.create_server(("127.0.0.1", 0)) as hole, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        urls = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in (hole, closed)]
        couriers = courier(urls[0], timeout=0.2, name="hole"), courier(urls[1], OTHER, name="closed")
        async with witnessing(world, *couriers) as (ours, told), at_work(ours, journal) as alarms:
            async with asyncio.timeout(_BOUND_S):
                await until(lambda: {"timeout", "not connected"} <= set(told.results))
            await grow(world, journal)
            assert not alarms


async def test_who_keeps_failing_is_asked_less_and_less_often(world: World, journal: Journal, somebody: Somebody) -> None:
    Odd(somebody, Response(status_code=500))
    async with witnessing(world, courier(somebody.url), every=0.025) as (ours, told), at_work(ours, journal):
        await asyncio.sleep(0.5)
        assert 2 <= len(told.results) <= 6, "0, 0.05, 0.15, 0.35 s; every 0.025 s it would be 20"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response("1000\n", 409, {"content-type": SIZE_TYPE}), "has seen 1000"),
        (Response("no\n", 422), "does not follow what it has seen"),
    ],
    ids=["larger", "does not follow"],
)
async def test_two_histories_are_an_alarm(world: World, journal: Journal, somebody: Somebody, answer: Response, why: str) -> None:
    await grow(world, journal)
    odd = Odd(somebody, Response(status_code=500))
    async with witnessing(world, courier(somebody.url)) as (ours, _), at_work(ours, journal) as alarms:
        odd.answer = answer
        await until(lambda: bool(alarms))
        assert why in str(alarms[0])
        asked = odd.asked
        await asyncio.sleep(0.05)
        assert (1, asked) == (len(alarms), odd.asked), "one alarm, and it is asked no more"


async def test_the_same_size_with_another_root_is_an_alarm_however_it_is_said(world: World, journal: Journal, somebody: Somebody) -> None:
    await grow(world, journal)
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url)) as (ours, _):
            assert "cosigned" == await ours._round(ours._couriers[0])
        Odd(somebody, Response("2\n", 409, {"content-type": SIZE_TYPE}))
        async with witnessing(world, courier(url)) as (ours, _):
            with pytest.raises(LogCorrupt, match="another root of the same size"):
                await ours._round(ours._couriers[0])


async def test_what_the_witness_shows_is_kept_as_evidence(world: World, journal: Journal, somebody: Somebody) -> None:
    other = GrowingLog(9, "another history").note(9)
    await grow(world, journal)
    odd = Odd(somebody, Response(status_code=500))
    async with witnessing(world, courier(somebody.url)) as (ours, _):
        odd.answer, odd.shown = Response(status_code=422), Response(other)
        with pytest.raises(LogCorrupt, match="it shows a checkpoint of 9 entries, signed with the log's key"):
            await ours._round(ours._couriers[0])
    assert other == world.path.with_name("w.witnesses.evidence").read_text()


async def refused_at_the_start(world: World, url: str, why: str, file: str = "new") -> None:
    with pytest.raises(LogCorrupt, match=why):
        async with witnessing(world, courier(url), file=file):
            pass


async def test_a_start_is_refused_where_a_witness_knows_more(world: World, journal: Journal, somebody: Somebody) -> None:
    await grow(world, journal)
    odd = Odd(somebody, Response("3\n", 409, {"content-type": SIZE_TYPE}))
    odd.shown = Response(GrowingLog(3).note(3))
    await refused_at_the_start(world, somebody.url, "got 2 entries, witness w has seen 3")
    await refused_at_the_start(world, "http://127.0.0.1:1", "got 2 entries, witness w has seen 3")  # although nobody says so again
    await grow(world, journal)
    async with witnessing(world, courier("http://127.0.0.1:1"), file="new"):
        pass


async def test_a_witness_that_once_named_a_size_it_cannot_show_does_not_keep_the_log_from_starting_when_it_is_mended(
    world: World, journal: Journal, somebody: Somebody
) -> None:
    await grow(world, journal)
    odd = Odd(somebody, Response("999999999\n", 409, {"content-type": SIZE_TYPE}))
    await refused_at_the_start(world, somebody.url, "have it mended, or take it out of log.witnesses")
    odd.shown = Response(GrowingLog(1).note(1))  # signed, but no proof of more than there is
    await refused_at_the_start(world, somebody.url, "has seen 999999999")
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url), file="new") as (ours, _):
            assert "cosigned" == await ours._round(ours._couriers[0])


@pytest.mark.parametrize("damage", ["garbage", "empty", "torn", "a page"])
async def test_a_damaged_file_of_cosignatures_is_set_aside_and_begun_anew(
    world: World, journal: Journal, somebody: Somebody, damage: str
) -> None:
    await grow(world, journal)
    file = world.path.with_name("w.witnesses")
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url)) as (ours, _):
            assert "cosigned" == await ours._round(ours._couriers[0])
        for beside in ("-wal", "-shm"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
        whole = file.read_bytes()
        broken = {
            "garbage": b"garbage" * 100,
            "empty": b"",
            "torn": whole[: len(whole) // 2],
            "a page": whole[:8192] + b"\xff" * (len(whole) - 8192),
        }[damage]
        file.write_bytes(broken)
        async with witnessing(world, courier(url)) as (ours, _):
            assert "cosigned" == await ours._round(ours._couriers[0])
            assert await ours.newest_cosigned()
    assert file.with_name("w.witnesses.broken").read_bytes() == broken


async def test_a_start_is_refused_where_a_witness_shows_another_history(world: World, journal: Journal, somebody: Somebody) -> None:
    await grow(world, journal, 5)
    odd = Odd(somebody, Response("9\n", 409, {"content-type": SIZE_TYPE}))
    odd.shown = Response(GrowingLog(9, "another history").note(9))
    await refused_at_the_start(world, somebody.url, "its first 9 entries are not those that a witness has seen")


async def test_a_start_is_refused_on_another_log_than_the_one_cosigned_although_no_witness_answers(
    world: World, journal: Journal, somebody: Somebody, tmp_path: Path
) -> None:
    await grow(world, journal)
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url)) as (ours, _):
            assert "cosigned" == await ours._round(ours._couriers[0])
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    await grow(other, other.journal(), 2)
    shutil.copy(world.path.with_name("w.witnesses"), other.path.with_name("w.witnesses"))

    await refused_at_the_start(other, "http://127.0.0.1:1", "its first 2 entries are not those", file="w")
    await other.close()


async def test_a_log_that_shrinks_under_way_is_an_alarm(world: World, journal: Journal, somebody: Somebody) -> None:
    await grow(world, journal)
    Odd(somebody, Response(status_code=500))
    async with witnessing(world, courier(somebody.url), every=60) as (ours, _):
        goal = await ours._goal()
        ours._chosen = ours._clock.monotonic(), replace(goal, size=99)
        with pytest.raises(LogCorrupt, match="rolled back"):
            await ours._round(ours._couriers[0])


async def test_a_start_does_not_wait_for_the_dead(world: World, journal: Journal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"http://127.0.0.1:{hole.getsockname()[1]}"
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with witnessing(world, courier(url, timeout=60), within=0.2):
            assert loop.time() - began < 30
