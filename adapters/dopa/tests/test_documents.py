"""records.toml, the code and the README say the same."""

from pathlib import Path

import pytest

import adapters.dopa
from adapters.dopa import Dopa
from adapters.dopa.codes import CARD_ROWS
from adapters.dopa.records import SHAPES
from adapters.dopa.settings import DopaSettings
from adapters.dopa.simulator import DopaKnobs
from adapters.dopa.tests.world import World
from linkage.catalogue import FieldClass, FieldKind, RecordKind, load_records
from linkage.sources.adapter import Found
from linkage.terms import PartialDate, Value

README = Path(adapters.dopa.__file__).with_name("README.md").read_text(encoding="utf-8")


def kinds() -> dict[str, RecordKind]:
    assert Dopa.records_file is not None
    return {kind.type: kind for kind in load_records([Dopa.records_file])}


def test_every_field_is_declared_and_every_declared_field_is_read() -> None:
    declared = {name: list(kind.fields) for name, kind in kinds().items()}
    assert declared == {name: list(shape.fields) for name, shape in SHAPES.items()}


def test_religion_and_blood_are_sensitive_and_nothing_else_is() -> None:
    found = {
        (kind.type, field.name) for kind in kinds().values() for field in kind.fields.values() if field.sort is not FieldClass.ORDINARY
    }
    assert found == {("dopa.id_card", name) for name in ("blood", "religion", "religion_other")}
    assert all(
        field.sort is FieldClass.SENSITIVE for name, field in kinds()["dopa.id_card"].fields.items() if ("dopa.id_card", name) in found
    )


def kind_of(value: Value) -> FieldKind:
    match value:
        case bool():
            return FieldKind.FLAG
        case str():
            return FieldKind.TEXT
        case PartialDate():
            return FieldKind.DATE
        case tuple():
            return FieldKind.LIST
        case _:
            return FieldKind.GROUP if isinstance(value, dict) else FieldKind.NUMBER


async def test_every_value_is_of_the_kind_declared(world: World) -> None:
    declared = kinds()
    session = (await world.log_in()).token
    wanted = {name: tuple(shape.fields) for name, shape in SHAPES.items()}
    seen = set()
    for person in world.simulator.people.values():
        for record_type, answer in (await world.fetch(person.number, wanted, session)).items():
            for name, value in answer.fields.items() if isinstance(answer, Found) else ():
                if value is not None:
                    assert kind_of(value) is declared[record_type].fields[name].kind, (record_type, name)
                    seen.add(declared[record_type].fields[name].kind)
    assert seen == set(FieldKind) - {FieldKind.IMAGE}


def test_the_readme_lists_every_field_with_its_kind_and_class() -> None:
    for kind in kinds().values():
        assert f"### `{kind.type}`: {kind.title_th}" in README
        assert kind.legal_owner in README
        section = README.split(f"### `{kind.type}`")[1].split("\n##")[0]
        for field in kind.fields.values():
            wire = SHAPES[kind.type].fields[field.name].key
            row = f"| `{field.name}` | {field.label_th} | {field.label_en} | {field.kind} | {field.sort} | `{wire}` |"
            assert row in section


@pytest.mark.parametrize("name", sorted({*DopaSettings.model_fields, *DopaKnobs.model_fields} - {"huge_bytes"}))
def test_the_readme_names_every_setting_and_knob(name: str) -> None:
    assert f"`{name}`" in README


def test_the_readme_names_every_reason_of_the_card_check() -> None:
    for row in CARD_ROWS:
        assert row.text.rsplit("กรณี", 1)[-1].strip() in README
