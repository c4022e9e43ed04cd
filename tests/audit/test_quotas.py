"""What a passage took of the day's quotas comes back where nobody answered, and only there."""

import asyncio
from contextlib import suppress

import pytest

from linkage.audit.journal import Journal
from linkage.audit.passage import Passage
from linkage.audit.receipt import Receipt
from linkage.audit.record import parse_leaf
from linkage.audit.sweeper import sweep
from linkage.errors import Reason, Refusal
from linkage.store.contract import WithinDay
from tests.audit.world import FACTS, World, one_passage

ONE = WithinDay(b"agreement", 1, "agreement")
ABOUT_DOPA = {**FACTS, "source": "dopa"}


async def spent(world: World, journal: Journal) -> bool:
    """Whether the one question of the day is gone; takes it if it is not."""
    try:
        async with journal.passage(world.id(), ABOUT_DOPA, claims=(ONE,)) as passage:
            passage.conclude("found")
    except Refusal as refusal:
        return refusal.reason is Reason.AGENCY_QUOTA_EXHAUSTED
    return False


@pytest.mark.parametrize(
    ("way", "given_back"),
    [
        ("found", False),
        ("not_found", False),
        ("MATCH", False),
        ("UNAVAILABLE", True),
        (Reason.AGENCY_UNAVAILABLE, True),
        (Reason.AGENCY_QUOTA_EXHAUSTED, True),
        (Reason.DEADLINE_TOO_SHORT, True),
        (Reason.AGENCY_REFUSED, False),
        (Reason.EVIDENCE_REFUSED, False),
        (Reason.RECORD_OF_ANOTHER_PERSON, False),
        ("defect", False),
    ],
)
async def test_a_unit_comes_back_only_where_nobody_answered(way: str | Reason, given_back: bool, world: World, journal: Journal) -> None:
    def end(passage: Passage) -> None:
        if way == "defect":
            raise ValueError
        if isinstance(way, Reason):
            raise Refusal(way)
        passage.conclude(way, give_back=way == "MATCH", unanswered=way == "UNAVAILABLE")

    with suppress(Refusal):
        async with journal.passage(world.id(), FACTS, claims=(ONE,)) as passage:
            end(passage)

    assert await spent(world, journal) is not given_back


async def test_a_caller_that_vanishes_inside_has_spent_its_question(world: World, journal: Journal) -> None:
    inside = asyncio.Event()

    async def ask() -> None:
        async with journal.passage(world.id(), FACTS, claims=(ONE,)):
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(ask())
    await inside.wait()
    task.cancel()
    await asyncio.wait({task})

    assert world.said() == [("intent", ""), ("outcome", "cancelled")]
    assert await spent(world, journal)


async def test_an_intent_that_is_recovered_gives_its_unit_back(world: World, journal: Journal) -> None:
    await journal.passage(world.id(), FACTS, claims=(ONE,)).__aenter__()
    assert await spent(world, journal)

    assert await sweep(journal, world.clock.now_ms(), why="no outcome in time") == 1

    assert not await spent(world, journal)


async def test_a_spent_quota_is_refused_with_the_wait_whose_it_is_and_the_agency_in_an_entry_of_its_own(
    world: World, journal: Journal
) -> None:
    await one_passage(world, journal, ONE)

    with pytest.raises(Refusal) as caught:
        await journal.passage(world.id(), {**ABOUT_DOPA, "agreement": "doe-dopa"}, claims=(ONE,)).__aenter__()

    refusal = caught.value
    assert (refusal.reason, refusal.source, refusal.detail) == (Reason.AGENCY_QUOTA_EXHAUSTED, "dopa", "agreement")
    assert refusal.retry_after == 17 * 3600  # the world's clock stands at midnight in Greenwich
    assert isinstance(refusal.receipt, Receipt)
    leaf = parse_leaf(refusal.receipt.leaf)
    assert leaf["kind"] == "denied"
    told = {"reason": "AGENCY_QUOTA_EXHAUSTED", "detail": "agreement", "source": "dopa", "agreement": "doe-dopa"}
    assert {key: leaf["facts"][key] for key in told} == told
