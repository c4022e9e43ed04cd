"""The invented people of the simulator: who is in ``fixtures/people.toml``.

Nobody here lives. Numbers have a right check digit and belong to runs that no registry assigns; dates are written as Linkage writes them,
``YYYYMMDD`` of the Buddhist Era with zeros for an unknown day or month.
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linkage.buddhist import from_buddhist
from linkage.terms import CitizenNumber

PEOPLE_FILE = Path(__file__).with_name("fixtures") / "people.toml"


def _checked(number: str) -> str:
    return CitizenNumber(number).reveal()


def _dated(date: int) -> int:
    if date:
        from_buddhist(date)
    return date


class CardState(StrEnum):
    """What the card check says of a card whose data are right."""

    NORMAL = "normal"
    EXPIRED = "expired"
    ADDRESS_CHANGED = "address_changed"
    LOST = "lost"
    REISSUED = "reissued"
    NAME_CHANGED = "name_changed"
    DIED = "died"


class Person(BaseModel):
    """One invented person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[str, AfterValidator(_checked)]
    title: str
    first: str
    middle: str = ""
    last: str
    rank_name: str = Field(default="", description="full name with rank, where it is not title and name")
    english: tuple[str, str, str, str] | None = Field(default=None, description="title, first, middle, last name")
    gender: int = Field(ge=1, le=2)
    born: Annotated[int, AfterValidator(_dated)]
    nationality_code: int = 99
    nationality: str = "ไทย"
    laser: str = Field(default="", pattern=r"^([A-Z]{2}[0-9]{10})?$", description="empty: an old card without one")
    card: CardState = CardState.NORMAL
    dead: bool = False
    head_of_house: bool = False
    moved_in: Annotated[int, AfterValidator(_dated)] = 0
    in_register: bool = Field(default=True, description="off: Linkage has no record")
    leaves_out: tuple[str, ...] = Field(default=(), description="keys of the wire that this person's record does not have")
    case: str = Field(description="what this person is in the world to show")


def load_people(path: Path = PEOPLE_FILE) -> dict[str, Person]:
    """Read a people file, by number.

    Raises:
        ValueError: somebody is described wrongly, or two have one number.
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["person"]
    people = {one.number: one for one in (Person.model_validate(row) for row in rows)}
    if len(people) != len(rows):
        raise ValueError("a number twice")
    return people


def record_of(person: Person, today: int) -> dict[str, object]:
    """The record of Linkage's population service, as it comes without an envelope. ``today``: ``YYYYMMDD``, Buddhist Era."""
    english = person.english or ("", "", "", "")
    record: dict[str, object] = {
        "titleCode": 3 if person.gender == 1 else 4,
        "titleDesc": person.title,
        "titleName": person.title,
        "titleSex": person.gender,
        "firstName": person.first,
        "middleName": person.middle,
        "lastName": person.last,
        "genderCode": person.gender,
        "genderDesc": "ชาย" if person.gender == 1 else "หญิง",
        "dateOfBirth": person.born,
        "nationalityCode": person.nationality_code,
        "nationalityDesc": person.nationality,
        "ownerStatusDesc": "เจ้าบ้าน" if person.head_of_house else "ผู้อาศัย",
        "statusOfPersonCode": 1 if person.dead else 0,
        "statusOfPersonDesc": "เสียชีวิต" if person.dead else "บุคคลนี้มีภูมิลำเนาอยู่ในบ้านนี้",
        "dateOfMoveIn": person.moved_in,
        "age": today // 10_000 - person.born // 10_000 - (today % 10_000 < person.born % 10_000),
        "fatherPersonalID": 0,
        "fatherName": "สมบิดา",
        "fatherNationalityCode": 99,
        "fatherNationalityDesc": "ไทย",
        "motherPersonalID": 0,
        "motherName": "สมมารดา",
        "motherNationalityCode": 99,
        "motherNationalityDesc": "ไทย",
        "fullnameAndRank": person.rank_name or " ".join(filter(None, (person.title + person.first, person.middle, person.last))),
        "englishTitleDesc": english[0],
        "englishFirstName": english[1],
        "englishMiddleName": english[2],
        "englishLastName": english[3],
    }
    return {key: value for key, value in record.items() if key not in person.leaves_out}
