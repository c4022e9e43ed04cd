"""Every reason is given by some line of the gateway, its sentence names nobody, and its code keeps to its meaning."""

import ast
import re
from pathlib import Path

import grpc
import pytest

from linkage.errors import Reason
from linkage.rpc.reasons import TABLE

LINKAGE = Path(__file__).parents[2] / "linkage"


def _produced(file: Path) -> set[str]:
    """Reasons that a file gives somebody: as an argument of what is made or raised, or looked up for it; not those it merely compares."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        given: list[ast.expr] = []
        match node:
            case ast.Call(args=args, keywords=keywords):
                given = [*args, *(keyword.value for keyword in keywords)]
            case ast.Tuple(elts=given):
                pass
            case ast.Dict(values=given):
                pass
        found |= {
            part.attr
            for part in given
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "Reason"
        }
    return found


def test_every_reason_is_given_by_some_line_of_the_gateway() -> None:
    files = [file for file in LINKAGE.rglob("*.py") if file.name != "errors.py" and "v1" not in file.parts and "client" not in file.parts]

    produced = set().union(*(_produced(file) for file in files))

    assert {reason.name for reason in Reason} == produced


@pytest.mark.parametrize("reason", list(Reason))
def test_a_sentence_is_of_its_language_and_names_nobody(reason: Reason) -> None:
    row = TABLE[reason]

    assert not re.search("[ก-๙]", row.en)
    assert not re.search("[0-9๐-๙]", row.en + row.th)
    assert 20 <= len(row.en) <= 300
    assert ("{source}" in row.en) == ("{source}" in row.th)


def test_codes_keep_to_their_meanings() -> None:
    code = {reason: row.code for reason, row in TABLE.items()}

    assert {grpc.StatusCode.INVALID_ARGUMENT} == {code[reason] for reason in Reason if reason.name.startswith(("UNKNOWN_", "MALFORMED"))}
    assert {grpc.StatusCode.UNAVAILABLE} == {code[reason] for reason in Reason if reason.name.endswith("_UNAVAILABLE")}
    assert {grpc.StatusCode.RESOURCE_EXHAUSTED} == {code[reason] for reason in Reason if reason.name.endswith("_EXHAUSTED")}
    assert [Reason.ENTRY_UNKNOWN] == [reason for reason, one in code.items() if one is grpc.StatusCode.NOT_FOUND]
    assert [Reason.LOG_CORRUPT] == [reason for reason, one in code.items() if one is grpc.StatusCode.DATA_LOSS]
    assert [Reason.INTERNAL] == [reason for reason, one in code.items() if one is grpc.StatusCode.INTERNAL]
    assert grpc.StatusCode.OK not in code.values()
    assert grpc.StatusCode.UNKNOWN not in code.values()
