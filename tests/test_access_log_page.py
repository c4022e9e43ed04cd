"""The page on the access log and the code say the same. What entries really hold is compared wherever a journey ends."""

from typing import Any

import pytest

from linkage.audit.exported_entry import read_entry
from linkage.audit.record import FACTS, canonical
from linkage.store.contract import Kind
from linkage.terms import Verdict
from tests.documented import documented, undocumented

TYPES = {"text": (str,), "number": (int,), "list": (list, tuple), "group": (dict,)}


def test_every_kind_is_documented_and_no_other() -> None:
    assert [kind.value for kind in Kind] == list(documented().kinds)


def test_every_fact_is_documented_with_its_type_and_no_other() -> None:
    assert dict(FACTS) == {name: TYPES[fact.type] for name, fact in documented().facts.items()}


def test_every_fact_stands_in_some_kind_and_in_none_twice() -> None:
    kinds = set(documented().kinds)
    for name, fact in documented().facts.items():
        assert fact.always | fact.also, name
        assert fact.always | fact.also <= kinds, name
        assert not fact.always & fact.also, name


def test_every_verdict_is_documented_as_a_result() -> None:
    assert {verdict.value for verdict in Verdict} <= documented().results


def test_an_entry_has_the_documented_members() -> None:
    values: dict[str, Any] = {"text": "x", "number": 1, "group": {}}
    entry = {name: values[kind] for name, kind in documented().members.items()}
    entry |= {"eid": "00000000-0000-0000-0000-000000000001", "ref": "00000000-0000-0000-0000-000000000002"}
    assert 1 == read_entry(0, canonical(entry), bytes(32)).ms


GOOD: dict[str, Any] = {"kind": "clock", "facts": {"step_ms": 5}}


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        (GOOD, []),
        ({**GOOD, "kind": "dance"}, ["dance: no such kind"]),
        ({**GOOD, "facts": {}}, ["clock: lacks step_ms"]),
        ({**GOOD, "facts": {"step_ms": 5, "pid": 1}}, ["clock: fact pid"]),
        ({**GOOD, "facts": {"step_ms": 5, "shoe_size": 1}}, ["clock: fact shoe_size"]),
        ({**GOOD, "more": 1}, ["clock: member more"]),
        ({**GOOD, "sealed": {"fields": {"subject": "x"}}}, ["clock: seals subject"]),
        ({"kind": "outcome", "facts": {"result": "perhaps"}}, ["outcome: result perhaps"]),
    ],
)
def test_what_the_page_does_not_say_is_found(entry: dict[str, Any], wrong: list[str]) -> None:
    assert wrong == undocumented(entry)
