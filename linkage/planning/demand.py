"""What is asked of a deployment: how many centres and counters, how busy, and what is kept in hand."""

from enum import StrEnum, auto
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linkage.errors import SettingsInvalid
from linkage.settings import Server, Source, problems_of


class Backend(StrEnum):
    """Where the log is."""

    SQLITE = auto()
    POSTGRES = auto()


class Demand(BaseModel):
    """What a plan is made for. Every number is checked; all that is wrong is told at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    centres: int = Field(ge=1, le=1_000_000, description="centres")
    counters: int = Field(ge=1, le=10_000, description="counters of each centre")
    lookups: float = Field(ge=0, le=36_000, description="records that each counter asks for in its busiest hour")
    records: float = Field(3.0, ge=1, le=100, description="records of one visit; each visit begins with one verification")
    bundles: bool = Field(default=False, description="the records of a visit are asked for in one call")
    agency_ms: float = Field(500.0, ge=0, le=600_000, description="what an agency takes to answer, ms")
    agencies: int = Field(1, ge=1, le=1_000, description="agencies among which the records spread evenly; verifications go to one of them")
    hours: float = Field(8.0, gt=0, le=24, description="hours a day that are as busy as the busiest")
    days: int = Field(245, ge=1, le=366, description="days a year that the centres are open")
    years: float = Field(10.0, gt=0, le=100, description="years after which the log's size is told")
    peak: float = Field(3.0, ge=1, le=100, description="the busiest second, as a multiple of the busiest hour's mean")
    utilisation: float = Field(
        0.5, gt=0, le=1, description="what the busiest second may take of a worker's processor, and of the sequencer"
    )
    processors: int = Field(2, ge=1, le=1_024, description="processors of one machine")
    spare: int = Field(1, ge=0, le=100, description="machines that may be gone with nobody noticing")
    backend: Backend = Field(Backend.POSTGRES, description="where the log is")
    max_concurrent: int = Field(
        Server.model_fields["max_concurrent"].default, ge=1, description="questions that a worker takes at once: server.max_concurrent"
    )
    concurrency: int = Field(
        Source.model_fields["concurrency"].default,
        ge=1,
        description="questions of one worker at one agency at once: the source's concurrency",
    )
    connection_age: float = Field(
        Server.model_fields["connection_age"].default,
        gt=0,
        le=604_800,
        description="seconds that a connection lasts: server.connection_age",
    )

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """A demand as it was told on a command line.

        Raises:
            SettingsInvalid: every value that is out of bounds.
        """
        try:
            return cls.model_validate(told)
        except ValidationError as failure:
            raise SettingsInvalid(problems_of("command line", failure)) from failure
