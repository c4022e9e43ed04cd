"""The tables are complete: every reason told, produced and documented; every RPC with a role."""

import re
import tomllib
from pathlib import Path

import pytest

from linkage.errors import Reason
from linkage.rpc.reasons import TABLE
from linkage.rpc.roles import ROLES, check_roles
from linkage.rpc.server import SERVICES
from linkage.terms import Assurance, CardProblem, NoMatch, Verdict
from linkage.v1 import lookup_pb2, reason_pb2, verification_pb2

ROOT = Path(__file__).parents[2]
THAI = re.compile("[\u0e00-\u0e7f]")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_in_thai_and_english_by_who_can_mend_it(reason: Reason) -> None:
    row = TABLE[reason]

    assert THAI.search(row.th)
    assert row.en.endswith(".")
    assert row.who in {"counter", "officer", "agency", "operator", "nobody"}
    assert not re.search(r"\{(?!source\})", row.en + row.th)


def test_the_contract_lists_exactly_these_reasons() -> None:
    in_contract = {value.name.removeprefix("REASON_") for value in reason_pb2.Reason.DESCRIPTOR.values} - {"UNSPECIFIED"}

    assert {reason.value for reason in Reason} == in_contract


def test_the_readme_says_of_every_reason_what_the_table_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    for reason, row in TABLE.items():
        line = f"| `{reason.value}` | {row.code.name} | {row.who} | {row.en.replace('{source}', 'The agency')} |"
        assert line in readme


def test_every_rpc_that_is_served_has_a_role_and_every_role_an_rpc() -> None:
    served = {f"{service.full_name}/{method.name}" for service in SERVICES for method in service.methods}

    check_roles(SERVICES)
    assert served == {name for name in ROLES if name.startswith("linkage.")}


def test_an_rpc_without_a_role_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = lookup_pb2.DESCRIPTOR.services_by_name["LookupService"]
    monkeypatch.delitem(ROLES, "linkage.v1.LookupService/Lookup")

    with pytest.raises(RuntimeError, match="LookupService/Lookup"):
        check_roles([lookup])


def test_verdicts_and_parts_have_the_names_of_the_vocabulary() -> None:
    pairs = [
        ([each.name for each in Verdict], verification_pb2.Verdict.keys(), "VERDICT_"),
        ([each.name for each in NoMatch], verification_pb2.NoMatch.keys(), "NO_MATCH_"),
        ([each.name for each in CardProblem], verification_pb2.CardProblem.keys(), "CARD_PROBLEM_"),
        ([each.name for each in Assurance], verification_pb2.Assurance.keys(), "ASSURANCE_"),
    ]
    for ours, theirs, prefix in pairs:
        assert set(ours) == {name.removeprefix(prefix) for name in theirs} - {"UNSPECIFIED"}


def test_the_sentences_of_the_table_are_toml_a_translator_can_edit() -> None:
    content = tomllib.loads((ROOT / "linkage" / "rpc" / "reasons.toml").read_text(encoding="utf-8"))

    assert all(row.keys() == {"code", "who", "en", "th"} for row in content.values())
