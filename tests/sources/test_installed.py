"""Adapters are found by name, or in the folder they are written in; what cannot be loaded says why."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.errors import Problem, SettingsInvalid
from linkage.sources.adapter import Fetches
from linkage.sources.installed import find, list_installed, simulator_of

CODE = """
from pathlib import Path
from pydantic import BaseModel
from linkage.sources.adapter import Adapter, Fetches

class Pier(Adapter, Fetches):
    Settings = BaseModel
    records_file = Path(__file__).with_name("records.toml")
    def base_urls(self, settings):
        return frozenset()
    async def fetch(self, query, link):
        return {}

class Half(Adapter, Fetches):
    Settings = BaseModel
    def base_urls(self, settings):
        return frozenset()

class Sim:
    pass

def breaks():
    raise KeyError("a secret of the simulator's")
"""


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A project that is not installed; what it imports is forgotten afterwards."""
    package = f"pier_{abs(hash(request.node.name)) % 10**8}"
    before = list(sys.path)
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text(CODE, encoding="utf-8")
    write(tmp_path, f'pier = "{package}:Pier"', f'pier = "{package}:Sim"')
    yield tmp_path
    sys.path[:] = before
    sys.modules.pop(package, None)


def write(folder: Path, adapters: str, simulators: str = "") -> None:
    text = f"""
[project]
name = "linkage-pier"
version = "2.1"
[project.entry-points."linkage.adapters"]
{adapters}
[project.entry-points."linkage.simulators"]
{simulators}
"""
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def package_of(project: Path) -> str:
    return next(one.name for one in project.iterdir() if one.is_dir())


def problem_of(where: str | Path) -> Problem:
    with pytest.raises(SettingsInvalid) as raised:
        find(where)
    (problem,) = raised.value.problems
    return problem


def test_an_installed_adapter_is_found_by_its_name() -> None:
    found = find("dopa")

    assert (found.name, found.package) == ("dopa", "linkage")
    assert isinstance(found.make(), Fetches)
    assert (found.folders[0] / "README.md").is_file()


def test_every_call_makes_a_new_adapter_and_a_new_simulator() -> None:
    found = find("dopa")

    assert found.make() is not found.make()
    assert simulator_of(found) is not simulator_of(found)


def test_a_package_that_holds_a_manifest_is_an_adapter_too() -> None:
    found = find("dlt")

    assert found.make().records_file == found.folders[0] / "records.toml"
    assert simulator_of(found) is not None


def test_a_manifests_folder_is_found_by_its_path() -> None:
    folder = find("dlt").folders[0]

    assert find(folder).name == "dlt"
    assert find(str(folder)).folders == (folder,)


def test_an_installed_adapter_is_found_by_its_own_folder_as_well() -> None:
    assert find(find("dopa").folders[0]).name == "dopa"


def test_a_project_that_is_not_installed_is_found_by_its_path(project: Path) -> None:
    found = find(project)

    assert (found.name, found.package, found.version) == ("pier", "linkage-pier", "2.1")
    assert found.folders == (project / package_of(project), project)
    assert type(simulator_of(found)).__name__ == "Sim"


def test_a_projects_own_code_wins_over_what_is_installed(project: Path) -> None:
    find(project)

    assert sys.path[0] in (str(project), str(project / "src"))


def test_a_name_that_is_not_installed_is_refused_with_those_that_are() -> None:
    problem = problem_of("nowhere")

    assert problem.got == "'nowhere'"
    assert "dopa" in problem.expected


def test_a_folder_that_holds_no_adapter_is_refused(tmp_path: Path) -> None:
    assert problem_of(tmp_path).expected == "pyproject.toml or manifest.toml in it"


def test_a_project_that_names_no_adapter_is_refused(project: Path) -> None:
    write(project, "")

    assert problem_of(project).got == "0 adapters"


def test_a_pyproject_that_is_not_toml_is_refused(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project", encoding="utf-8")

    assert problem_of(project).expected == "TOML in UTF-8"


@pytest.mark.parametrize(
    ("target", "got"),
    [
        ("{package}:Missing", "which cannot be imported (AttributeError)"),
        ("no_such_module_at_all:Pier", "which cannot be imported (ModuleNotFoundError: No module named 'no_such_module_at_all')"),
        ("{package}:Sim", "which is none"),
        ("{package}:Half", "which lacks fetch"),
        ("linkage.sources", "a package without manifest.toml"),
    ],
)
def test_what_is_no_adapter_is_refused_with_why(target: str, got: str, project: Path) -> None:
    write(project, f'pier = "{target.format(package=package_of(project))}"')

    assert problem_of(project).got.endswith(got)


def test_code_that_fails_as_it_is_imported_is_refused_without_its_words(project: Path) -> None:
    (project / package_of(project) / "__init__.py").write_text("raise RuntimeError('a password')", encoding="utf-8")

    problem = problem_of(project)

    assert problem.got.endswith("which cannot be imported (RuntimeError)")


def test_a_simulator_that_cannot_be_made_is_refused_without_its_words(project: Path) -> None:
    write(project, f'pier = "{package_of(project)}:Pier"', f'pier = "{package_of(project)}:breaks"')
    found = find(project)

    with pytest.raises(SettingsInvalid) as raised:
        simulator_of(found)

    assert raised.value.problems[0].got == "KeyError, raised as it was made"


def test_every_installed_adapter_is_listed() -> None:
    listed = {one.name: one for one in list_installed()}

    assert listed["dopa"].candidate is not None
    assert listed["dopa"].package == "linkage"


def distribution(folder: Path, name: str, adapter: str) -> None:
    """What an installed wheel leaves behind for entry points to be found."""
    info = folder / f"{name}-1.4.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.4\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[linkage.adapters]\n{adapter}\n", encoding="utf-8")


def test_an_adapter_that_cannot_be_imported_is_listed_with_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path, "broken-pier", "pier = no_such_module_at_all:Pier")
    monkeypatch.syspath_prepend(str(tmp_path))

    listed = {one.name: one for one in list_installed()}

    assert listed["pier"].candidate is None
    assert (listed["pier"].package, listed["pier"].version) == ("broken-pier", "1.4")
    assert "No module named 'no_such_module_at_all'" in listed["pier"].problem
    assert listed["dopa"].candidate is not None


def test_two_installed_adapters_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path, "another-dopa", "dopa = no_such_module_at_all:Pier")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert problem_of("dopa").expected == "one installed adapter of that name, not several"
