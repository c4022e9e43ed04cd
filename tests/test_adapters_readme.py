"""adapters/README.md says what is: every check of the kit with its because, every adapter with its records."""

import re
from pathlib import Path

import pytest

import adapters
from linkage.catalogue import load_records
from linkage.pages import Written
from linkage.sources.conformance import CHECKS
from linkage.sources.installed import list_installed
from linkage.sources.rest import written

FOLDER = Path(next(iter(adapters.__path__)))
README = (FOLDER / "README.md").read_text(encoding="utf-8")
OURS = [one for one in list_installed() if one.package == "linkage"]


def test_the_table_of_checks_is_the_kits_own_list() -> None:
    table = README.split("<!-- checks -->\n", 1)[1].split("<!-- /checks -->", 1)[0]
    expected = "".join(f"| `{check.name}` | {check.because} |\n" for check in CHECKS.values())
    assert table == "| Check | Because |\n|---|---|\n" + expected


def test_every_folder_is_in_the_table_of_adapters() -> None:
    folders = {path.name for path in FOLDER.iterdir() if (path / "__init__.py").is_file() or (path / "manifest.toml").is_file()}
    assert folders == {name for name in folders if f"| [{name}]({name}/README.md) |" in README}
    assert folders == {one.name for one in OURS}


@pytest.mark.parametrize("name", [one.name for one in OURS])
def test_a_row_names_the_adapters_record_types_and_whether_its_wire_is_assumed(name: str) -> None:
    (listed,) = (one for one in OURS if one.name == name)
    assert listed.candidate is not None, listed.problem
    adapter = listed.candidate.make()
    row = next(line for line in README.splitlines() if line.startswith(f"| [{name}]("))
    kinds = () if adapter.records_file is None else load_records([adapter.records_file])
    assert all(f"`{kind.type}`" in row for kind in kinds), [kind.type for kind in kinds]
    assert bool(adapter.assumed) == ("assumed wire" in row)


@pytest.mark.parametrize(
    "table",
    [
        written.WrittenManifest,
        written.WrittenAgency,
        written.HeaderKey,
        written.BasicLogin,
        written.QueryToken,
        written.ClientCredentials,
        written.WrittenSetting,
        written.WrittenEndpoint,
        written.WrittenRule,
        written.WrittenRecord,
        written.WrittenAbout,
        written.WrittenField,
    ],
    ids=lambda table: table.__name__,
)
def test_every_key_of_a_manifest_is_named(table: type[Written]) -> None:
    section = README.split("### What a manifest may say", 1)[1].split("\n## ", 1)[0]
    assert [] == [name for name in table.model_fields if not re.search(rf"`{name}`|\[(record\.)?{name}(\.X)?\]", section)]
