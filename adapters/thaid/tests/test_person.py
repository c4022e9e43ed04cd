"""Whom ThaID's claims name."""

import pytest

from adapters.thaid.person import about
from linkage.terms import PartialDate, PersonName

PID = {"pid": "1100000000016"}


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"given_name": " สมมติ ", "family_name": "ทดสอบ"}, PersonName("สมมติ", "ทดสอบ")),
        ({"given_name": "สมมติ", "family_name": "ทดสอบ", "name": "นายคนอื่น อีกคน"}, PersonName("สมมติ", "ทดสอบ")),
        ({"given_name": "สมมติ"}, PersonName("สมมติ", "")),
        ({"name": "นายสมมติ  ทดสอบ"}, PersonName("สมมติ", "ทดสอบ")),
        ({"name": "นางสาวสมมติ ทดสอบ"}, PersonName("สมมติ", "ทดสอบ")),
        ({"name": "น.ส. สมมติ ทดสอบ"}, PersonName("สมมติ", "ทดสอบ")),
        ({"name": "เด็กหญิงเอม ทดสอบ"}, PersonName("เอม", "ทดสอบ")),
        ({"name": "พ.ต.ท.สมมติ ทดสอบ", "title": "พ.ต.ท."}, PersonName("สมมติ", "ทดสอบ")),
    ],
)
def test_a_name_is_taken_where_it_is_plain(claims: dict[str, object], name: PersonName) -> None:
    assert about(PID | claims).name == name


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"name": ""},
        {"name": "สมมติ ทดสอบ"},
        {"name": "นายสมมติ ณ ทดสอบ"},
        {"name": "นายสมมติ"},
        {"name": "นายิกา ทดสอบ"},
        {"name": "พ.ต.ท.สมมติ ทดสอบ"},
        {"name": "นายสมมติ ทดสอบ", "title": "ร.อ."},
    ],
)
def test_a_name_that_would_have_to_be_guessed_is_none(claims: dict[str, object]) -> None:
    assert about(PID | claims).name is None


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1989-12-28", PartialDate(1989, 12, 28)),
        ("1955-03-00", PartialDate(1955, 3)),
        ("1955-03", PartialDate(1955, 3)),
        ("1952-00-00", PartialDate(1952)),
        ("1952", PartialDate(1952)),
        ("", None),
    ],
)
def test_a_birth_date_is_common_era_and_may_be_partial(text: str, date: PartialDate | None) -> None:
    assert about(PID | {"birthdate": text}).birth_date == date
