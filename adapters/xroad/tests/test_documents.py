"""The files of the folder, the code and the README say the same."""

import json
import tomllib
from pathlib import Path

import pytest

import adapters.xroad
from adapters.xroad import XRoad
from adapters.xroad.adapter import MANIFEST
from adapters.xroad.tests.world import PERSON, URL, World
from linkage.catalogue import RecordKind, load_records
from linkage.sources.adapter import NotFound
from linkage.sources.installed import find
from linkage.sources.rest.mapping import Kind
from linkage.sources.rest.people import read_people
from linkage.sources.rest.xroad.errors import ACTORS, WORDS
from linkage.sources.rest.xroad.messages import NAMESPACE, message_id
from linkage.sources.rest.xroad.simulator import CONSUMER, SecurityServerKnobs

FOLDER = Path(adapters.xroad.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def person() -> RecordKind:
    [kind] = load_records([FOLDER / "records.toml"])
    return kind


def test_the_entry_point_and_the_folder_are_one_adapter() -> None:
    installed, in_folder = find("xroad"), find(FOLDER)
    assert isinstance(installed.make(), XRoad)
    assert installed.folders[0] == in_folder.folders[0] == FOLDER
    made = in_folder.make()
    assert (made.records_file, made.assumed, made.numbers_in_url) == (XRoad.records_file, XRoad.assumed, XRoad.numbers_in_url)
    assert made.Settings.model_json_schema() == XRoad.Settings.model_json_schema()
    assert installed.make_simulator is not None
    assert installed.make_simulator().settings_for("https://ss.example")["client"] == CONSUMER


def test_every_field_is_read_in_its_declared_kind() -> None:
    kind = person()
    mapped = MANIFEST.records[PERSON].fields
    assert list(kind.fields) == list(mapped)
    assert {name: one.kind for name, one in mapped.items()} == {name: Kind(field.kind) for name, field in kind.fields.items()}


def test_the_readme_lists_every_field_with_its_kind_class_and_wire_key() -> None:
    kind = person()
    assert f"### `{kind.type}`: {kind.title_th}" in README
    assert kind.legal_owner in README
    for name, field in kind.fields.items():
        key = MANIFEST.records[PERSON].fields[name].path.text
        assert f"| `{name}` | {field.label_th} | {field.label_en} | {field.kind} | {field.sort} | `person.{key}` |" in README


@pytest.mark.parametrize("name", sorted({*XRoad.Settings.model_fields, *SecurityServerKnobs.model_fields} - {"huge_bytes"}))
def test_the_readme_names_every_setting_and_knob(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("said", [*WORDS.values(), *ACTORS.values()])
def test_the_readme_says_what_each_error_becomes(said: str) -> None:
    assert f"`{said}`" in README


def test_the_readme_tells_how_a_message_is_found_from_the_log() -> None:
    assert f"`{NAMESPACE}`" in README
    request = "0198c0de-0000-7000-8000-000000000001"
    assert f"`{request}` of the log is the message `{message_id(request, 'xroad.person')}`" in README


def test_the_readme_counts_the_people_and_says_what_is_assumed() -> None:
    people = read_people(MANIFEST).rows
    assert f"{len(people)} invented people" in README
    assert f"{sum(bool(row.rows) for row in people.values())} of them with a row" in README
    assert len(people) >= 15
    assert MANIFEST.assumed in README


def test_the_settings_in_the_readme_fit() -> None:
    block = next(part.split("```")[0] for part in README.split("```toml\n")[1:] if "[sources.xroad" in part.split("```")[0])
    source = tomllib.loads(block)["sources"]["xroad"]
    for given in source["recipients"].values():
        XRoad.Settings.model_validate(given)


async def test_the_person_that_the_readme_adds_is_found(world: World) -> None:
    line = next(line for line in README.splitlines() if line.startswith('{"number"'))
    number = json.loads(line)["number"]
    assert await world.fetch(number) == NotFound()
    assert (await world.client.post(f"{URL}/_simulator/people", content=line)).status_code == 204
    await world.found(number)
