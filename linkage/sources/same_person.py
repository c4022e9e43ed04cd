"""Whether an agency's answer is about the person asked about: by number where it echoes one, else by name and birth date.

Pure. Wrong records do come: a mistyped key at the agency, a cache mixed up in between. Whoever is not proven to be another person
is not accused: what cannot be compared is said to be so, and never taken for agreement.
"""

import unicodedata
from typing import NamedTuple

from linkage.buddhist import to_buddhist
from linkage.sources.adapter import About
from linkage.terms import CitizenNumber, JuristicNumber, PartialDate, PersonCheck, PersonName


class Expected(NamedTuple):
    """Whom the question was about, as far as the evidence said."""

    number: CitizenNumber
    name: PersonName | None
    birth_date: PartialDate | None


def same_person(about: About, expected: Expected) -> PersonCheck | None:
    """How it was made sure; None where the answer is about another person."""
    if about.number is not None and about.number != expected.number:
        return None
    name_known = about.name is not None and expected.name is not None
    date_known = about.birth_date is not None and expected.birth_date is not None
    if name_known and not _same_name(about.name, expected.name):
        return None  # even under the right number: one key mistyped at the agency is enough for that
    if about.number is not None:
        return PersonCheck.NUMBER
    if date_known and not _may_be_same_date(about.birth_date, expected.birth_date):
        return None
    return PersonCheck.NAME_AND_BIRTH_DATE if name_known and date_known else PersonCheck.CANNOT_BE_TOLD


def same_juristic(about: About, expected: JuristicNumber) -> PersonCheck | None:
    """How it was made sure that the answer is about this juristic person; None where it is about another."""
    if about.juristic is None:
        return PersonCheck.CANNOT_BE_TOLD
    return PersonCheck.NUMBER if about.juristic == expected else None


def _same_name(one: PersonName | None, other: PersonName | None) -> bool:
    """First and family name; a middle name counts only where both have one, since cards and registers differ in showing it."""
    if one is None or other is None:
        return False
    if not (_alike(one.first, other.first) and _alike(one.last, other.last)):
        return False
    return _alike(one.middle, other.middle) or "" in (_plain(one.middle), _plain(other.middle))


def _alike(one: str, other: str) -> bool:
    return one == other or _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _may_be_same_date(one: PartialDate | None, other: PartialDate | None) -> bool:
    """Equal as far as both are known."""
    if one is None or other is None:
        return False
    if one.year != other.year and not _may_be_same_old_year(one, other) and not _may_be_same_old_year(other, one):
        return False
    if 0 in (one.month, other.month):
        return True
    return one.month == other.month and (0 in (one.day, other.day) or one.day == other.day)


def _may_be_same_old_year(whole: PartialDate, year_only: PartialDate) -> bool:
    """Whether both lie in one Buddhist Era year of before 2484, which ran from April to March.

    Such a year without a month is read as the Common Era year in which it began; whoever was born from January to March was born in
    the next.
    """
    return whole.month != 0 and year_only.month == 0 and to_buddhist(whole)[:4] == to_buddhist(year_only)[:4]
