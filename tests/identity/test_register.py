"""The register: what it says, and everything that can be wrong with it."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from linkage.errors import Problem, Reason, Refusal
from linkage.identity import read_register
from linkage.terms import RecipientId


def problems_of(path: Path) -> dict[str, Problem]:
    problems: list[Problem] = []
    read_register(path, problems)
    return {problem.key: problem for problem in problems}


def edited(desk: Any, before: str, after: str) -> dict[str, Problem]:
    path = desk.folder / "register.toml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    return problems_of(path)


def test_a_register_in_order_knows_everybody(desk: Any) -> None:
    register = desk.register
    assert register.agencies[RecipientId("doe")].name_th == "กรมการจัดหางาน"
    assert register.centres["cm-01"].officers_from == {"doe"}
    assert register.counters["spiffe://linkage.example/centre/cm-01/counter/2"].suspended
    assert register.issuers["https://officers.doe.example"].jwks_file == desk.folder / "doe.jwks.json"
    assert register.auditors["spiffe://linkage.example/auditor/labour"] == {"doe", "dlpw"}
    assert register.suspended_officers == {("https://officers.doe.example", "officer-0099")}
    assert register.revoked_serials == {0x0ABCDE}
    assert register.digest == hashlib.sha256((desk.folder / "register.toml").read_bytes()).hexdigest()
    assert register.agency_of_issuer("https://officers.dlpw.example") == "dlpw"
    assert register.agency_of_issuer("https://officers.elsewhere.example") is None


def test_an_agency_nobody_registered_is_an_unknown_recipient(desk: Any) -> None:
    assert desk.register.expect_agency(RecipientId("doe")).id == "doe"
    with pytest.raises(Refusal) as refused:
        desk.register.expect_agency(RecipientId("sso"))
    assert refused.value.reason is Reason.UNKNOWN_RECIPIENT


def test_a_register_cannot_be_changed(desk: Any) -> None:
    with pytest.raises(TypeError):
        desk.register.counters["spiffe://linkage.example/x"] = None
    with pytest.raises(AttributeError):
        desk.register.digest = ""


COUNTER_1 = "spiffe://linkage.example/centre/cm-01/counter/1"
WRONG = {
    "unknown top-level key": ("revoked_serials", "revoked_serial", "revoked_serial"),
    "unknown key": ("suspended = true", "suspend = true", "counter[spiffe://linkage.example/centre/cm-01/counter/2].suspend"),
    "wrong type": ("suspended = true", 'suspended = "yes"', "counter[spiffe://linkage.example/centre/cm-01/counter/2].suspended"),
    "missing key": ('province = "เชียงใหม่"\n', "", "centre[cm-01].province"),
    "bad id": ('id = "cm-01"', 'id = "CM 01"', "centre[CM 01].id"),
    "line break in a name": ('"Department of Employment"', '"Department\\nof Employment"', "agency[doe].name_en"),
    "agency twice": ('id = "dlpw"', 'id = "doe"', "agency[doe].id"),
    "counter twice": ("counter/2", "counter/1", f"counter[{COUNTER_1}].uri"),
    "issuer twice": ("officers.dlpw.example", "officers.doe.example", "issuer[https://officers.doe.example].issuer"),
    "dangling agency of a centre": ('agency = "doe"\n\n[[counter]]', 'agency = "sso"\n\n[[counter]]', "centre[cm-01].agency"),
    "dangling officers_from": (
        'agency = "doe"\n\n[[counter]]',
        'agency = "doe"\nofficers_from = ["doe", "sso"]\n\n[[counter]]',
        "centre[cm-01].officers_from",
    ),
    "nobody in officers_from": (
        'agency = "doe"\n\n[[counter]]',
        'agency = "doe"\nofficers_from = []\n\n[[counter]]',
        "centre[cm-01].officers_from",
    ),
    "dangling centre": ('counter/1"\ncentre = "cm-01"', 'counter/1"\ncentre = "cm-02"', f"counter[{COUNTER_1}].centre"),
    "dangling agency of an issuer": ('agency = "dlpw"\njwks', 'agency = "sso"\njwks', "issuer[https://officers.dlpw.example].agency"),
    "dangling agency of an auditor": ('["doe", "dlpw"]', '["doe", "sso"]', "auditor[spiffe://linkage.example/auditor/labour].agencies"),
    "dangling issuer of a suspension": (
        '[[suspended_officer]]\nissuer = "https://officers.doe.example"',
        '[[suspended_officer]]\nissuer = "https://officers.sso.example"',
        "suspended_officer[https://officers.sso.example].issuer",
    ),
    "auditor that is a counter": ("spiffe://linkage.example/auditor/labour", COUNTER_1, f"auditor[{COUNTER_1}].uri"),
    "wildcard": ("counter/2", "counter/*", "counter[spiffe://linkage.example/centre/cm-01/counter/*].uri"),
    "no URI": ("spiffe://linkage.example/centre/cm-01/counter/2", "counter-2", "counter[counter-2].uri"),
    "two places for keys": (
        'jwks_file = "doe.jwks.json"',
        'jwks_file = "doe.jwks.json"\njwks_url = "https://a.example/"',
        "issuer[https://officers.doe.example]",
    ),
    "no place for keys": ('jwks_file = "doe.jwks.json"\n', "", "issuer[https://officers.doe.example]"),
    "keys over plain HTTP": (
        'jwks_file = "doe.jwks.json"',
        'jwks_url = "http://a.example/"',
        "issuer[https://officers.doe.example].jwks_url",
    ),
    "no such key file": ('"doe.jwks.json"', '"does.jwks.json"', "issuer[https://officers.doe.example].jwks_file"),
    "a key file that is none": ('"doe.jwks.json"', '"register.toml"', "issuer[https://officers.doe.example].jwks_file"),
    "serial that is none": ('"0a:bc:de"', '"0a:bc:xx"', "revoked_serials.0"),
    "serials that are no list": ('["0a:bc:de"]', '"0a"', "revoked_serials"),
    "one table instead of several": ("[[auditor]]", "[auditor]", "auditor"),
}


@pytest.mark.parametrize(("before", "after", "key"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_reported_where_it_stands(before: str, after: str, key: str, desk: Any) -> None:
    assert key in edited(desk, before, after)


def test_all_problems_are_reported_at_once(desk: Any) -> None:
    path = desk.folder / "register.toml"
    text = path.read_text()
    for before, after in [('counter/1"\ncentre = "cm-01"', 'counter/1"\ncentre = "cm-02"'), ("suspended = true", "suspend = true")]:
        text = text.replace(before, after, 1)
    path.write_text(text.replace('province = "เชียงใหม่"\n', "").replace('["doe", "dlpw"]', '["sso", "dla"]'))
    assert len(problems_of(path)) == 4


def test_an_officer_suspended_twice_is_a_problem(desk: Any) -> None:
    again = '\n[[suspended_officer]]\nissuer = "https://officers.doe.example"\nsubject = "officer-0099"\n'
    assert set(edited(desk, "\n[[auditor]]", again + "\n[[auditor]]")) == {"suspended_officer[#2]"}


def test_a_citizen_number_among_suspended_officers_is_not_repeated(desk: Any) -> None:
    number = "1100000000016"
    for written in (f'"{number}"', number):
        found = edited(desk, '"officer-0099"', written)
        assert set(found) == {"suspended_officer[#1].subject"}
        assert number not in str(found)
        edited(desk, written, '"officer-0099"')


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"\xff", "not UTF-8"), (b"[[agency]\n", "line 1"), (b"a=" + b"[" * 5000, "nested")],
    ids=["bytes", "syntax", "nested"],
)
def test_a_file_that_is_no_toml_is_one_problem(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "register.toml").write_bytes(content)
    (problem,) = problems_of(tmp_path / "register.toml").values()
    assert expected in problem.got


def test_a_file_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "register.toml").values()
    assert problem.expected == "a readable TOML file"
