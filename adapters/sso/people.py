"""The invented people of the simulator: who is in ``fixtures/people.toml``, and where each was employed.

Nobody here lives, and no such employer trades. Dates are ``YYYYMMDD`` of the Buddhist Era with zeros for an unknown day or month, and
0 for none.
"""

import tomllib
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


Number = Annotated[str, AfterValidator(_checked)]
Date = Annotated[int, AfterValidator(_dated)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Employment(_Part):
    """One employment of an insured person."""

    company: str
    account: str = Field(pattern=r"^[0-9]{10}$", description="the employer's account at SSO")
    branch: str = Field(pattern=r"^[0-9]{6}$")
    employed: bool
    started: Date
    resigned: Date = 0


class Person(_Part):
    """One invented person; without employments: never insured."""

    number: Number
    first: str
    last: str
    employments: tuple[Employment, ...] = ()
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
