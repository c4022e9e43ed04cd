"""records.toml, the code and the README say the same."""

from pathlib import Path

import pytest

import adapters.gdx
from adapters.gdx import Gdx
from adapters.gdx.codes import CARD_ROWS, LINKAGE_ROWS
from adapters.gdx.juristic import ADDRESSES, AUTHORISATIONS, COMMITTEE, OBJECTIVES
from adapters.gdx.settings import JURISTIC_PERSON, PERSON, GdxSettings
from adapters.gdx.simulator import GdxKnobs
from adapters.gdx.tests.world import FIELDS, World
from linkage.catalogue import FieldClass, FieldKind, RecordKind, load_records
from linkage.catalogue.records import NamesSubject
from linkage.sources.adapter import Found, RefusedCause
from linkage.terms import PartialDate, SubjectKind, Value

README = Path(adapters.gdx.__file__).with_name("README.md").read_text(encoding="utf-8")


def kinds() -> dict[str, RecordKind]:
    assert Gdx.records_file is not None
    return {kind.type: kind for kind in load_records([Gdx.records_file])}


def test_every_field_is_declared_and_every_declared_field_is_read() -> None:
    assert {name: list(kind.fields) for name, kind in kinds().items()} == {name: list(known) for name, known in FIELDS.items()}
    assert all(field.sort is FieldClass.ORDINARY for kind in kinds().values() for field in kind.fields.values())


def test_each_type_says_whom_it_is_about_and_how_it_names_them() -> None:
    body, person = kinds()[JURISTIC_PERSON], kinds()[PERSON]
    assert (body.subjects, body.names_subject) == (frozenset({SubjectKind.JURISTIC}), NamesSubject.NUMBER)
    assert (person.subjects, person.names_subject) == (frozenset({SubjectKind.PERSON}), NamesSubject.NAME_AND_BIRTH_DATE)


def kind_of(value: Value) -> FieldKind:
    match value:
        case str():
            return FieldKind.TEXT
        case PartialDate():
            return FieldKind.DATE
        case tuple():
            return FieldKind.LIST
        case _:
            return FieldKind.GROUP if isinstance(value, dict) else FieldKind.NUMBER


async def test_every_value_is_of_the_kind_declared(world: World) -> None:
    everybody = [(PERSON, number) for number in world.simulator.people] + [(JURISTIC_PERSON, number) for number in world.simulator.bodies]
    seen = set()
    for record_type, number in everybody:
        answer = await world.ask(record_type, number)
        for name, value in answer.fields.items() if isinstance(answer, Found) else ():
            if value is not None:
                assert kind_of(value) is kinds()[record_type].fields[name].kind
                seen.add((record_type, name))
    assert seen == {(record_type, name) for record_type, known in FIELDS.items() for name in known}


def test_the_readme_lists_every_field_with_its_kind_and_class() -> None:
    for kind in kinds().values():
        assert f"### `{kind.type}`: {kind.title_th}" in README
        assert kind.legal_owner in README
        section = README.split(f"### `{kind.type}`")[1].split("\n##")[0]
        for field in kind.fields.values():
            wire = FIELDS[kind.type][field.name].key
            assert f"| `{field.name}` | {field.label_th} | {field.label_en} | {field.kind} | {field.sort} | `{wire}` |" in section


def test_the_readme_names_every_member_with_its_wire_key() -> None:
    for members in (COMMITTEE, AUTHORISATIONS, OBJECTIVES, ADDRESSES):
        assert all(f"`{name}` (`{wire.key}`)" in README for name, wire in members.items())


@pytest.mark.parametrize("name", sorted({*GdxSettings.model_fields, *GdxKnobs.model_fields} - {"huge_bytes"}))
def test_the_readme_names_every_setting_and_knob(name: str) -> None:
    assert f"`{name}`" in README


def test_the_readme_names_every_reason_of_the_card_check_and_every_code_that_is_no_failure() -> None:
    for row in CARD_ROWS:
        assert row.text.rsplit("กรณี", 1)[-1].strip() in README
    assert all(str(code) in README for code, outcome in LINKAGE_ROWS.items() if isinstance(outcome, RefusedCause) or outcome == "not_found")
