"""records.toml, the code and the README say the same."""

from pathlib import Path

import pytest

import adapters.sso
from adapters.sso import Sso
from adapters.sso.employments import EMPLOYMENTS, MEMBERS, STATUSES
from adapters.sso.settings import SsoSettings
from adapters.sso.simulator import SsoKnobs
from adapters.sso.tests.world import World, person
from linkage.catalogue import FieldClass, FieldKind, NamesSubject, RecordKind, load_records
from linkage.terms import SubjectKind

README = Path(adapters.sso.__file__).with_name("README.md").read_text(encoding="utf-8")


def employment() -> RecordKind:
    assert Sso.records_file is not None
    [kind] = load_records([Sso.records_file])
    return kind


def test_the_field_is_declared_as_it_is_answered() -> None:
    kind = employment()
    assert list(kind.fields) == [EMPLOYMENTS]
    assert (kind.fields[EMPLOYMENTS].kind, kind.fields[EMPLOYMENTS].sort) == (FieldKind.LIST, FieldClass.ORDINARY)
    assert kind.subjects == {SubjectKind.PERSON}
    assert kind.names_subject is NamesSubject.NOBODY


async def test_every_row_has_the_members_declared(world: World) -> None:
    for one in world.simulator.people.values():
        if one.employments:
            assert all(set(row) == set(MEMBERS) for row in await world.employments(person(one.number)))


def test_the_readme_lists_the_field_and_every_member() -> None:
    kind = employment()
    assert f"### `{kind.type}`: {kind.title_th}" in README
    assert kind.legal_owner in README
    field = kind.fields[EMPLOYMENTS]
    row = f"| `{field.name}` | {field.label_th} | {field.label_en} | {field.kind} | {field.sort} | `result.employments[]` |"
    assert row in README
    for name, member in MEMBERS.items():
        assert f"| `{name}` |" in README
        assert f"| `{member.element}` |" in README


@pytest.mark.parametrize(("code", "text"), STATUSES.items())
def test_the_readme_names_every_status(code: str, text: str) -> None:
    assert f"| {code} | {text} |" in README


@pytest.mark.parametrize("name", sorted({*SsoSettings.model_fields, *SsoKnobs.model_fields} - {"huge_bytes"}))
def test_the_readme_names_every_setting_and_knob(name: str) -> None:
    assert f"`{name}`" in README
