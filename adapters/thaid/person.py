"""Whom ThaID says the person is: from flat fields or an id_token's claims to `About`."""

import re
from collections.abc import Mapping

from linkage.buddhist import checked
from linkage.sources.adapter import About, Malformed
from linkage.terms import CitizenNumber, PartialDate, PersonName

_TITLES = ("นางสาว", "นาง", "นาย", "เด็กชาย", "เด็กหญิง", "น.ส.", "ด.ช.", "ด.ญ.")
"""Titles that stand before a first name without a blank. Ranks are not here: with one, the full name is not taken apart."""

_BIRTH_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
_FIRST_LETTER = re.compile(r"[ก-ฮเแโใไ]")


def about(claims: Mapping[str, object]) -> About:
    """Number (always), name and birth date (where their scopes were granted).

    Raises:
        Malformed: no number, or a date that is not of the Common Era.
    """
    try:
        number = CitizenNumber(_text(claims, "pid"))
    except ValueError:
        raise Malformed("expected a citizen number in pid") from None
    return About(number, _name(claims), _birth_date(_text(claims, "birthdate")))


def _text(claims: Mapping[str, object], key: str) -> str:
    value = claims.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"expected a text in {key}")
    return value.strip()


def _name(claims: Mapping[str, object]) -> PersonName | None:
    given, family, middle = (_text(claims, key) for key in ("given_name", "family_name", "middle_name"))
    if given:
        return PersonName(given, family, middle)
    return _taken_apart(_text(claims, "name"), _text(claims, "title"))


def _taken_apart(full: str, title: str) -> PersonName | None:
    """First and last name of a full name; None unless it begins with a known title and has two words.

    A wrong guess here would make the person's own record look like another's, and three words may be a middle name as well as a
    family name of two.
    """
    known = next((one for one in ((title,) if title else _TITLES) if full.startswith(one)), None)
    if known is None:
        return None
    words = full.removeprefix(known).split()
    if len(words) != 2 or not _FIRST_LETTER.match(words[0]):
        return None
    return PersonName(words[0], words[1])


def _birth_date(text: str) -> PartialDate | None:
    """``1989-12-28``, Common Era. Zeros or missing parts are unknown (how ThaID writes them is not documented)."""
    if not text:
        return None
    parts = _BIRTH_DATE.fullmatch(text)
    if parts is None:
        raise Malformed("expected YYYY-MM-DD in birthdate")
    year, month, day = (int(part or 0) for part in parts.groups())
    if not 1800 <= year <= 2200:
        raise Malformed("expected a Common Era year in birthdate")
    try:
        return checked(PartialDate(year, month, day))
    except ValueError:
        raise Malformed("expected a date in birthdate") from None
