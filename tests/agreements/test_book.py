"""The book of agreements: what it says, and everything that can be wrong with it."""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from linkage.agreements import Book, Known, read_book
from linkage.agreements.model import Quota
from linkage.errors import Problem
from linkage.terms import Assurance, RecipientId, RecordType

KNOWN = Known(
    agencies={"doe", "dlpw"},
    sources={"dopa", "thaid", "dbd"},
    services={"jobseeker_registration", "labour_complaint"},
    records={RecordType("dopa.person"): {"first_name", "birth_date"}, RecordType("dbd.profile"): {"name"}},
)

DOE = """
[[agreement]]
id = "doe-dopa"
title = "Sample"
recipient = "doe"
acting = ["dlpw"]
source = "dopa"
services = ["jobseeker_registration"]
evidence = ["CARD_LASER", "CARD_CHIP"]
login = true
least_assurance = "EXCEPTION"
legal_basis = "Act B.E. 2565 s. 12"
valid_from = 2026-01-01
valid_until = 2026-12-31
grounds = ["director"]
[agreement.records]
"dopa.person" = ["first_name", "birth_date"]
[[agreement.exceptions]]
name = "bedridden"
label_th = "ผู้ป่วยติดเตียง"
label_en = "Bedridden"
"""

THAID = """
[[agreement]]
id = "doe-thaid"
title = "Sample"
recipient = "doe"
source = "thaid"
services = ["jobseeker_registration"]
evidence = ["THAID"]
least_assurance = "THAID"
legal_basis = "Consent"
valid_from = 2026-01-01
valid_until = 2026-12-31
"""


def read(path: Path, known: Known = KNOWN) -> tuple[Book, dict[str, Problem]]:
    problems: list[Problem] = []
    book = read_book(path, known, problems)
    assert len({p.key for p in problems}) == len(problems), "each problem once"
    return book, {problem.key: problem for problem in problems}


def written(folder: Path, *texts: str) -> Path:
    path = folder / "agreements.toml"
    path.write_text("".join(texts))
    return path


def test_an_agreement_says_what_was_written(tmp_path: Path) -> None:
    path = written(tmp_path, DOE)
    book, problems = read(path)
    assert problems == {}
    (agreement,) = book.agreements
    assert (agreement.recipient, sorted(agreement.acting), agreement.source) == ("doe", ["dlpw", "doe"], "dopa")
    assert agreement.records == {"dopa.person": {"first_name", "birth_date"}}
    assert agreement.evidence == {Assurance.CARD_LASER, Assurance.CARD_CHIP}
    assert (agreement.login, agreement.least_assurance, list(agreement.grounds)) == (True, Assurance.EXCEPTION, ["director"])
    assert (agreement.valid_from, agreement.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert agreement.exceptions["bedridden"].label_en == "Bedridden"
    assert book.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_recipient_itself_always_acts(tmp_path: Path) -> None:
    book, _ = read(written(tmp_path, THAID))
    assert book.agreements[0].acting == {"doe"}


def test_an_agreement_s_digest_is_of_what_it_says_and_not_of_its_layout(tmp_path: Path) -> None:
    before = read(written(tmp_path, DOE))[0].agreements[0]
    laid_out = "# a comment\n" + DOE.replace('title = "Sample"\nrecipient = "doe"', 'recipient   = "doe"\ntitle = "Sample"')
    after = read(written(tmp_path, laid_out))[0].agreements[0]
    assert after.digest == before.digest
    for change in [("first_name", "birth_date", '["birth_date"]'), ("director", "", '["shareholder"]')]:
        old = '["first_name", "birth_date"]' if change[0] == "first_name" else '["director"]'
        assert read(written(tmp_path, DOE.replace(old, change[2])))[0].agreements[0].digest != before.digest


def test_a_quota_is_read_is_part_of_the_digest_and_may_name_either_limit(tmp_path: Path) -> None:
    plain = read(written(tmp_path, DOE))[0].agreements[0]
    assert plain.quota == Quota()
    digests = {plain.digest}
    for lines, expected in [
        ("per_day = 20000", Quota(20000)),
        ("per_officer_per_day = 1", Quota(None, 1)),
        ("per_day = 20000\nper_officer_per_day = 300", Quota(20000, 300)),
    ]:
        book, problems = read(written(tmp_path, DOE, f"[agreement.quota]\n{lines}\n"))
        assert problems == {}
        assert book.agreements[0].quota == expected
        digests.add(book.agreements[0].digest)
    assert len(digests) == 4


def test_an_agreement_without_a_quota_has_the_digest_it_had_before_there_were_any(tmp_path: Path) -> None:
    digest = "ad3e90cfba1d8a7c2ed3e4623ec7842af2b99d045370dd4885ae223e19f1cc3c"
    assert read(written(tmp_path, THAID))[0].agreements[0].digest == digest


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("", "agreement[doe-dopa].quota"),
        ("per_day = 0", "agreement[doe-dopa].quota.per_day"),
        ("per_officer_per_day = -1", "agreement[doe-dopa].quota.per_officer_per_day"),
        ("per_day = 1.5", "agreement[doe-dopa].quota.per_day"),
        ('per_day = "many"', "agreement[doe-dopa].quota.per_day"),
        ("per_day = true", "agreement[doe-dopa].quota.per_day"),
        ("per_day = 1\nper_hour = 1", "agreement[doe-dopa].quota.per_hour"),
    ],
)
def test_a_quota_that_limits_nothing_or_is_misspelt_is_a_problem(lines: str, key: str, tmp_path: Path) -> None:
    assert set(read(written(tmp_path, DOE, f"[agreement.quota]\n{lines}\n"))[1]) == {key}


