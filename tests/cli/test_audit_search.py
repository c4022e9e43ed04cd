"""`linkage audit search` and `subject`: an auditor at the gateway's own machine, beside a running gateway or without one."""

import contextlib
import sqlite3
from asyncio import to_thread
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.cli.conftest import Linkage
from tests.journeys.logbook import entries
from tests.journeys.place import COUNTER_1, Place, build_place
from tests.journeys.world import World, running

AUDITOR = "spiffe://linkage.example/auditor/labour"
PERSON = "1100000000016"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A gateway that serves, after a verification and a lookup."""
    with capture_logs():  # it serves in this process, whose standard output is the command's for a while
        async with running(build_place(tmp_path / "world")) as world:
            desk = world.desk()
            await desk.look_up((await desk.verify()).visit.token, await desk.login())
            await desk.close()
            yield world


async def test_entries_are_found_beside_a_running_gateway_and_the_reading_is_recorded_first(world: World, linkage: Linkage) -> None:
    asked = ("--auditor", AUDITOR, "--config", world.settings_file)
    table = await to_thread(linkage, "audit", "search", "--counter", COUNTER_1, "--method", "Lookup", *asked)
    page = await to_thread(linkage, "audit", "search", "--by-number", "--json", "--page-size", "1", *asked, typed=f"{PERSON}\n")
    token = page.page["next_page_token"]
    more = await to_thread(linkage, "audit", "search", "--by-number", "--json", "--page-token", token, *asked, typed="1-1000-00000-01-6\n")

    assert (0, 0, 0) == (table.code, page.code, more.code), table.said + page.said + more.said
    for said in ("officer-0001", "dopa.person: first_name, birth_date", "found", "recorded at"):
        assert said in table.said
    assert ["Lookup", "VerifyIdentity"] == [one["method"] for each in (page, more) for one in each.page["entries"]]
    reads = entries(world, "read")
    assert [{"counter": COUNTER_1, "method": "Lookup"}, {"by_number": True}, {"by_number": True, "further_page": True}] == [
        leaf["facts"]["sought"] for leaf in reads
    ]
    assert [page.page["reading"]["entry_id"], more.page["reading"]["entry_id"]] == [leaf["eid"] for leaf in reads[1:]]
    assert all(PERSON not in ended.said for ended in (table, page, more))


async def test_a_person_is_told_in_both_languages_who_looked(world: World, linkage: Linkage, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text(PERSON)
    asked = ("--auditor", AUDITOR, "--config", world.settings_file, "--number-file", number)
    both = await to_thread(linkage, "audit", "subject", *asked)
    thai = await to_thread(linkage, "audit", "subject", "--language", "th", *asked)
    json = await to_thread(linkage, "audit", "subject", "--json", "--until", "2026-01-01", *asked)

    assert (0, 0, 1) == (both.code, thai.code, json.code), both.said
    assert "The record was handed to the counter." in both.said
    assert "เคาน์เตอร์ได้รับข้อมูลแล้ว" in both.said
    assert "เคาน์เตอร์ได้รับข้อมูลแล้ว" in thai.said
    assert "handed to the counter" not in thai.said
    assert [] == json.page["accesses"]
    assert all(PERSON not in ended.said for ended in (both, thai, json))


async def test_an_index_made_anew_finds_what_somebody_took_out_of_its_file(world: World, linkage: Linkage) -> None:
    asked = ("--auditor", AUDITOR, "--config", world.settings_file, "--json")
    whole = await to_thread(linkage, "audit", "search", "--method", "Lookup", *asked)
    with contextlib.closing(sqlite3.connect(world.folder / "log.db.index")) as index, index:
        index.execute("DELETE FROM posting")
        index.execute("DELETE FROM mark WHERE what = 'visit'")
    searched = await to_thread(linkage, "audit", "search", "--method", "Lookup", *asked)
    anew = await to_thread(linkage, "audit", "search", "--method", "Lookup", "--rebuild", *asked)
    subject = await to_thread(linkage, "audit", "subject", "--rebuild", *asked, typed=f"{PERSON}\n")

    assert (0, 1, 0) == (whole.code, searched.code, anew.code)
    assert whole.page["entries"] == anew.page["entries"]
    assert ["found", "match"] == [one["result"] for one in subject.page["accesses"]]


async def test_an_id_that_the_log_never_gave_is_not_written_into_it(world: World, linkage: Linkage) -> None:
    spelt = f"{PERSON[:8]}-{PERSON[8:12]}-{PERSON[12]}000-0000-000000000000"
    visit = next(leaf["eid"] for leaf in entries(world, "intent") if leaf["facts"]["method"] == "VerifyIdentity")
    asked = ("--auditor", AUDITOR, "--config", world.settings_file)
    for one in (spelt, visit):
        await to_thread(linkage, "audit", "entry", one, *asked)
        await to_thread(linkage, "audit", "search", "--visit", one, *asked)

    sought = [leaf["facts"]["sought"] for leaf in entries(world, "read")]
    assert [{"entry": "?"}, {"visit": "?"}, {"entry": visit}, {"visit": visit}] == sought
    assert spelt.encode() not in (world.folder / "log.db").read_bytes() + (world.folder / "log.db-wal").read_bytes()


@pytest.mark.parametrize("command", ["search", "subject"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--since", "2569-01-01"), "2026, not 2569"),
        (("--until", "2569-01-31"), "2026, not 2569"),
        (("--until", "9999-12-31"), "2026, not 2569"),
        (("--since", "2399-12-31"), "lies in the future"),
        (("--since", "0001-01-01"), "from 1970 on"),
        (("--since", "2026-02-02", "--until", "2026-02-01"), "must not be earlier"),
    ],
    ids=["Buddhist since", "Buddhist until", "last year", "future", "first year", "nothing between"],
)
def test_a_day_that_can_only_find_nothing_is_a_slip_and_no_answer(
    linkage: Linkage, command: str, given: tuple[str, ...], said: str
) -> None:
    ended = linkage("audit", command, *given, "--auditor", AUDITOR, typed=f"{PERSON}\n")

    assert (2, True) == (ended.code, said in ended.said)


async def test_one_request_is_shown_whole_with_proofs_that_verify(world: World, linkage: Linkage, tmp_path: Path) -> None:
    verification = next(leaf["eid"] for leaf in entries(world, "intent") if leaf["facts"]["method"] == "VerifyIdentity")
    asked = ("--auditor", AUDITOR, "--config", world.settings_file)
    shown = await to_thread(linkage, "audit", "entry", verification, "--receipts", tmp_path / "proofs", *asked)
    unknown = await to_thread(linkage, "audit", "entry", "0190f2a0-0000-7000-8000-000000000000", *asked)
    proof = next((tmp_path / "proofs").glob("*-outcome.tlog-proof"))
    checked = await to_thread(
        linkage, "audit", "verify", "--receipt", proof, "--leaf", proof.with_suffix(".leaf"), "--vkey", world.folder / "log.vkey"
    )

    assert (0, 1, 0) == (shown.code, unknown.code, checked.code), shown.said + unknown.said + checked.said
    assert '"jobseeker_registration"' in shown.said
    assert "subject: มีกุญแจอยู่ / its key is there" in shown.said
    assert "ENTRY_UNKNOWN (NOT_FOUND)" in unknown.said
    assert "none that you may see" in unknown.said
    assert PERSON not in shown.said


async def test_what_an_auditor_may_not_see_or_mistypes_is_refused_by_name(world: World, linkage: Linkage) -> None:
    config = ("--config", world.settings_file)
    as_auditor = (*config, "--auditor", AUDITOR)
    outside = await to_thread(linkage, "audit", "search", "--recipient", "dla", *as_auditor)
    number = await to_thread(linkage, "audit", "search", "--by-number", *as_auditor, typed="1100000000017\n")
    token = await to_thread(linkage, "audit", "subject", "--page-token", "abc", "--json", *as_auditor, typed=f"{PERSON}\n")
    day = await to_thread(linkage, "audit", "search", "--since", "yesterday", *as_auditor)
    nobody = await to_thread(linkage, "audit", "search", *config)
    stranger = await to_thread(linkage, "audit", "search", *config, "--auditor", COUNTER_1)

    assert (1, 2, 2, 2, 2, 2) == tuple(ended.code for ended in (outside, number, token, day, nobody, stranger))
    assert "OUTSIDE_AGENCIES" in outside.said
    assert "citizen number: 13 digits with a right check digit are required" == number.said
    assert ["page_token"] == [one["field"] for one in token.page["refused"]["violations"]]
    assert "2026-11-01" in day.said
    assert "--auditor URI is required" in nobody.said
    assert "no auditor of the name given" in stranger.said
    assert [] == entries(world, "read")
    assert [("ListEntries", "OUTSIDE_AGENCIES")] == [(one["facts"]["method"], one["facts"]["reason"]) for one in entries(world, "denied")]


async def test_the_log_is_searched_where_no_gateway_runs(tmp_path: Path, linkage: Linkage) -> None:
    place: Place = build_place(tmp_path / "world")
    with capture_logs():
        async with running(place) as world:
            desk = world.desk()
            await desk.verify()
            await desk.close()
    (place.folder / "log.db.index").unlink()

    found = await to_thread(
        linkage, "audit", "search", "--result", "match", "--json", "--auditor", AUDITOR, "--config", place.settings_file
    )

    assert ["VerifyIdentity"] == [one["method"] for one in found.page["entries"]]
    assert "read" == entries(place)[-1]["kind"]
