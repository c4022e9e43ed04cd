"""The log's own keys change, and people are forgotten, while receipts of every age stay good."""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from linkage.audit.record import JSON, Entry, Kind
from linkage.client.receipts import check_receipt
from linkage.clock import SystemClock, thai_day
from linkage.errors import SettingsInvalid
from linkage.ids import new_id
from linkage.runtime.operators_desk import operators_desk
from linkage.runtime.pki_keys import make_key_ring
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.terms import CitizenNumber
from linkage.tlog.errors import TlogInvalid
from linkage.tlog.note import Signer
from tests import second_verifier
from tests.cli.conftest import Ended, Linkage, linkage
from tests.journeys.logbook import entries
from tests.journeys.place import ORIGIN, Place
from tests.journeys.world import Desk, World, running

__all__ = ["linkage"]

PERSON, OTHER = "1100000000016", "1100000000024"
DAY_S = 86_400
Run = Callable[..., Ended]


async def one_visit(world: World, number: str = PERSON) -> Any:
    """A person is verified; the receipt."""
    desk: Desk = world.desk()
    try:
        return (await desk.verify(number)).receipt
    finally:
        await desk.close()


def rows(place: Place, columns: str) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(str(place.folder / "data-keys.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(f"SELECT {columns} FROM data_key ORDER BY made_ms").fetchall()
    finally:
        connection.close()


def keys_said(world: World) -> list[tuple[str, str, str]]:
    facts = [each["facts"] for each in entries(world, "key")]
    return [(each["key_use"], each["key_id"], each["key_state"]) for each in facts]


def holds(receipt: Any, keys: str) -> bool:
    try:
        check_receipt(receipt.leaf, receipt.tlog_proof.encode(), keys)
    except TlogInvalid:
        return False
    return True


async def command_beside(place: Place) -> None:
    """A command of today records something in the log, beside a gateway or without one."""
    settings = load(place.settings_file)
    async with operators_desk(settings, storage_of(settings), load_signer(settings)) as desk:
        facts: dict[str, JSON] = {"auditor": "spiffe://linkage.example/auditor", "method": "search", "agencies": [], "sought": {}}
        await desk.journal.record(Entry(Kind.READ, new_id(desk.clock), facts))


async def test_the_logs_key_is_changed_and_receipts_of_before_during_and_after_hold(place: Place, linkage: Linkage, tmp_path: Path) -> None:
    async def rotate(*more: str) -> Ended:
        return await asyncio.to_thread(linkage, "audit", "rotate", "log-key", "--config", place.settings_file, "--json", *more)

    old = place.vkey
    async with running(place) as world:
        before = await one_visit(world)
        begun = await rotate()
        assert (begun.code, begun.page["recorded"]) == (0, True)
        between = await one_visit(world)
        early = await rotate("--retire", "--after-days", "0")
        assert (early.code, early.page["problems"][0]["got"]) == (2, "a newest checkpoint without the new key")
        assert (await rotate()).code == 2, "one change at a time"
        await command_beside(place)
        early = await rotate("--retire", "--after-days", "0")
        assert (early.code, early.page["problems"][0]["got"]) == (2, "without the new key so far: a"), "the gateway knows the old key alone"
        assert (await one_visit(world)).index, "and goes on"
    new = begun.page["keys"][0]["vkey"]
    async with running(place) as world:
        during = await one_visit(world)
        assert "30 days" in (await rotate("--retire")).page["problems"][0]["expected"]
        ended = await rotate("--retire", "--after-days", "0")
        assert (ended.code, ended.page["recorded"]) == (0, True)
        assert (await one_visit(world)).index, "the gateway that runs goes on"
    async with running(place) as world:
        after = await one_visit(world)
        said = [each["facts"] for each in entries(world, "key") if each["facts"]["key_use"] == "log"]

    assert_hold(place, said, (before, between, during, after), old, new)
    assert (await asyncio.to_thread(linkage, "audit", "verify", "--config", place.settings_file)).code == 0
    (tmp_path / "r.tlog-proof").write_text(before.tlog_proof, encoding="utf-8")
    (tmp_path / "r.leaf").write_bytes(before.leaf)
    receipt = ("--receipt", tmp_path / "r.tlog-proof", "--leaf", tmp_path / "r.leaf", "--vkey", place.folder / "log.vkeys")
    assert (await asyncio.to_thread(linkage, "audit", "verify", *receipt)).code == 0


def assert_hold(place: Place, said: list[Any], receipts: tuple[Any, ...], old: str, new: str) -> None:
    """Receipts of before the change, between its announcement and the restart, during and after it."""
    listed = (place.folder / "log.vkeys").read_text()
    assert [holds(each, listed) for each in receipts] == [True] * 4
    assert [holds(each, old) for each in receipts] == [True, True, True, False]
    assert [holds(each, new) for each in receipts] == [False, False, True, True]
    for receipt, vkey in zip(receipts, (old, old, new, new), strict=True):
        assert second_verifier.check_receipt(receipt.tlog_proof.encode(), receipt.leaf, vkey) == receipt.index
    assert [(each["vkey"], each["key_state"]) for each in said] == [(old, "begun"), (new, "begun"), (old, "ended")]
    assert listed == f"{new} {said[1]['first_size']} -\n{old} 0 {said[2]['last_size']}\n"
    private = place.folder / "log.key"
    assert (len(private.read_text().splitlines()), private.stat().st_mode & 0o777) == (1, 0o600)


async def test_a_change_of_the_logs_key_that_is_cut_off_between_its_files_is_finished_when_asked_again(
    place: Place, linkage: Linkage
) -> None:
    def rotate(*more: str) -> Ended:
        return linkage("audit", "rotate", "log-key", "--config", place.settings_file, "--json", *more)

    def cut_off(name: str) -> None:
        (place.folder / f".{name}.{os.getpid()}").touch()  # what the file is written as first: the next write fails, once

    private, old = place.folder / "log.key", place.vkey
    async with running(place):
        pass
    cut_off("log.vkeys")
    assert (await asyncio.to_thread(rotate)).code == 2
    async with running(place) as world:
        during = await one_visit(world)
    begun = await asyncio.to_thread(rotate)
    new = begun.page["keys"][0]["vkey"]
    assert ([each["vkey"] for each in begun.page["keys"]], holds(during, new)) == ([new, old], True), "no third key"

    cut_off("log.key")
    retire = ("--retire", "--after-days", "0")
    assert (await asyncio.to_thread(rotate, *retire)).code == 2
    assert len(private.read_text().splitlines()) == 2
    ended = await asyncio.to_thread(rotate, *retire)
    assert (ended.code, ended.page["recorded"], len(private.read_text().splitlines())) == (0, True, 1)
    assert [each["last_size"] is None for each in ended.page["keys"]] == [True, False]
    assert (await asyncio.to_thread(rotate, *retire)).code == 2, "it is over"
    async with running(place) as world:
        assert holds(await one_visit(world), new)
        said = [(each["facts"]["vkey"], each["facts"]["key_state"]) for each in entries(world, "key") if "vkey" in each["facts"]]
    assert sorted(said) == sorted([(old, "begun"), (new, "begun"), (old, "ended")])


async def test_a_key_that_the_log_has_not_named_does_not_end_the_old_one(place: Place, linkage: Linkage) -> None:
    async with running(place):
        pass
    private = place.folder / "log.key"
    private.write_text(Signer(ORIGIN, bytes(32)).skey + "\n" + private.read_text())  # by hand, and no gateway was started with it
    words = ("audit", "rotate", "log-key", "--retire", "--after-days", "0", "--config", place.settings_file, "--json")
    ended = await asyncio.to_thread(linkage, *words)
    assert (ended.code, ended.page["problems"][0]["got"]) == (2, "a key that the log has not named")
    assert len(private.read_text().splitlines()) == 2


async def test_a_person_is_forgotten_by_a_command_that_tells_what_was_done_and_what_backups_mean(place: Place, linkage: Linkage) -> None:
    def forget(number: str, before: str = "2099-01-01", **more: Any) -> Ended:
        words = ("audit", "forget", "--subject", "-", "--because", "pdpa-33", "--config", place.settings_file, "--json")
        return linkage(*words, "--before", before, typed=f"{number}\n", **more)

    today = thai_day(SystemClock().now_ms()).isoformat()
    place.clock.step_wall(-3 * DAY_S)
    async with running(place) as world:
        receipt, _ = await one_visit(world), await one_visit(world, OTHER)
    assert len(rows(place, "id")) == 2

    assert (await asyncio.to_thread(forget, PERSON)).code == 2, "not what is yet to come"
    assert (await asyncio.to_thread(forget, "1100000000017", today)).page["problems"][0]["got"] == "wrong check digit"
    done = await asyncio.to_thread(forget, PERSON, today)

    assert (done.code, done.page["forgotten"], done.page["left"]) == (0, 1, 0)
    assert "Backups" in done.page["backups"]
    assert PERSON not in done.said
    assert len(rows(place, "id")) == 1
    assert (await asyncio.to_thread(forget, PERSON, today)).code == 1, "there is nothing left to forget"
    assert holds(receipt, place.vkey)
    assert (await asyncio.to_thread(linkage, "audit", "verify", "--config", place.settings_file)).code == 0


async def test_after_a_change_of_all_rings_everything_is_wrapped_anew_and_everybody_is_found(place: Place, linkage: Linkage) -> None:
    async with running(place) as world:
        await one_visit(world)
    assert linkage("pki", "keys", "--rotate", "--id", "k2", "--folder", place.folder, "--json").code == 0
    async with running(place) as world:
        await one_visit(world)
        while ("sealing", "k1", "ended") not in (said := keys_said(world)):  # noqa: ASYNC110 (the log is a file: there is no event)
            await asyncio.sleep(0.01)
        epochs = sorted({str(epoch) for (epoch,) in rows(place, "epoch")})
        found = world.gateway.sealing.pseudonyms(CitizenNumber(PERSON), epochs)
    assert {kek for (kek,) in rows(place, "kek")} == {"k2"}
    assert [epoch.partition(".")[0] for epoch in epochs] == ["k1", "k2"]
    assert {pseudonym for (pseudonym,) in rows(place, "pseudonym")} == set(found)
    assert {("sealing", "k2", "begun"), ("pseudonym", epochs[0], "begun"), ("pseudonym", epochs[1], "begun")} <= set(said)


async def test_nobody_is_forgotten_without_the_pseudonym_keys_of_every_epoch(place: Place, linkage: Linkage) -> None:
    place.clock.step_wall(-3 * DAY_S)
    async with running(place) as world:
        await one_visit(world)
    (place.folder / "pseudonym.keys").unlink()
    make_key_ring(place.folder / "pseudonym.keys", "k2")
    words = ("audit", "forget", "--subject", "-", "--because", "court", "--before", "2026-01-01", "--config", place.settings_file, "--json")
    ended = await asyncio.to_thread(linkage, *words, typed=f"{PERSON}\n")
    assert (ended.code, ended.page["problems"][0]["got"][:12]) == (2, "no key of k1")


async def test_beside_a_running_gateway_an_open_visits_key_is_left(place: Place, linkage: Linkage) -> None:
    tomorrow = (thai_day(SystemClock().now_ms()) + timedelta(days=1)).isoformat()
    async with running(place) as world:
        await one_visit(world)
        words = ("audit", "forget", "--subject", "-", "--because", "court", "--before", tomorrow, "--config", place.settings_file, "--json")
        ended = await asyncio.to_thread(linkage, *words, typed=f"{PERSON}\n")
        await one_visit(world)
    assert (ended.code, ended.page["forgotten"], ended.page["left"]) == (3, 0, 1)
    assert len(rows(place, "id")) == 2


async def test_a_visit_counts_from_the_end_of_the_longest_request_and_nobody_is_told_that_there_is_nothing(
    place: Place, linkage: Linkage
) -> None:
    tomorrow = (thai_day(SystemClock().now_ms()) + timedelta(days=1)).isoformat()
    words = ("audit", "forget", "--subject", "-", "--because", "court", "--before", tomorrow, "--config", place.settings_file)
    place.clock.step_wall(-15 * 60 - 1)  # the visit is over, had the agency answered at once
    async with running(place) as world:
        await one_visit(world)
    ended = await asyncio.to_thread(linkage, *words, typed=f"{PERSON}\n")
    assert (ended.code, len(rows(place, "id"))) == (3, 1)
    assert "nothing could be forgotten yet" in ended.said
    assert "left: 1 data keys" in ended.said
    assert "nothing to forget" not in ended.said


async def test_a_key_lives_as_long_as_the_longest_agreement_of_its_visit_says(place: Place) -> None:
    place.change("agreements.toml", 'id = "doe-dopa"\n', 'id = "doe-dopa"\nretention_days = 400\n')
    place.change("agreements.toml", 'id = "doe-thaid"\n', 'id = "doe-thaid"\nretention_days = 200\n')
    async with running(place) as world:
        await one_visit(world)
        desk = world.desk()
        await desk.login()
        await desk.close()
    place.change("agreements.toml", "retention_days = 200\n", "")
    async with running(place) as world:
        await one_visit(world)
    lives = sorted((expires - made) / (DAY_S * 1000) for made, expires in rows(place, "made_ms, expires_ms"))
    assert lives == [400, 400, 400, 3653], "of a visit, of a login's two steps, and where one agreement leaves it to the settings"


@pytest.mark.parametrize("ring", ["kek.keys", "pseudonym.keys"])
async def test_a_gateway_whose_ring_lacks_a_needed_key_does_not_start_and_says_which(ring: str, place: Place) -> None:
    async with running(place) as world:
        await one_visit(world)
    (place.folder / ring).unlink()
    make_key_ring(place.folder / ring, "k2")
    with pytest.raises(SettingsInvalid) as caught:
        async with running(place):
            pass
    assert [(Path(each.file).name, each.got) for each in caught.value.problems] == [(ring, "no key 'k1'")]
