"""What an auditor may type at the command line, and how the answer is worded: a slip is never answered as if nothing had been done."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.cli.conftest import Linkage
from tests.journeys.auditing import AUDITOR, PERSON, day
from tests.journeys.logbook import entries
from tests.journeys.place import build_place
from tests.journeys.world import World, running


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A gateway that serves, after a verification, two lookups and a refused one."""
    with capture_logs():  # it serves in this process, whose standard output is the command's for a while
        async with running(build_place(tmp_path / "world")) as world:
            desk = world.desk()
            await day(desk)
            await desk.close()
            yield world


@pytest.mark.parametrize(
    ("option", "typed", "near"),
    [
        ("--result", "fond", "near: found"),
        ("--result", "nothing at all", "one of found, not_found, match"),
        ("--kind", "red", "near: read"),
        ("--reason", "field_not_agreed", "near: FIELD_NOT_AGREED"),
        ("--assurance", "THAI", "near: THAID"),
    ],
    ids=["result", "far off", "kind", "reason", "assurance"],
)
def test_a_word_that_no_entry_can_hold_is_refused_with_the_words_nearest_to_it(
    linkage: Linkage, option: str, typed: str, near: str
) -> None:
    ended = linkage("audit", "search", option, typed, "--auditor", AUDITOR)

    assert (2, True) == (ended.code, f"{option}: no entry ever holds that; {near}" in ended.said)


async def test_a_name_that_neither_the_files_nor_the_log_know_is_a_slip_and_one_that_the_log_alone_knows_is_not(
    world: World, linkage: Linkage
) -> None:
    asked = ("audit", "search", "--auditor", AUDITOR, "--config", world.settings_file)
    slips = {
        "--centre": "cm-1",
        "--counter": "cm-01",
        "--service": "jobseekers",
        "--source": "dopaa",
        "--recipient": "doee",
        "--acting": "deo",
        "--type": "dopa.persn",
        "--agreement": "doe-dop",
        "--read-by": "labour",
    }
    for option, typed in slips.items():
        ended = await to_thread(linkage, *asked, option, typed)
        assert (2, True) == (ended.code, f"{option}: nobody and nothing is known by that name" in ended.result.stderr.replace("│", "")), (
            option
        )
    assert [] == entries(world, "read")
    assert "near: dopa.person" in (await to_thread(linkage, *asked, "--type", "dopa.persn")).said

    world.change("agreements.toml", 'id = "doe-dopa"', 'id = "doe-dopa-new"')
    former, new = [await to_thread(linkage, *asked, "--agreement", one) for one in ("doe-dopa", "doe-dopa-new")]
    assert (0, 1) == (former.code, new.code), former.said + new.said


async def test_a_row_says_where_in_one_line_and_what_a_reading_sought_and_which_key_began(world: World, linkage: Linkage) -> None:
    asked = ("audit", "search", "--auditor", AUDITOR, "--config", world.settings_file)
    refused = await to_thread(linkage, *asked, "--kind", "denied", "--since", "2026-01-01")
    await to_thread(linkage, *asked, "--by-number", typed=f"{PERSON}\n")
    read = await to_thread(linkage, *asked, "--kind", "read")
    keys = await to_thread(linkage, *asked, "--kind", "key")

    lines = _column(refused.result.stdout)
    assert ["cm-01/counter/1", "Lookup  doe → dopa"] == lines[1:3]
    assert "FIELD_NOT_AGREED" == lines[-1]
    assert "–" not in lines
    assert "sought: by number │" in read.said
    assert "sought: kind denied, since 1 ม.ค. 2569 00:00" in read.said
    assert "auditor/labour │" in read.said
    for use in ("log", "sealing", "pseudonym"):
        assert any(line.endswith(" begun") and line.startswith(f"{use} ") for line in _column(keys.result.stdout))


def _column(table: str) -> list[str]:
    return [line.split("│")[2].strip() for line in table.splitlines() if line.count("│") == 3]


async def test_a_persons_page_is_wholly_in_the_language_asked_for(world: World, linkage: Linkage) -> None:
    asked = ("audit", "subject", "--auditor", AUDITOR, "--config", world.settings_file, "--page-size", "2", "--language")
    english, thai, both = [await to_thread(linkage, *asked, one, typed=f"{PERSON}\n") for one in ("en", "th", "both")]

    assert not any("\u0e00" <= character <= "\u0e7f" for character in english.said)
    assert "more: the same command with --page-token" in english.said
    assert not any(word in thai.said for word in ("the log", "reading", "more", "none"))
    assert "ใช้คำสั่งเดิมกับ --page-token" in thai.said
    assert all(word in both.said for word in ("บันทึกมี", "the log had", "more:", "ยังมีต่อ"))


async def test_what_was_typed_wrongly_is_told_to_whoever_typed_it_and_not_as_a_counters_fault(world: World, linkage: Linkage) -> None:
    asked = ("--auditor", AUDITOR, "--config", world.settings_file)
    number = await to_thread(linkage, "audit", "subject", *asked, typed="1100000000017\n")
    entry = await to_thread(linkage, "audit", "entry", "42", *asked)

    assert (2, "citizen number: 13 digits with a right check digit are required") == (number.code, number.said)
    assert (2, True) == (entry.code, entry.said.startswith("entry id: a UUID of 36 characters"))
    assert "counter" not in entry.said
