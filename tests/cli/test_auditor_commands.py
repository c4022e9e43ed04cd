"""What an auditor sees at the gateway's own machine: findings, statistics, the record of processing; each reading recorded first."""

import asyncio
import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grpc.aio import AioRpcError
from rich.cells import cell_len

from linkage.cli.ending import out
from linkage.clock import FakeClock, thai_day
from tests.cli.conftest import Linkage
from tests.journeys.joint import joint_counter
from tests.journeys.logbook import entries
from tests.journeys.world import OFFICER, Place, World, running

AUDITOR = "spiffe://linkage.example/auditor/labour"
OF_POWER = "spiffe://linkage.example/auditor/power"
PERSON = "1100000000016"
ALWAYS_OPEN = '\n[findings]\nopening_hours = ["mon-sun 00:00-24:00", "holiday 00:00-24:00"]\n'
MORE_AUDITORS = f'\n[[auditor]]\nuri = "{OF_POWER}"\nagencies = ["pea"]\n'


async def _day_at_the_counter(folder: Path) -> object:
    """Two bundles, a lookup alone, a card that is wrong, an officer who asks about themselves."""

    def prepare(place: Path) -> None:
        for name, more in (("linkage.toml", ALWAYS_OPEN), ("register.toml", MORE_AUDITORS)):
            (place / name).write_text((place / name).read_text(encoding="utf-8") + more, encoding="utf-8")

    async with joint_counter(folder, prepare=prepare) as joint:
        for _ in range(2):
            await joint.bundle(await joint.visit())
        await joint.desk.look_up(await joint.visit(service="jobseeker_registration"), joint.session)
        reply = await joint.desk.verify(laser="JC0000000000")
        assert not reply.visit.token
        await joint.visit(OFFICER)
        with pytest.raises(AioRpcError):
            await joint.desk.look_up(await joint.visit(service="jobseeker_registration"), joint.session, "religion")
    return joint.simulators


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a gateway after a day, stopped. The secrets that its settings name last as long as the simulators."""
    folder = tmp_path_factory.mktemp("day") / "world"
    simulators = asyncio.run(_day_at_the_counter(folder))
    yield folder
    del simulators


@pytest.fixture
def after(day: Path, tmp_path: Path) -> Place:
    """A copy of that folder, to be changed."""
    return Place(shutil.copytree(day, tmp_path / "world"), FakeClock())


def audit(linkage: Linkage, place: Place, *words: str | Path, auditor: str = AUDITOR) -> Any:
    return linkage("audit", words[0], "--config", place.settings_file, "--auditor", auditor, *words[1:])


def readings(place: Place) -> list[dict[str, Any]]:
    return [leaf["facts"] for leaf in entries(place, "read")]


async def test_findings_are_read_beside_a_running_gateway_that_goes_on_serving(linkage: Linkage, place: Place) -> None:
    place.settings_file.write_text(place.settings_file.read_text(encoding="utf-8") + ALWAYS_OPEN, encoding="utf-8")
    async with running(place) as world:
        desk = world.desk()
        await desk.login()
        await desk.verify(OFFICER)
        ended = await asyncio.to_thread(audit, linkage, place, "findings", "--json")
        assert (await desk.verify()).visit.token
        await desk.close()
        (reading,) = readings(place)
        end = _index_of(world, "read")

    assert 1 == ended.code
    (found,) = ended.page["findings"]
    assert ("own_number", "officer-0001", ["cm-01"]) == (found["rule"], found["officer"]["sub"], found["centres"])
    assert all(entry["index"] < end and len(entry["id"]) == 36 for entry in found["entries"])
    assert (AUDITOR, "findings", ["dlpw", "doe"]) == (reading["auditor"], reading["method"], reading["agencies"])
    assert 0 == linkage("audit", "verify", "--config", place.settings_file).code


def _index_of(place: World, kind: str) -> int:
    return [leaf["kind"] for leaf in entries(place)].index(kind)


def test_findings_are_shown_in_both_languages_with_the_entries_behind_them(linkage: Linkage, after: Place) -> None:
    ended = audit(linkage, after, "findings")

    assert 1 == ended.code
    assert all(word in ended.said for word in ("own_number", "ข้อมูลของตนเอง", "officer-0001", "ศูนย์บริการร่วมจังหวัดเชียงใหม่", "cm-01/counter/1"))
    assert re.search(r"[0-9]+ [0-9a-f]{8}-[0-9a-f]{4}-7", ended.said)


def test_thresholds_and_hours_are_the_operators(linkage: Linkage, after: Place) -> None:
    after.change("linkage.toml", "[findings]", "[findings]\nsame_person_visits = 5")
    after.change("register.toml", 'id = "cm-01"', 'id = "cm-01"\nopening_hours = ["holiday 00:00-24:00"]')

    found = audit(linkage, after, "findings", "--json").page["findings"]

    assert {"own_number", "outside_hours", "same_person_again"} == {one["rule"] for one in found}
    assert {("same_person_again", 5, 5)} == {
        (one["rule"], one["figure"], one["threshold"]) for one in found if one["rule"] == "same_person_again"
    }


def test_nothing_unusual_is_said_with_exit_code_0(linkage: Linkage, after: Place) -> None:
    after.change("linkage.toml", "[findings]", "[findings]\nsame_person_visits = 100")

    shown = audit(linkage, after, "findings", auditor=OF_POWER)

    assert (0, True) == (shown.code, "nothing unusual" in shown.said)


@pytest.mark.parametrize("command", ["findings", "statistics", "ropa"])
def test_who_is_no_auditor_of_the_register_is_shown_nothing(linkage: Linkage, after: Place, command: str) -> None:
    stranger = audit(linkage, after, command, "--json", auditor="spiffe://linkage.example/auditor/nobody")
    nobody = linkage("audit", command, "--config", after.settings_file, "--json")  # refused before anything is opened

    assert (2, 2) == (stranger.code, nobody.code)
    assert ["auditor"] == [one["key"] for one in stranger.page["problems"]]
    assert "--auditor URI is required" in nobody.said
    assert [] == readings(after)


@pytest.mark.parametrize("command", ["findings", "statistics", "ropa"])
def test_what_cannot_be_recorded_is_not_shown(linkage: Linkage, after: Place, command: str) -> None:
    after.change("linkage.toml", "[log]", f"[log]\nrefuse_intents_below = {2**62}\nrefuse_all_below = {2**62}")

    ended = audit(linkage, after, command, "--json")

    assert (3, {"failure"}) == (ended.code, set(ended.page))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["findings", "--since", "yesterday"], "--since takes"),
        (["findings", "--since", "0"], "--since takes"),
        (["findings", "--since", "2569-11-01"], "Common Era"),
        (["ropa", "--since", "2026-13-01"], "--since takes"),
        (["statistics", "--from", "2569-11"], "Common Era"),
        (["statistics", "--to", "2026-13"], "--to takes"),
        (["statistics", "--from", "2026-11", "--to", "2026-10"], "later"),
        (["statistics", "--json", "--csv"], "not both"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_time_that_is_none_is_a_usage_error_and_no_reading(linkage: Linkage, after: Place, words: list[str], expected: str) -> None:
    ended = audit(linkage, after, *words)

    assert 2 == ended.code
    assert expected in ended.said.replace("│ ", "")
    assert [] == readings(after)


def test_statistics_are_shown_by_centre_and_service_in_both_languages(linkage: Linkage, after: Place) -> None:
    ended = audit(linkage, after, "statistics")
    page = audit(linkage, after, "statistics", "--json").page

    assert 0 == ended.code
    assert all(
        word in ended.said for word in ("รับบริการ", "visits", "ศูนย์บริการร่วมจังหวัดเชียงใหม่", "ขึ้นทะเบียนหางาน", "12 / 12", "Social Security")
    )
    assert f"{thai_day(_began(after)).year + 543} / {page['from']}" in ended.said
    bundles = next(one for one in page["rows"] if one["service"] == "joint_counter_demo")
    assert (3, 2, 12, 12) == (bundles["visits"], bundles["bundles"], bundles["copies_not_needed"], bundles["copies_in_all"])
    assert (10, 2, 0) == tuple(bundles["records"][came] for came in ("found", "not_found", "unavailable"))
    alone = next(one for one in page["rows"] if one["service"] == "jobseeker_registration")
    assert (2, 1, 1, 1) == (alone["visits"], alone["verifications"]["no_match"], alone["records"]["found"], alone["records"]["refused"])
    assert 5 == page["total"]["visits"] == page["centres"][0]["visits"]
    assert page["total"]["answer_ms"]["median"] is not None
    assert {"dopa", "sso", "led", "dlt", "dep", "moj"} == {one["source"] for one in page["sources"]}
    assert not any(word in str(page) for word in ("officer-0001", PERSON, OFFICER))


def _began(place: Place) -> int:
    return int(entries(place)[0]["t"])


def test_statistics_fit_a_terminal_of_80_columns(linkage: Linkage, after: Place) -> None:
    out.width = 80
    shown = audit(linkage, after, "statistics").result.stdout

    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    assert all(heading in shown for heading in ("unavail.", "unfin.", "answers", "longest"))


def test_statistics_are_csv_that_a_spreadsheet_reads(linkage: Linkage, after: Place) -> None:
    ended = audit(linkage, after, "statistics", "--csv")

    rows = list(csv.DictReader(io.StringIO(ended.result.stdout)))

    assert 0 == ended.code
    assert {"2"} == {row["bundles"] for row in rows if row["service"] == "joint_counter_demo"}
    assert {"0.0"} == {row["unavailable_share"] for row in rows if row["source"] == "sso"}


def test_months_without_entries_and_agencies_of_others_have_no_figures(linkage: Linkage, after: Place) -> None:
    before = audit(linkage, after, "statistics", "--from", "2020-01", "--to", "2020-02")
    others = audit(linkage, after, "statistics", "--json", auditor=OF_POWER)

    assert "nothing was recorded: ม.ค. 2563 – ก.พ. 2563 / 2020-01 – 2020-02" in before.said
    assert ([], []) == (others.page["rows"], others.page["sources"])
    assert [AUDITOR, OF_POWER] == [reading["auditor"] for reading in readings(after)]


def test_the_record_of_processing_says_what_section_39_wants(linkage: Linkage, after: Place) -> None:
    said = audit(linkage, after, "ropa").result.stdout

    chapter = said[said.index("## doe-sso-joint") :].split("\n## ")[0]
    assert all(f"({number}) / " in said for number in range(1, 9))
    assert all(word in chapter for word in ("สำนักงานประกันสังคม (sso)", "Social Security Office (sso)", "joint\\_counter\\_demo", "s. 12"))
    assert "found and disclosed 2, not found 0" in chapter
    assert "3,653 วัน" in chapter
    assert "ข้อมูลอ่อนไหว มาตรา 26" in said
    assert PERSON not in said


def test_the_record_of_processing_is_written_as_markdown_and_csv_in_the_place_of_older_ones(
    linkage: Linkage, after: Place, tmp_path: Path
) -> None:
    folder = tmp_path / "ropa"
    folder.mkdir()
    (folder / "ropa.md").write_text("an older one")

    ended = audit(linkage, after, "ropa", "--to", folder, "--json")

    assert 0 == ended.code
    assert ["ropa.csv", "ropa.md"] == sorted(file.name for file in folder.iterdir())
    assert (folder / "ropa.md").read_text(encoding="utf-8").startswith("# บันทึกรายการ")
    rows = list(csv.DictReader(io.StringIO((folder / "ropa.csv").read_bytes().decode("utf-8-sig"), newline="")))
    by_agreement = {row["agreement"]: row for row in reversed(rows)}
    identity, insured = by_agreement["doe-dopa"], by_agreement["doe-sso-joint"]
    assert ("3", "1") == (identity["verifications"], identity["found"])
    assert ("สำนักงานประกันสังคม (sso)", "2", "2026-01-01") == (insured["source_th"], insured["found"], insured["valid_from"])
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in ended.page["rows"]] == rows
    assert {"th", "en"} == set(ended.page["security"][0])
    added_up = [sum(int(row["found"] or 0) for row in rows if row["agreement"] == name) for name in by_agreement]
    assert [int(row["found"]) for row in by_agreement.values()] == added_up
    assert len(rows) > len(by_agreement)


def test_agreements_of_others_are_left_out_and_withdrawn_ones_are_named(linkage: Linkage, after: Place) -> None:
    agreements = after.folder / "agreements" / "agreements-joint-counter.toml"
    kept = agreements.read_text(encoding="utf-8")
    agreements.write_text(kept.replace('id = "doe-sso-joint"', 'id = "doe-sso-new"'), encoding="utf-8")

    page = audit(linkage, after, "ropa", "--json").page
    others = audit(linkage, after, "ropa", "--json", auditor=OF_POWER).page

    assert [("doe-sso-joint", ["doe", "sso"], 2)] == [(one["agreement"], one["parties"], one["questions"]) for one in page["former"]]
    assert {"0"} == {str(row["questions"]) for row in page["rows"] if row["agreement"] == "doe-sso-new"}
    assert ([], []) == (others["rows"], others["former"])
