"""What the rules of `linkage audit findings` take for unusual: the ``[findings]`` table of the settings page."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linkage.opening_hours import USUAL, read_opening_hours


def _hours(line: str) -> str:
    read_opening_hours([line])
    return line


HoursLine = Annotated[str, AfterValidator(_hours)]
"""One line of opening hours (`linkage.opening_hours`)."""


class Findings(BaseModel):
    """What an auditor's rules take for unusual. None of them stops a request; `linkage audit findings` names what goes beyond."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opening_hours: list[HoursLine] = Field(
        [USUAL], min_length=1, description="Thai time; of centres that the register gives no hours of their own"
    )
    holidays: list[date] = Field([], description="public holidays, days in Thailand: closed, but for lines that begin with `holiday`")
    hours_margin: int = Field(30, ge=0, le=720, description="minutes before and after opening hours that are still usual")
    outside_hours: int = Field(
        1, ge=1, description="questions by one officer on one day outside opening hours, from which on they are a finding"
    )
    same_person_visits: int = Field(4, ge=2, description="visits of one person with one officer, from which on they are a finding")
    same_person_days: int = Field(30, ge=1, le=366, description="days in which these visits lie")
    far_above_spreads: float = Field(6.0, gt=0, description="spreads (1.4826 MAD) above the median of the centre's other officers' days")
    far_above_visits: int = Field(40, ge=1, description="visits of one officer on one day below which nothing is far above")
    far_above_days: int = Field(10, ge=2, description="days of other officers of the centre without which nobody knows what is usual")
    failed_by_officer: int = Field(8, ge=2, description="denied or failed attempts by one officer in a row")
    failed_by_counter: int = Field(15, ge=2, description="denied or failed attempts at one counter in a row")
    two_centres_minutes: int = Field(60, ge=1, le=1440, description="minutes in which one card is shown at two centres")
