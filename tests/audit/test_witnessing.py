"""The log's side of witnessing, over real HTTP: cosigned in common, and what follows when nobody cosigns any more."""

import asyncio

import pytest
from starlette.responses import Response

from linkage.audit.journal import Journal
from linkage.errors import AuditUnavailable
from linkage.store.contract import Kind
from tests.audit.witnesses import Odd, Somebody, at_work, courier, grow, witness, witnessing
from tests.audit.world import FACTS, World, one_passage, until
from tests.second_verifier import check_cosignature
from tests.small_log import SIGNER
from tests.witnessed import COSIGNER, OTHER


async def test_twenty_checkpoints_are_cosigned_one_after_the_other(world: World, journal: Journal, somebody: Somebody) -> None:
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url)) as (ours, _):
            for count in range(1, 21):
                await grow(world, journal)
                world.clock.advance(10)
                assert "cosigned" == await ours._round(ours._couriers[0])
                note = await ours.newest_cosigned()
                assert note is not None
                assert f"\n{2 * count}\n" in note
                assert world.clock.now_ms() // 1000 == check_cosignature(note.encode(), SIGNER.verifier.text, COSIGNER.key.text)


async def test_an_idle_log_is_cosigned_again_only_when_its_cosignature_is_no_longer_fresh(
    world: World, journal: Journal, somebody: Somebody
) -> None:
    await grow(world, journal)
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url)) as (ours, _):
            assert ["cosigned", ""] == [await ours._round(ours._couriers[0]) for _ in range(2)]
            world.clock.advance(301)
            assert ["cosigned", ""] == [await ours._round(ours._couriers[0]) for _ in range(2)]


async def test_several_witnesses_cosign_a_checkpoint_in_common(
    world: World, journal: Journal, somebody: Somebody, somebody_else: Somebody
) -> None:
    with witness(world, somebody) as one, witness(world, somebody_else, OTHER) as two:
        couriers = courier(one, name="one"), courier(two, OTHER, name="two")
        async with witnessing(world, *couriers, quorum=2, every=0.05) as (ours, _), at_work(ours, journal):
            note = None
            while note is None:
                await grow(world, journal)
                note = await ours.newest_cosigned()
            for cosigner in (COSIGNER, OTHER):
                check_cosignature(note.encode(), SIGNER.verifier.text, cosigner.key.text)


async def test_a_witness_that_forgot_is_followed_from_where_it_is(world: World, journal: Journal, somebody: Somebody) -> None:
    await grow(world, journal, 3)
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url)) as (ours, _):
            assert "cosigned" == await ours._round(ours._couriers[0])
    for file in world.path.parent.glob(f"{COSIGNER.key.key_id.hex()}.db*"):
        file.unlink()
    await grow(world, journal)
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url)) as (ours, _):
            assert "cosigned" == await ours._round(ours._couriers[0])


async def test_another_gateways_submission_is_caught_up_with(world: World, journal: Journal, somebody: Somebody) -> None:
    """Two gateways of one log have one witness, and each a memory of its own."""
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url), file="a") as (a, _), witnessing(world, courier(url), file="b", every=60) as (b, _):
            await grow(world, journal)
            assert "cosigned" == await b._round(b._couriers[0])
            await grow(world, journal)
            assert "cosigned" == await a._round(a._couriers[0])
            world.clock.advance(301)  # b still has the earlier checkpoint for its goal
            assert "cosigned" == await b._round(b._couriers[0])
            note = await b.newest_cosigned()
            assert note is not None
            assert "\n4\n" in note


async def test_too_long_without_cosignatures_is_said_and_then_nothing_new_is_begun(
    world: World, journal: Journal, somebody: Somebody
) -> None:
    await grow(world, journal)
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url)) as (ours, _):
            assert "cosigned" == await ours._round(ours._couriers[0])
    Odd(somebody, Response(status_code=503))
    async with witnessing(world, courier(somebody.url)) as (ours, told), at_work(ours, journal):
        await until(lambda: bool(told.results))
        begun = journal.passage(world.id(), FACTS)
        passage = await begun.__aenter__()
        world.clock.advance(901)
        assert "not cosigned by 1 of 1 witnesses for more than 900 s" == ours.trouble()
        assert journal.health().ok
        world.clock.advance(14_400 - 900)
        await until(lambda: not journal.health().ok)
        assert "not cosigned by 1 of 1 witnesses for more than 14400 s" == journal.health().reason
        with pytest.raises(AuditUnavailable, match="not cosigned"):
            await one_passage(world, journal)
        passage.conclude("found")
        await begun.__aexit__(None, None, None)
        assert Kind.OUTCOME.value == world.leaves()[-1]["kind"]
    async with witnessing(world, courier(somebody.url)) as (ours, _), at_work(ours, journal):  # another start does not begin to count anew
        await asyncio.sleep(0)
        assert ours.trouble()


async def test_it_goes_on_by_itself_when_a_witness_is_back(world: World, journal: Journal, somebody: Somebody) -> None:
    await grow(world, journal)
    with witness(world, somebody) as url:
        async with witnessing(world, courier(url), every=60) as (ours, _):
            world.clock.advance(20_000)
            async with at_work(ours, journal):
                await until(lambda: not journal.health().ok or not ours.trouble())
                await until(lambda: journal.health().ok and not ours.trouble())
                await grow(world, journal)


async def test_zero_means_never_refused(world: World, journal: Journal) -> None:
    async with witnessing(world, courier("http://127.0.0.1:1"), refuse_after=0) as (ours, told), at_work(ours, journal):
        world.clock.advance(1e7)
        await until(lambda: bool(told.trouble))
        await grow(world, journal)


async def test_without_witnesses_nothing_is_asked_and_nothing_is_wrong(world: World, journal: Journal) -> None:
    async with witnessing(world) as (ours, _):
        assert ([], "", None) == (list(ours.work(journal.withhold_intents, print)), ours.trouble(), await ours.newest_cosigned())
        assert not world.path.with_name("w.witnesses").exists()
