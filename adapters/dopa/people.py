"""The invented people of the simulators: who is in ``fixtures/people.toml``, and what can be said of one.

Nobody here lives. Numbers have a right check digit and belong to runs that no registry assigns; dates are written as DOPA writes
them, ``YYYYMMDD`` of the Buddhist Era with zeros for an unknown day or month.
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linkage.buddhist import from_buddhist
from linkage.terms import CitizenNumber

PEOPLE_FILE = Path(__file__).with_name("fixtures") / "people.toml"

LIFE_LONG = 99_999_999


def _checked(number: str) -> str:
    return CitizenNumber(number).reveal()


def _dated(date: int) -> int:
    if date not in (0, LIFE_LONG):
        from_buddhist(date)
    return date


Number = Annotated[str, AfterValidator(_checked)]
Date = Annotated[int, AfterValidator(_dated)]


class CardState(StrEnum):
    """What the card check says of the card."""

    NORMAL = "normal"
    EXPIRED = "expired"
    ADDRESS_CHANGED = "address_changed"
    LOST = "lost"
    REISSUED = "reissued"
    NAME_CHANGED = "name_changed"
    DIED = "died"
    CHIP_BROKEN = "chip_broken"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnglishName(_Part):
    """The English name on the card."""

    title: str
    first: str
    last: str
    middle: str = ""


class Parent(_Part):
    """A parent as the child's record names one; ``number`` "0": not known."""

    name: str
    number: str = "0"
    nationality_code: int = 99
    nationality: str = "ไทย"


class House(_Part):
    """The house a person is registered in."""

    id: str = Field(pattern=r"^[0-9]{11}$")
    no: str
    village: int = 0
    soi: str = ""
    road: str = ""
    subdistrict: str
    district: str
    province: str
    registry_code: str
    registry: str


class Change(_Part):
    """One change of name: what the name became, when and where."""

    id: str
    on: Date
    first: str
    last: str
    place: str
    cause: str = ""


class Office(_Part):
    """An office an officer may act for at Linkage Center."""

    id: int
    name: str


class Person(_Part):
    """One invented person."""

    number: Number
    title: str
    title_code: int
    first: str
    middle: str = ""
    last: str
    rank_name: str = Field(default="", description="full name with rank, where it is not title and name")
    gender: int = Field(ge=1, le=2)
    born: Date
    english: EnglishName | None = None
    nationality_code: int = 99
    nationality: str = "ไทย"
    laser: str = Field(default="", pattern=r"^([A-Z]{2}[0-9]{10})?$", description="empty: an old card without one")
    chip: str = Field(default="", pattern=r"^([0-9A-F]{16})?$")
    card_number: str = Field(default="", pattern=r"^([0-9]{14})?$", description="บ.ป.1, under the photo")
    card: CardState = CardState.NORMAL
    issued: Date = 25630110
    expires: Date = 25720109
    dead: bool = False
    blood: str = ""
    religion: str = "ไม่ระบุ"
    phone: str = ""
    head_of_house: bool = False
    moved_in: Date = 0
    house: House | None = None
    father: Parent
    mother: Parent
    changes: tuple[Change, ...] = ()
    offices: tuple[Office, ...] = Field(default=(), description="not empty: an officer")
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
