"""records.toml, the code and the README say the same."""

from pathlib import Path

import pytest

import adapters.led
from adapters.led import Led
from adapters.led.cases import FIELDS
from adapters.led.codes import FAILURES, FOUND, NOT_FOUND
from adapters.led.settings import LedSettings
from adapters.led.simulator import LedKnobs
from adapters.led.tests.world import World
from linkage.catalogue import FieldClass, FieldKind, NamesSubject, RecordKind, load_records
from linkage.terms import SubjectKind

README = Path(adapters.led.__file__).with_name("README.md").read_text(encoding="utf-8")


def bankruptcy() -> RecordKind:
    assert Led.records_file is not None
    [kind] = load_records([Led.records_file])
    return kind


def test_every_field_is_declared_and_every_declared_field_is_read() -> None:
    kind = bankruptcy()
    assert list(kind.fields) == list(FIELDS)
    assert {(field.kind, field.sort) for field in kind.fields.values()} == {(FieldKind.LIST, FieldClass.ORDINARY)}
    assert kind.subjects == set(SubjectKind)
    assert kind.names_subject is NamesSubject.NOBODY


async def test_every_value_is_a_list_of_the_members_declared(world: World) -> None:
    for party in world.simulator.parties.values():
        if party.cases:
            for name, value in (await world.found(party.as_subject())).fields.items():
                assert isinstance(value, tuple)
                assert all(isinstance(row, dict) and set(row) == set(FIELDS[name]) for row in value)


def test_the_readme_lists_every_field_with_its_kind_and_class_and_every_member() -> None:
    kind = bankruptcy()
    assert f"### `{kind.type}`: {kind.title_th}" in README
    assert kind.legal_owner in README
    for field in kind.fields.values():
        assert f"| `{field.name}` | {field.label_th} | {field.label_en} | {field.kind} | {field.sort} | `data` |" in README
        for name, member in FIELDS[field.name].items():
            keys = ", ".join(f"`{key}`" for key in member.keys)
            assert f"| `{field.name}` | `{name}` |" in README
            assert f"| {keys} |" in README


@pytest.mark.parametrize("name", sorted({*LedSettings.model_fields, *LedKnobs.model_fields} - {"huge_bytes"}))
def test_the_readme_names_every_setting_and_knob(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("code", [FOUND, NOT_FOUND, *FAILURES])
def test_the_readme_names_every_code(code: str) -> None:
    assert f"| {code} |" in README
