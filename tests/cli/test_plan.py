"""`linkage plan`: for people and for programs, and what it says to numbers that are none."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from linkage.cli.ending import err, out
from tests.cli.conftest import Linkage

ASKED = ("plan", "--centres", "455", "--counters", "5", "--lookups", "18")


def test_the_same_plan_for_people_and_for_programs(linkage: Linkage) -> None:
    page, table = linkage(*ASKED, "--json").page, linkage(*ASKED)

    assert 0 == table.code
    assert page["fits"]
    assert [line["what"] for line in page["lines"] if line["what"] not in table.said] == []
    assert [line["how"] for line in page["lines"] if line["how"] not in table.said] == []
    assert [one["how"] for one in page["measured"]["figures"].values() if one["how"] not in table.said] == []
    assert page["measured"]["machine"] in table.said


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_is_cut_off_in_a_narrow_terminal(linkage: Linkage, width: int) -> None:
    numbers = [f"{line['value']:,.0f}" for line in linkage(*ASKED, "--json").page["lines"] if line["value"] >= 100]
    out.width = err.width = width
    shown = linkage(*ASKED)

    assert numbers
    assert [number for number in numbers if number not in shown.said] == []
    assert max(len(line) for line in shown.result.stdout.splitlines()) <= width
    assert "…" not in shown.result.stdout


def test_what_is_too_much_is_said_and_ends_with_1(linkage: Linkage) -> None:
    asked = (*ASKED, "--agency-ms", "20000", "--peak", "10", "--backend", "sqlite")
    told, page = linkage(*asked), linkage(*asked, "--json")

    assert (1, 1) == (told.code, page.code)
    assert "too much: workers of each machine" in told.said
    assert not page.page["fits"]
    assert "workers_each" in {line["key"] for line in page.page["lines"] if not line["fits"]}


def test_every_number_that_is_none_is_told_at_once(linkage: Linkage) -> None:
    ended = linkage(
        "plan",
        "--centres",
        "0",
        "--counters",
        "-1",
        "--lookups",
        "nan",
        "--utilisation",
        "1.5",
        "--peak",
        "inf",
        "--connection-age",
        "inf",
        "--json",
    )

    assert 2 == ended.code
    assert ["centres", "connection_age", "counters", "lookups", "peak", "utilisation"] == sorted(
        one["key"] for one in ended.page["problems"]
    )
    assert {"command line"} == {one["file"] for one in ended.page["problems"]}


@pytest.mark.parametrize("words", [("--centres", "many"), ("--backend", "paper"), ("--lookups",)])
def test_what_no_option_takes_is_refused(linkage: Linkage, words: tuple[str, ...]) -> None:
    assert 2 == linkage(*ASKED, *words).code


def test_without_centres_there_is_no_plan(linkage: Linkage) -> None:
    assert 2 == linkage("plan", "--counters", "5", "--lookups", "18").code


def test_an_operators_own_figures_are_reckoned_with(linkage: Linkage, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = files("linkage.planning").joinpath("figures.toml").read_text(encoding="utf-8")
    own.write_text(text.replace("[lookup]\nvalue = ", "[lookup]\nvalue = 10"), encoding="utf-8")

    def processors(*words: str) -> float:
        lines: list[dict[str, Any]] = linkage(*ASKED, *words, "--json").page["lines"]
        return float(next(line["value"] for line in lines if line["key"] == "processors"))

    assert processors("--figures", str(own)) > processors()


def test_figures_that_are_none_are_refused_with_the_file(linkage: Linkage, tmp_path: Path) -> None:
    ended = linkage(*ASKED, "--figures", tmp_path / "none.toml", "--json")

    assert 2 == ended.code
    assert [str(tmp_path / "none.toml")] == [one["file"] for one in ended.page["problems"]]


def test_the_command_needs_no_settings_and_no_gateway(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "linkage.cli.main", *ASKED, "--json"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )

    assert 0 == ended.returncode, ended.stderr
    assert json.loads(ended.stdout)["fits"]
    assert [] == list(tmp_path.iterdir())
