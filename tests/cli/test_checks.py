"""What operators run before they trust a change: settings, agreements, the log, a receipt."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from linkage.runtime.pki_keys import make_log_key
from linkage.runtime.signing import load_signer
from linkage.settings import load
from linkage.store.sqlite_log import create_log
from tests.cli.conftest import Linkage
from tests.journeys.place import ORIGIN, Place
from tests.journeys.world import World, running

VECTORS = Path(__file__).parents[1] / "vectors"


def test_files_that_are_in_order_are_counted(linkage: Linkage, place: Place) -> None:
    ended = linkage("serve", "--check", "--config", place.settings_file, "--json")

    assert 0 == ended.code
    assert ended.page["ok"]
    assert (2, 4) == (ended.page["sources"], ended.page["record_types"])
    assert not (place.folder / "log.db").exists(), "a check touches nothing"
    assert "files" == ended.page["looked_at"]
    assert "no database was opened" in linkage("serve", "--check", "--config", place.settings_file).said


def test_every_problem_of_every_file_is_shown_at_once_as_file_key_got_expected(linkage: Linkage, place: Place) -> None:
    (place.folder / "kek.keys").chmod(0o644)
    (place.folder / "log.key").unlink()
    (place.folder / "thaid.secret").unlink()
    (place.folder / "server.key").write_text("nothing")

    ended = linkage("serve", "--check", "--config", place.settings_file, "--json")
    shown = linkage("serve", "--check", "--config", place.settings_file)

    assert (2, 2) == (ended.code, shown.code)
    problems = {(Path(one["file"]).name, one["key"]) for one in ended.page["problems"]}
    recipients = {("linkage.toml", f"sources.thaid.recipients.{one}.client_secret_file") for one in ("doe", "dlpw", "dla")}
    assert problems == {("kek.keys", "file"), ("log.key", "log.signing_key"), ("server.key", "server.key")} | recipients
    assert all(heading in shown.said for heading in ("6 problems", "file", "key", "got", "expected", "600 or 400"))


@pytest.mark.parametrize("command", [["serve"], ["serve", "--check"], ["audit", "verify"], ["agreements", "check"], ["agreements", "show"]])
def test_settings_that_are_not_there_are_a_usage_error_of_every_command(linkage: Linkage, tmp_path: Path, command: list[str]) -> None:
    ended = linkage(*command, "--config", tmp_path / "none.toml", "--json")

    assert 2 == ended.code
    assert [
        {"file": str(tmp_path / "none.toml"), "key": "file", "got": "No such file or directory", "expected": "a readable TOML file"}
    ] == ended.page["problems"]


async def test_a_second_gateway_on_one_log_is_unavailable_and_says_which_file_and_the_first_goes_on(place: Place) -> None:
    command = [sys.executable, "-m", "linkage.cli.main", "serve", "--config", str(place.settings_file)]
    async with running(place) as world:
        ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=60)
        await one_verification(world)

    assert 3 == ended.returncode
    assert "log.db.lock" in ended.stderr.replace("\n", "")


def test_agreements_that_are_in_order_are_shown_with_who_may_ask_whom_for_what(linkage: Linkage, place: Place) -> None:
    checked, shown = (linkage("agreements", what, "--config", place.settings_file) for what in ("check", "show"))
    page = linkage("agreements", "show", "--config", place.settings_file, "--json").page

    assert (0, 0) == (checked.code, shown.code)
    assert all(word in shown.said for word in ("doe-dopa", "กรมการจัดหางาน", "ขึ้นทะเบียนหางาน", "birth_date", "CARD_LASER", "bedridden"))
    first = next(one for one in page["agreements"] if one["id"] == "doe-dopa")
    assert "father_number" not in first["records"]["dopa.person"]
    assert first["in_force"]
    assert {"per_day": None, "per_officer_per_day": None} == first["quota"]
    limited = next(one for one in page["agreements"] if one["id"] == "dlpw-dopa")
    assert {"per_day": 5000, "per_officer_per_day": 300} == limited["quota"]
    assert all(line in shown.said for line in ("5,000 questions a day", "300 questions a day for each officer"))


def test_an_agreement_over_what_nobody_discloses_is_a_finding(linkage: Linkage, place: Place) -> None:
    agreements = place.folder / "agreements.toml"
    agreements.write_text(agreements.read_text(encoding="utf-8").replace('"house_no"', '"house_colour"'), encoding="utf-8")

    ended = linkage("agreements", "check", "--config", place.settings_file, "--json")

    assert 1 == ended.code
    assert all(one["key"].endswith("house_colour") for one in ended.page["problems"])


def test_an_agreement_that_is_over_is_in_order_but_named(linkage: Linkage, place: Place) -> None:
    agreements = place.folder / "agreements.toml"
    over = agreements.read_text(encoding="utf-8").replace("valid_from = 2026-01-01", "valid_from = 2020-01-01", 1)
    agreements.write_text(over.replace("valid_until = 2035-12-31", "valid_until = 2020-12-31", 1), encoding="utf-8")

    ended = linkage("agreements", "check", "--config", place.settings_file, "--json")

    assert 0 == ended.code
    assert ["doe-dopa"] == ended.page["not_in_force"]


def test_one_receipt_is_verified_offline(linkage: Linkage) -> None:
    ended = linkage("audit", "verify", *receipt_words("leaf-5"), "--json")

    assert 0 == ended.code
    assert (True, 5, 7) == (ended.page["ok"], ended.page["index"], ended.page["size"])


def receipt_words(leaf: str, vkey: Path = VECTORS / "vkey") -> tuple[str | Path, ...]:
    return "--receipt", VECTORS / "p5.tlog-proof", "--leaf", VECTORS / leaf, "--vkey", vkey


def test_a_receipt_of_another_leaf_is_a_finding(linkage: Linkage) -> None:
    ended = linkage("audit", "verify", *receipt_words("leaf-6"))

    assert 1 == ended.code
    assert "does not verify" in ended.said


def test_a_receipt_of_another_log_is_a_finding(linkage: Linkage, tmp_path: Path) -> None:
    make_log_key(tmp_path / "log.key", tmp_path / "log.vkey", origin="linkage.example/audit")

    assert 1 == linkage("audit", "verify", *receipt_words("leaf-5", tmp_path / "log.vkey")).code


@pytest.mark.parametrize(
    "words",
    [
        ("--receipt", VECTORS / "p5.tlog-proof", "--vkey", VECTORS / "vkey"),
        ("--receipt", VECTORS / "p5.tlog-proof", "--leaf", VECTORS / "leaf-5"),
        ("--receipt", VECTORS / "none", "--leaf", VECTORS / "leaf-5", "--vkey", VECTORS / "vkey"),
        receipt_words("leaf-5", VECTORS / "leaf-5"),
        (),
        ("--log", VECTORS / "none", "--vkey", VECTORS / "vkey"),
    ],
)
def test_a_verification_that_lacks_something_is_a_usage_error(linkage: Linkage, words: tuple[str | Path, ...]) -> None:
    assert 2 == linkage("audit", "verify", *words).code


async def test_a_whole_log_is_verified_while_the_gateway_runs(linkage: Linkage, place: Place) -> None:
    async with running(place) as world:
        await one_verification(world)
        while_running = linkage("audit", "verify", "--config", place.settings_file, "--json")
    afterwards = linkage("audit", "verify", "--log", place.folder / "log.db", "--vkey", place.folder / "log.vkey")

    assert 0 == while_running.code
    assert (ORIGIN, [], [], []) == tuple(while_running.page[key] for key in ("origin", "findings", "orphans", "recovered"))
    assert 0 == afterwards.code
    assert "verified" in afterwards.said


async def test_a_part_of_a_log_is_verified_and_it_is_said_what_that_leaves_out(linkage: Linkage, place: Place) -> None:
    async with running(place) as world:
        await one_verification(world)
        page = linkage("audit", "verify", "--config", place.settings_file, "--from", "1", "--to", "2", "--json").page
        said = linkage("audit", "verify", "--config", place.settings_file, "--from", "1")
        whole = linkage("audit", "verify", "--config", place.settings_file)

    assert (True, [], []) == (page["ok"], page["orphans"], page["open"])
    assert {"from": 1, "to": 2, "whole": False, "closes_earlier": 0, "closed_later": page["part"]["closed_later"]} == page["part"]
    assert page["seconds"] >= 0
    assert "within the part alone" in said.said
    assert "signatures in" in whole.said
    assert "within the part" not in whole.said


async def test_a_part_that_the_log_does_not_have_is_a_usage_error(linkage: Linkage, place: Place) -> None:
    async with running(place):
        pass
    wrong = (("--from", "900"), ("--to", "900"), ("--from", "2", "--to", "1"), ("--from", "-1"))
    assert [2] * 4 == [linkage("audit", "verify", "--config", place.settings_file, *words).code for words in wrong]


async def test_a_configured_log_must_continue_its_own_anchor(linkage: Linkage, place: Place) -> None:
    older = place.folder / "older"
    async with running(place):
        pass
    shutil.copy(place.folder / "log.db", older)
    async with running(place) as world:
        await one_verification(world)
    for part in place.folder.glob("log.db*"):
        part.unlink()
    shutil.copy(older, place.folder / "log.db")

    ended = linkage("audit", "verify", "--config", place.settings_file, "--json")

    assert 1 == ended.code
    assert ["a checkpoint kept elsewhere is beyond the log"] == [one["why"] for one in ended.page["findings"]]


async def one_verification(world: World) -> None:
    desk = world.desk()
    await desk.verify()
    await desk.close()


async def test_a_log_of_another_key_is_named_as_a_finding(linkage: Linkage, place: Place, tmp_path: Path) -> None:
    async with running(place):
        pass
    make_log_key(tmp_path / "log.key", tmp_path / "log.vkey", origin=ORIGIN)

    ended = linkage("audit", "verify", "--log", place.folder / "log.db", "--vkey", tmp_path / "log.vkey", "--json")

    assert 1 == ended.code
    assert {"checkpoint", "head"} <= {one["what"] for one in ended.page["findings"]}
    signed_by = load_signer(load(place.settings_file)).verifier.current.key_id.hex()
    assert all(f"but of {signed_by}" in one["why"] for one in ended.page["findings"] if one["what"] == "checkpoint")


def test_one_checkpoint_is_one(linkage: Linkage, place: Place) -> None:
    create_log(place.folder / "log.db", load_signer(load(place.settings_file)))

    assert "0 entries, 1 checkpoint " in linkage("audit", "verify", "--config", place.settings_file).said


async def test_a_log_that_was_replaced_does_not_continue_the_checkpoint_kept_elsewhere(linkage: Linkage, place: Place) -> None:
    async with running(place) as world:
        await one_verification(world)
        kept = place.folder / "checkpoint"
        kept.write_text(await world.gateway._book.checkpoint(), encoding="utf-8")
    assert 0 == linkage("audit", "verify", "--config", place.settings_file, "--against", kept).code
    for path in (*place.folder.glob("log.db*"), *place.folder.glob("data-keys.db*")):
        path.unlink()
    async with running(place):
        pass

    ended = linkage("audit", "verify", "--config", place.settings_file, "--against", kept, "--json")

    assert 1 == ended.code
    assert ["checkpoint"] == [one["what"] for one in ended.page["findings"]]


def test_no_progress_is_drawn_where_nobody_watches() -> None:
    command = [sys.executable, "-m", "linkage.cli.main", "audit", "verify", *map(str, receipt_words("leaf-5")), "--json"]

    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert "" == done.stderr
    assert json.loads(done.stdout)["ok"]
