"""Questions that go in one request: when it leaves, what it carries, and who hears of it."""

import asyncio
from collections.abc import Mapping

import pytest

from linkage.sources.together import Together


class Asking:
    """An agency, as far as it matters here: it notes what it was asked, and answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[dict[str, int]] = []
        self.may_answer = asyncio.Event()
        self.ended = False

    async def go(self, wanted: Mapping[str, int]) -> str:
        self.asked.append(dict(wanted))
        try:
            await self.may_answer.wait()
        finally:
            self.ended = True
        return "answered"


async def settled() -> None:
    """Let everything that can happen without the outside happen."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_request_leaves_when_the_last_has_come_and_everybody_hears_of_it() -> None:
    agency, together = Asking(), Together[str, int, str]("ab")
    first = asyncio.ensure_future(together.ask("a", 1, agency.go))
    await settled()
    assert agency.asked == []

    second = asyncio.ensure_future(together.ask("b", 2, agency.go))
    await settled()
    agency.may_answer.set()

    assert [await first, await second] == ["answered", "answered"]
    assert agency.asked == [{"a": 1, "b": 2}]


async def test_one_who_leaves_is_waited_for_no_more_and_not_asked_about() -> None:
    agency, together = Asking(), Together[str, int, str]("ab")
    agency.may_answer.set()
    first = asyncio.ensure_future(together.ask("a", 1, agency.go))
    await settled()

    together.leave("b")

    assert await first == "answered"
    assert agency.asked == [{"a": 1}]


async def test_to_leave_after_having_asked_changes_nothing() -> None:
    agency, together = Asking(), Together[str, int, str]("ab")
    first = asyncio.ensure_future(together.ask("a", 1, agency.go))
    await settled()

    together.leave("a")
    await settled()

    assert agency.asked == []
    first.cancel()


async def test_nobody_is_asked_about_one_who_was_cancelled_before() -> None:
    agency, together = Asking(), Together[str, int, str]("ab")
    agency.may_answer.set()
    first = asyncio.ensure_future(together.ask("a", 1, agency.go))
    await settled()
    first.cancel()
    await settled()

    assert await together.ask("b", 2, agency.go) == "answered"
    assert agency.asked == [{"b": 2}]


async def test_one_who_is_cancelled_does_not_end_the_asking_and_the_last_one_does() -> None:
    agency, together = Asking(), Together[str, int, str]("ab")
    both = [asyncio.ensure_future(together.ask(key, 1, agency.go)) for key in "ab"]
    await settled()

    both[0].cancel()
    await settled()
    assert not agency.ended

    both[1].cancel()
    await settled()
    assert agency.ended


async def test_a_failure_reaches_everybody() -> None:
    async def fail(_wanted: Mapping[str, int]) -> str:
        raise LookupError

    together = Together[str, int, str]("ab")
    both = await asyncio.gather(*(together.ask(key, 1, fail) for key in "ab"), return_exceptions=True)

    assert [type(one) for one in both] == [LookupError, LookupError]


@pytest.mark.parametrize("members", ["a", "abc"])
async def test_one_of_them_makes_the_request(members: str) -> None:
    agencies = {key: Asking() for key in members}
    for agency in agencies.values():
        agency.may_answer.set()
    together = Together[str, int, str](members)

    await asyncio.gather(*(together.ask(key, 1, agencies[key].go) for key in members))

    assert [each for agency in agencies.values() for each in agency.asked] == [dict.fromkeys(members, 1)]
