"""The invented people and bodies of the simulator: who is in ``fixtures/parties.toml``, and what LED holds of each.

Nobody here lives or trades. Dates are ``YYYYMMDD`` of the Buddhist Era with zeros for an unknown day or month, and 0 for none.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linkage.buddhist import from_buddhist
from linkage.terms import CitizenNumber, JuristicNumber, JuristicPerson, Subject, VisitPerson

PARTIES_FILE = Path(__file__).with_name("fixtures") / "parties.toml"


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


class Case(_Part):
    """One bankruptcy case."""

    sued: Date
    receivership: Date = Field(default=0, description="absolute receivership")
    gazetted: Date = 0
    claims_due: Date = 0
    ruled: Date = Field(default=0, description="ruled bankrupt")
    updated: str = ""


class Party(_Part):
    """One invented person or body."""

    number: Number
    kind: Literal["person", "juristic"] = "person"
    first: str = Field(description="a body's whole name")
    last: str = ""
    cases: tuple[Case, ...] = ()
    case: str = Field(description="what this party is in the world to show")

    def as_subject(self) -> Subject:
        """The party as a lookup's subject."""
        if self.kind == "juristic":
            return JuristicPerson(JuristicNumber(self.number), "director")
        return VisitPerson(CitizenNumber(self.number))


def load_parties(path: Path = PARTIES_FILE) -> dict[str, Party]:
    """Read a parties file, by number.

    Raises:
        ValueError: somebody is described wrongly, or two have one number.
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["party"]
    parties = {one.number: one for one in (Party.model_validate(row) for row in rows)}
    if len(parties) != len(rows):
        raise ValueError("a number twice")
    return parties
