"""Whom the simulator can be asked about: one person for every case that an adapter must read rightly."""

from collections.abc import Mapping

from adapters.dopa.people import Person
from adapters.dopa.settings import HOUSE, ID_CARD, NAME_CHANGE, PERSON
from linkage.buddhist import from_buddhist
from linkage.sources.adapter import LoginBegin, LoginConfirm
from linkage.sources.simulation import Examples
from linkage.terms import CardChip, CardLaser, CitizenNumber, Evidence, PersonName, Secret, Verdict, VisitPerson, check_digit

OFFICER = "3100000000063"

_NOBODY = "199999999901"
"""The first twelve digits of a number that the people file does not hold."""
_SOMMUT, _RENAMED, _EXPIRED, _DEAD, _UNTOLD_DEAD = "1100000000016", "1100000000121", "1100000000067", "3100000000055", "3100000000047"


def examples(people: Mapping[str, Person], session: Secret) -> Examples:
    """Somebody for every record type and every verdict."""
    nobody = VisitPerson(CitizenNumber(f"{_NOBODY}{check_digit(_NOBODY)}"))
    sommut, renamed = (VisitPerson(CitizenNumber(number)) for number in (_SOMMUT, _RENAMED))
    officer = people[OFFICER]
    return Examples(
        found={PERSON: sommut, HOUSE: sommut, NAME_CHANGE: renamed, ID_CARD: sommut},
        not_found={PERSON: nobody, HOUSE: nobody, NAME_CHANGE: sommut, ID_CARD: nobody},
        session=session,
        evidence=tuple(_evidence(people)),
        login=LoginConfirm(LoginBegin(CitizenNumber(OFFICER), None), "", officer.offices[0].id, None, Secret("a-thaid-access-token")),
    )


def _evidence(people: Mapping[str, Person]) -> list[tuple[Evidence, Verdict]]:
    sommut = people[_SOMMUT]
    another = PersonName(sommut.last, sommut.first)
    return [
        (_laser(sommut), Verdict.MATCH),
        (_chip(sommut), Verdict.MATCH),
        (_laser(sommut, another), Verdict.NO_MATCH),
        (_laser(people[_EXPIRED]), Verdict.CARD_NOT_VALID),
        (_laser(people[_DEAD]), Verdict.DECEASED),
        (_chip(people[_UNTOLD_DEAD]), Verdict.DECEASED),
    ]


def _laser(person: Person, name: PersonName | None = None) -> CardLaser:
    shown = name or PersonName(person.first, person.last, person.middle)
    return CardLaser(CitizenNumber(person.number), shown, from_buddhist(person.born), Secret(person.laser))


def _chip(person: Person) -> CardChip:
    return CardChip(CitizenNumber(person.number), Secret(person.chip), Secret(person.card_number), from_buddhist(person.born))
