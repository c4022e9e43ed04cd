"""A token that an agency gives to us: how often it is asked for, and who is told what came of it."""

import asyncio

import pytest

from linkage.sources.adapter import Refused, RefusedCause, Unavailable
from linkage.sources.kept_token import KEPT_S, KeptTokens, Token
from linkage.terms import Secret
from linkage.transport import CutOff, NotConnected

NOW = 1_767_225_600
DOWN = Unavailable("status 503", 7.0)
WRONG_SECRET = Refused(RefusedCause.NOT_ENTITLED, "invalid_client")
Told = Secret | Refused | Unavailable


class Page:
    """A token page. ``says``: what comes of the next fetch, the last one for ever; a float: nothing for so many seconds, then a token."""

    def __init__(self, *says: Token | Refused | Unavailable | Exception | float) -> None:
        self.says = list(says)
        self.fetched = 0
        self.tokens = KeptTokens(fetch_s=0.2)

    async def _fetch(self) -> Token | Refused | Unavailable:
        self.fetched += 1
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        await asyncio.sleep(said if isinstance(said, float) else 0.01)
        if isinstance(said, Exception):
            raise said
        return Token(Secret(f"token-{self.fetched}"), NOW + 600) if isinstance(said, float) else said

    async def ask(self, now: int = NOW) -> Told:
        return await self.tokens.get("the office", now, self._fetch)

    async def fifty(self) -> list[Told | BaseException]:
        return await asyncio.gather(*(self.ask() for _ in range(50)), return_exceptions=True)


@pytest.mark.parametrize("said", [DOWN, WRONG_SECRET])
async def test_fifty_who_wait_for_a_failing_fetch_share_its_answer(said: Refused | Unavailable) -> None:
    page = Page(said)
    assert await page.fifty() == [said] * 50
    assert page.fetched == 1


async def test_what_a_fetch_raises_is_its_own_callers_and_the_others_have_no_token() -> None:
    """One request was cut off: it counts against the agency once, not for each who waited."""
    page = Page(CutOff("the connection ended"))
    first, *others = await page.fifty()
    assert isinstance(first, CutOff)
    assert others == [Unavailable("no token")] * 49
    assert page.fetched == 1


async def test_that_a_fetch_did_not_leave_is_told_to_all_so_that_each_may_ask_again() -> None:
    page = Page(NotConnected("no connection came about"))
    assert [type(one) for one in await page.fifty()] == [NotConnected] * 50
    assert page.fetched == 1


async def test_a_failure_is_not_kept_for_those_who_come_later() -> None:
    page = Page(DOWN, 0.0)
    assert await page.ask() == DOWN
    assert isinstance(await page.ask(), Secret)


async def test_a_refusal_is_kept_for_some_seconds() -> None:
    page = Page(WRONG_SECRET, 0.0)
    assert [await page.ask(now) for now in (NOW, NOW, NOW + KEPT_S - 1)] == [WRONG_SECRET] * 3
    assert page.fetched == 1
    assert isinstance(await page.ask(NOW + KEPT_S), Secret)


async def test_a_clock_that_was_set_back_does_not_prolong_a_refusal() -> None:
    page = Page(WRONG_SECRET, 0.0)
    await page.ask()
    assert isinstance(await page.ask(NOW - 3600), Secret)


async def test_who_waits_for_a_fetch_without_an_answer_fetches_in_its_own_time() -> None:
    page = Page(30.0, 0.0)
    first, *others = await page.fifty()
    assert isinstance(first, TimeoutError)
    assert all(isinstance(one, Secret) for one in others)
    assert page.fetched == 2


async def test_who_goes_away_while_it_fetches_leaves_the_fetch_to_another() -> None:
    page = Page(30.0, 0.0)
    first = asyncio.create_task(page.ask())
    await asyncio.sleep(0)
    others = [asyncio.create_task(page.ask()) for _ in range(5)]
    await asyncio.sleep(0)
    first.cancel()
    assert all(isinstance(one, Secret) for one in await asyncio.gather(*others))
    assert page.fetched == 2


async def test_who_waits_and_goes_away_takes_nothing_from_the_others() -> None:
    page = Page(0.05)
    asking = [asyncio.create_task(page.ask()) for _ in range(3)]
    await asyncio.sleep(0.01)
    asking[1].cancel()
    first, second, third = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(second, asyncio.CancelledError)
    assert isinstance(first, Secret)
    assert isinstance(third, Secret)
    assert page.fetched == 1


async def test_an_agency_that_takes_no_token_is_asked_for_two_and_then_left_for_some_seconds() -> None:
    """Fifty questions, each of which asks once more after a 401, one after another."""
    page = Page(0.0)
    for _ in range(100):
        token = await page.ask()
        if isinstance(token, Secret):
            page.tokens.drop("the office", token)
    assert await page.ask() == Unavailable("token not taken")
    assert page.fetched == 2
    assert isinstance(await page.ask(NOW + KEPT_S), Secret)


async def test_tokens_that_are_dropped_now_and_then_are_fetched_anew() -> None:
    page = Page(0.0)
    for times in range(5):
        token = await page.ask(NOW + times * KEPT_S)
        assert isinstance(token, Secret)
        page.tokens.drop("the office", token)
    assert page.fetched == 5
