"""What the gateway's operator says about DOPA for one recipient agency."""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from linkage.sources.address import AgencyUrl
from linkage.terms import RecordType

PERSON = RecordType("dopa.person")
HOUSE = RecordType("dopa.house")
NAME_CHANGE = RecordType("dopa.name_change")
ID_CARD = RecordType("dopa.id_card")

_ATTRIBUTES = {PERSON: "person", HOUSE: "house", NAME_CHANGE: "name_change", ID_CARD: "id_card"}
"""Record type -> its key in the tables below."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Services(_Part):
    """Linkage Center's number for each record type."""

    person: int = Field(1, ge=1)
    house: int = Field(10, ge=1)
    name_change: int = Field(9, ge=1)
    id_card: int = Field(32, ge=1)

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if len(set(self.model_dump().values())) != len(type(self).model_fields):
            raise ValueError("a different number for each record type: replies are told apart by it")
        return self


class QueryKeys(_Part):
    """The key that carries the citizen number in each service's query. Seen for `person` only; the others are assumptions."""

    person: str = Field("personalID", min_length=1)
    house: str = Field("personalID", min_length=1)
    name_change: str = Field("personalID", min_length=1)
    id_card: str = Field("personalID", min_length=1)


class Jobs(_Part):
    """The job (กระบวนงาน) for a record type whose service stands in another job than ``job_id``."""

    person: UUID | None = None
    house: UUID | None = None
    name_change: UUID | None = None
    id_card: UUID | None = None


class DopaSettings(_Part):
    """DOPA, for one recipient."""

    card_url: AgencyUrl = Field("https://idcard.bora.dopa.go.th/CheckCardStatus/CheckCardService.asmx", description="the card check")
    death_url: AgencyUrl = Field("https://idcard.bora.dopa.go.th/CheckStatus/POPStatusService.asmx", description="the death status")
    linkage_url: AgencyUrl = Field("https://lk2proxy.bora.dopa.go.th", description="the agency's own Linkage Proxy Server, without /api")
    soap: Literal["1.1", "1.2"] = Field("1.2", description="the SOAP version spoken to both card services")
    sandbox: bool = Field(default=False, description="send X-Use-Sandbox: 1 to Linkage Center")
    death_check: bool = Field(default=True, description="ask for the death status, too, when a card matches")
    job_id: UUID | None = Field(
        default=None,
        description="the job under which records are asked; without it the officer's jobs are asked for, and there must be one",
    )
    jobs: Jobs = Field(default_factory=Jobs, description="job by record type, where it is another one")
    services: Services = Field(default_factory=Services, description="service number by record type")
    query_keys: QueryKeys = Field(default_factory=QueryKeys, description="query key by record type")

    def service_of(self, record_type: RecordType) -> int:
        """Linkage Center's service number."""
        return int(getattr(self.services, _ATTRIBUTES[record_type]))

    def query_key_of(self, record_type: RecordType) -> str:
        """The key of the citizen number in its query."""
        return str(getattr(self.query_keys, _ATTRIBUTES[record_type]))

    def job_of(self, record_type: RecordType) -> str | None:
        """The job to ask under, None if none is set."""
        return self._written_jobs[record_type]

    @cached_property
    def _written_jobs(self) -> Mapping[RecordType, str | None]:
        jobs = {one: getattr(self.jobs, name) or self.job_id for one, name in _ATTRIBUTES.items()}
        return {one: str(job) if job else None for one, job in jobs.items()}