def test_a_quota_on_logins_alone_is_a_problem(tmp_path: Path) -> None:
    text = THAID.replace('evidence = ["THAID"]', "login = true") + "[agreement.quota]\nper_day = 5\n"
    assert set(read(written(tmp_path, text))[1]) == {"agreement[doe-thaid]"}


def test_a_folder_is_one_book_in_the_order_of_ids(tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text(THAID)
    (tmp_path / "2.toml").write_text(DOE)
    (tmp_path / "note.txt").write_text("not an agreement")
    book, problems = read(tmp_path)
    assert problems == {}
    assert [a.id for a in book.agreements] == ["doe-dopa", "doe-thaid"]
    assert [a.id for a in book.of(RecipientId("doe"))] == ["doe-dopa", "doe-thaid"]
    assert book.of(RecipientId("dlpw")) == ()
    lines = "".join(f"{hashlib.sha256((tmp_path / n).read_bytes()).hexdigest()}  {n}\n" for n in ("1.toml", "2.toml"))
    assert book.digest == hashlib.sha256(lines.encode()).hexdigest()


def test_one_id_in_two_files_of_a_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text(DOE)
    (tmp_path / "2.toml").write_text(DOE)
    problems: list[Problem] = []
    read_book(tmp_path, KNOWN, problems)
    assert [(p.key, Path(p.file).name) for p in problems] == [("agreement[doe-dopa].id", "2.toml")]


WRONG = {
    "unknown key": ("login = true", "login = true\nleast_asurance = 1", "agreement[doe-dopa].least_asurance"),
    "unknown top-level key": ("[[agreement]]", "quota = 7\n[[agreement]]", "quota"),
    "missing key": ('legal_basis = "Act B.E. 2565 s. 12"\n', "", "agreement[doe-dopa].legal_basis"),
    "empty legal basis": ('"Act B.E. 2565 s. 12"', '" "', "agreement[doe-dopa].legal_basis"),
    "unknown recipient": ('recipient = "doe"', 'recipient = "sso"', "agreement[doe-dopa].recipient"),
    "unknown acting agency": ('["dlpw"]', '["dlpw", "sso"]', "agreement[doe-dopa].acting"),
    "unknown service": ('["jobseeker_registration"]', '["jobseeker"]', "agreement[doe-dopa].services"),
    "no service": ('["jobseeker_registration"]', "[]", "agreement[doe-dopa].services"),
    "unknown record type": ('"dopa.person"', '"dopa.persons"', "agreement[doe-dopa].records.dopa.persons"),
    "record type of another source": (
        '"dopa.person" = ["first_name", "birth_date"]',
        '"dbd.profile" = ["name"]',
        "agreement[doe-dopa].records.dbd.profile",
    ),
    "unknown field": ('"birth_date"', '"religion"', "agreement[doe-dopa].records.dopa.person.religion"),
    "no field": ('["first_name", "birth_date"]', "[]", "agreement[doe-dopa].records.dopa.person"),
    "unknown evidence": ('"CARD_CHIP"', '"CARD"', "agreement[doe-dopa].evidence.1"),
    "exception as evidence": ('"CARD_CHIP"', '"EXCEPTION"', "agreement[doe-dopa].evidence.1"),
    "unknown assurance": ('least_assurance = "EXCEPTION"', 'least_assurance = "NONE"', "agreement[doe-dopa].least_assurance"),
    "date as text": ("valid_from = 2026-01-01", 'valid_from = "2026-01-01"', "agreement[doe-dopa].valid_from"),
    "date with a time": ("2026-12-31", "2026-12-31T12:00:00Z", "agreement[doe-dopa].valid_until"),
    "no such day": ("2026-12-31", "2026-02-30", "file"),
    "ends before it begins": ("2026-12-31", "2025-12-31", "agreement[doe-dopa]"),
    "flag as number": ("login = true", "login = 1", "agreement[doe-dopa].login"),
    "exceptions, but a stronger assurance": ('least_assurance = "EXCEPTION"', 'least_assurance = "CARD_CHIP"', "agreement[doe-dopa]"),
    "exception without label": ('label_en = "Bedridden"\n', "", "agreement[doe-dopa].exceptions.0.label_en"),
    "exception twice": (
        "[[agreement.exceptions]]",
        '[[agreement.exceptions]]\nname = "bedridden"\nlabel_th = "x"\nlabel_en = "x"\n[[agreement.exceptions]]',
        "agreement[doe-dopa]",
    ),
    "bad id": ('id = "doe-dopa"', 'id = "DOE"', "agreement[DOE].id"),
}


@pytest.mark.parametrize(("before", "after", "key"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_reported_where_it_stands(before: str, after: str, key: str, tmp_path: Path) -> None:
    assert before in DOE
    _, problems = read(written(tmp_path, DOE.replace(before, after, 1)))
    assert set(problems) == {key}


def test_a_source_the_settings_do_not_enable_is_a_problem(tmp_path: Path) -> None:
    _, problems = read(written(tmp_path, DOE), replace(KNOWN, sources={"thaid"}))
    assert set(problems) == {"agreement[doe-dopa].source"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param(THAID.replace('evidence = ["THAID"]\n', ""), "agreement[doe-thaid]", id="grants nothing"),
        pytest.param(THAID + 'grounds = ["director"]\n', "agreement[doe-thaid]", id="grounds without records"),
        pytest.param(
            THAID.replace("thaid", "dopa").replace('"THAID"\nlegal', '"EXCEPTION"\nlegal')
            + '[agreement.records]\n"dopa.person" = ["first_name"]\n',
            "agreement[doe-dopa]",
            id="assurance EXCEPTION without exceptions",
        ),
        pytest.param(DOE + DOE, "agreement[doe-dopa].id", id="one id twice"),
        pytest.param("", "agreement", id="no agreement"),
        pytest.param("agreement = []", "agreement", id="none written"),
        pytest.param("agreement = 7", "agreement", id="a number"),
    ],
)
def test_a_book_that_makes_no_sense_is_a_problem(text: str, key: str, tmp_path: Path) -> None:
    _, problems = read(written(tmp_path, text))
    assert set(problems) == {key}


def test_all_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text(DOE.replace('recipient = "doe"', 'recipient = "sso"').replace("login = true", "login = 1"))
    (tmp_path / "2.toml").write_text("not toml")
    (tmp_path / "3.toml").write_text(THAID.replace("jobseeker_registration", "jobseeker"))
    _, problems = read(tmp_path)
    assert {(key, Path(p.file).name) for key, p in problems.items()} == {
        ("agreement[doe-dopa].recipient", "1.toml"),
        ("agreement[doe-dopa].login", "1.toml"),
        ("file", "2.toml"),
        ("agreement[doe-thaid].services", "3.toml"),
    }


def test_a_book_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert set(read(tmp_path / "none.toml")[1]) == {"file"}
    assert set(read(tmp_path)[1]) == {"agreement"}


def test_names_that_cannot_be_told_are_not_compared(tmp_path: Path) -> None:
    text = DOE.replace('"doe"', '"sso"').replace("jobseeker_registration", "jobseeker")
    assert read(written(tmp_path, text), replace(KNOWN, agencies=None, services=None))[1] == {}
