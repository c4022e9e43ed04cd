"""`linkage adapter check` and `linkage adapter list`."""

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from linkage.sources.conformance import CHECKS
from tests.cli.conftest import Linkage

HARBOUR = Path(__file__).parents[1] / "sources" / "conformance" / "harbour"


@pytest.fixture
def harbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The invented harbour office as a project that is not installed."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    write(tmp_path, "tests.sources.conformance.harbour.adapter:WholeHarbour")
    return tmp_path


def write(folder: Path, adapter: str, simulator: str = "tests.sources.conformance.harbour.simulator:HarbourSimulator") -> None:
    text = f"""
[project]
name = "linkage-harbour"
version = "3.0"
[project.entry-points."linkage.adapters"]
harbour = "{adapter}"
[project.entry-points."linkage.simulators"]
harbour = "{simulator}"
"""
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text((HARBOUR / "README.md").read_text(encoding="utf-8"), encoding="utf-8")


def test_a_sound_adapter_in_a_folder_passes(linkage: Linkage, harbour: Path) -> None:
    ended = linkage("adapter", "check", harbour)

    assert ended.code == 0
    assert "harbour 3.0" in ended.said
    assert f"{len(CHECKS) - 1} passed, 0 failed, 1 do not apply" in ended.said


def test_a_broken_adapter_is_told_what_to_do(linkage: Linkage, harbour: Path) -> None:
    write(harbour, "tests.sources.conformance.harbour.broken:CannotSayNo")

    ended = linkage("adapter", "check", harbour)

    assert ended.code == 1
    assert "1 failed" in ended.said
    assert CHECKS["not-found-is-an-answer"].remedy in ended.said
    assert CHECKS["not-found-is-an-answer"].because in ended.said


def test_json_has_every_check_and_nothing_else_on_standard_output(linkage: Linkage, harbour: Path) -> None:
    write(harbour, "tests.sources.conformance.harbour.broken:CannotSayNo")

    ended = linkage("adapter", "check", harbour, "--json")

    assert ended.code == 1
    assert ended.page["ok"] is False
    assert [one["name"] for one in ended.page["checks"]] == list(CHECKS)
    (failed,) = [one for one in ended.page["checks"] if one["outcome"] == "failed"]
    assert failed["name"] == "not-found-is-an-answer"
    assert failed["seen"]
    assert failed["what_to_do"]


def test_one_check_can_be_run_alone(linkage: Linkage) -> None:
    ended = linkage("adapter", "check", "thaid", "--only", "records-are-right", "--json")

    assert ended.code == 0
    assert [one["name"] for one in ended.page["checks"]] == ["records-are-right"]


def test_a_check_that_does_not_exist_is_a_usage_error(linkage: Linkage) -> None:
    ended = linkage("adapter", "check", "thaid", "--only", "all-is-well")

    assert ended.code == 2
    assert "all-is-well" in ended.said


def test_an_adapter_that_is_not_there_is_a_usage_error(linkage: Linkage, tmp_path: Path) -> None:
    assert linkage("adapter", "check", "nowhere").code == 2
    assert linkage("adapter", "check", tmp_path).code == 2


def test_a_simulator_that_cannot_be_made_is_a_usage_error(linkage: Linkage, harbour: Path) -> None:
    write(harbour, "tests.sources.conformance.harbour.adapter:Harbour", "tests.sources.conformance.harbour.simulator:nothing")

    ended = linkage("adapter", "check", harbour)

    assert ended.code == 2
    assert "cannot be imported" in ended.said


def test_every_installed_adapter_is_listed_with_what_it_can_do(linkage: Linkage) -> None:
    ended = linkage("adapter", "list", "--json")

    assert ended.code == 0
    rows = {row["name"]: row for row in ended.page["adapters"]}
    assert sorted(rows) == sorted({point.name for point in entry_points(group="linkage.adapters")})
    assert rows["dopa"]["abilities"] == ["fetches", "verifies", "logs in"]
    assert "dopa.person" in rows["dopa"]["records"]
    assert rows["dopa"]["simulator"] is True
    assert rows["dlt"]["assumed"]
    assert not rows["dopa"]["assumed"]


def test_the_list_names_package_and_version(linkage: Linkage) -> None:
    ended = linkage("adapter", "list")

    assert ended.code == 0
    assert "thaid linkage 0.1.0" in ended.said.replace("│ ", "")
