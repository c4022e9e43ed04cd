"""`linkage adapter new`: what it writes is whole, and what it is asked for wrongly is refused before anything is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Linkage

BIN = Path(sys.executable).parent
LONGEST = "land_tax_and_what_it_stands_on"
KINDS = pytest.mark.parametrize("rest", [(), ("--rest",)], ids=["python", "rest"])


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_project_has_everything_that_an_adapter_needs(linkage: Linkage, tmp_path: Path) -> None:
    ended = linkage("adapter", "new", "land_tax", "--into", tmp_path, "--json")

    assert 0 == ended.code
    folder = Path(ended.page["folder"])
    package = {"__init__.py", "adapter.py", "agency.py", "people.py", "py.typed", "readers.py", "records.toml", "simulator.py", "wire.py"}
    expected = {f"linkage_land_tax/{name}" for name in package | {"fixtures/people.toml"}}
    expected |= {"README.md", "pyproject.toml", "tests/test_adapter.py", "tests/test_conformance.py"}
    assert expected == files_in(folder) == set(ended.page["files"])
    assert (folder / "linkage_land_tax/fixtures/people.toml").read_text(encoding="utf-8").count("[[person]]") >= 15


def test_a_manifest_has_no_python_at_all(linkage: Linkage, tmp_path: Path) -> None:
    ended = linkage("adapter", "new", "land_tax", "--rest", "--into", tmp_path / "not" / "there", "--json")

    assert 0 == ended.code
    folder = Path(ended.page["folder"])
    assert {"README.md", "manifest.toml", "people.toml", "records.toml"} == files_in(folder)
    assert (folder / "people.toml").read_text(encoding="utf-8").count("[[person]]") >= 15


@pytest.mark.parametrize("name", ["ab", LONGEST])
def test_a_project_is_in_order_for_formatter_linter_types_and_its_own_tests(linkage: Linkage, tmp_path: Path, name: str) -> None:
    linkage("adapter", "new", name, "--into", tmp_path)

    for command in (["ruff", "format", "--check"], ["ruff", "check"], ["mypy"], ["python", "-m", "pytest", "-q"]):
        ended = subprocess.run(
            [str(BIN / command[0]), *command[1:]], cwd=tmp_path / name, capture_output=True, text=True, check=False, timeout=100
        )
        assert 0 == ended.returncode, (command, ended.stdout, ended.stderr)


@KINDS
def test_what_is_new_conforms(linkage: Linkage, tmp_path: Path, rest: tuple[str, ...]) -> None:
    linkage("adapter", "new", "land_tax", *rest, "--into", tmp_path)

    ended = linkage("adapter", "check", tmp_path / "land_tax", "--json")

    assert (0, True) == (ended.code, ended.page["ok"])


@KINDS
@pytest.mark.parametrize(
    "name",
    ["", "x", "Land_Tax", "land-tax", "1st", "_tax", "tax_", "land__tax", "land tax", "../tax", "/tmp/tax", "ภาษี", "tax\n", "x" * 31],
)
def test_a_name_that_cannot_be_a_source_is_refused(linkage: Linkage, tmp_path: Path, name: str, rest: tuple[str, ...]) -> None:
    ended = linkage("adapter", "new", *rest, "--into", tmp_path, "--json", "--", name)

    assert 2 == ended.code
    (problem,) = ended.page["problems"]
    assert ("NAME", repr(name)) == (problem["key"], problem["got"])
    assert "beginning with a letter" in problem["expected"]
    assert not files_in(tmp_path)


@KINDS
def test_the_name_of_an_installed_adapter_is_refused(linkage: Linkage, tmp_path: Path, rest: tuple[str, ...]) -> None:
    ended = linkage("adapter", "new", "dopa", *rest, "--into", tmp_path, "--json")

    assert (2, "'dopa', which is installed already") == (ended.code, ended.page["problems"][0]["got"])
    assert not files_in(tmp_path)


@KINDS
def test_a_folder_with_something_in_it_is_left_alone(linkage: Linkage, tmp_path: Path, rest: tuple[str, ...]) -> None:
    (tmp_path / "tax").mkdir()
    (tmp_path / "tax" / "README.md").write_text("mine", encoding="utf-8")

    ended = linkage("adapter", "new", "tax", *rest, "--into", tmp_path, "--json")

    assert (2, "a folder with something in it") == (ended.code, ended.page["problems"][0]["got"])
    assert {"README.md"} == files_in(tmp_path / "tax")
    assert "mine" == (tmp_path / "tax" / "README.md").read_text(encoding="utf-8")


def test_an_empty_folder_is_filled_and_a_file_in_its_place_is_not_replaced(linkage: Linkage, tmp_path: Path) -> None:
    (tmp_path / "tax").mkdir()
    (tmp_path / "fee").write_text("mine", encoding="utf-8")

    assert 0 == linkage("adapter", "new", "tax", "--into", tmp_path).code
    ended = linkage("adapter", "new", "fee", "--into", tmp_path, "--json")

    assert (2, "a file of that name") == (ended.code, ended.page["problems"][0]["got"])
    assert "mine" == (tmp_path / "fee").read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_said(linkage: Linkage, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("a file", encoding="utf-8")

    ended = linkage("adapter", "new", "tax", "--into", tmp_path / "here", "--json")

    assert (2, "a place that can be written") == (ended.code, ended.page["problems"][0]["expected"])
