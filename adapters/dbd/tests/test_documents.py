"""records.toml, the code and the README say the same."""

from pathlib import Path

import pytest

import adapters.dbd
from adapters.dbd import Dbd
from adapters.dbd.fields import ADDRESS, FIELDS, OBJECTIVE, STATUSES
from adapters.dbd.settings import DbdSettings
from adapters.dbd.simulator import DbdKnobs
from adapters.dbd.tests.world import World
from linkage.catalogue import FieldClass, FieldKind, RecordKind, load_records
from linkage.catalogue.records import NamesSubject
from linkage.terms import PartialDate, SubjectKind, Value

README = Path(adapters.dbd.__file__).with_name("README.md").read_text(encoding="utf-8")


def kind() -> RecordKind:
    assert Dbd.records_file is not None
    [only] = load_records([Dbd.records_file])
    return only


def test_every_field_is_declared_and_every_declared_field_is_read() -> None:
    assert list(kind().fields) == list(FIELDS)
    assert all(field.sort is FieldClass.ORDINARY for field in kind().fields.values())


def test_it_is_kept_about_juristic_persons_and_repeats_the_number() -> None:
    assert kind().subjects == {SubjectKind.JURISTIC}
    assert kind().names_subject is NamesSubject.NUMBER


def kind_of(value: Value) -> FieldKind:
    match value:
        case str():
            return FieldKind.TEXT
        case PartialDate():
            return FieldKind.DATE
        case _:
            return FieldKind.GROUP if isinstance(value, dict) else FieldKind.NUMBER


async def test_every_value_is_of_the_kind_declared(world: World) -> None:
    seen = set()
    for number in world.simulator.bodies:
        for name, value in (await world.record(number)).items():
            if value is not None:
                assert kind_of(value) is {str(key): field.kind for key, field in kind().fields.items()}[name]
                seen.add(name)
    assert seen == set(FIELDS)


def test_the_readme_lists_every_field_with_its_kind_and_class() -> None:
    record = kind()
    assert f"### `{record.type}`: {record.title_th}" in README
    assert record.legal_owner in README
    for field in record.fields.values():
        wire = "/".join(FIELDS[field.name].path)
        assert f"| `{field.name}` | {field.label_th} | {field.label_en} | {field.kind} | {field.sort} | `{wire}` |" in README


def test_the_readme_names_every_member_with_its_wire_key_and_every_status() -> None:
    for name, wire in (OBJECTIVE | ADDRESS).items():
        assert f"`{name}`" in README
        assert all(f"`{key}`" in README for key in wire.path)
    assert all(status in README for status in STATUSES)


@pytest.mark.parametrize("name", sorted({*DbdSettings.model_fields, *DbdKnobs.model_fields} - {"huge_bytes"}))
def test_the_readme_names_every_setting_and_knob(name: str) -> None:
    assert f"`{name}`" in README
