"""What the gateway's operator says about GDX for one recipient agency, which GDX knows as a consumer with an agent."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from linkage.numbers import has_many_digits
from linkage.sources.address import AgencyUrl
from linkage.terms import CitizenNumber, RecordType

JURISTIC_PERSON = RecordType("gdx.juristic_person")
PERSON = RecordType("gdx.person")


class GdxSettings(BaseModel):
    """GDX, for one recipient."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: AgencyUrl = Field("https://api.egov.go.th", description="without /ws; the test host is https://trial.dga.or.th")
    consumer_key_file: Path = Field(description="a file with the Consumer-Key")
    consumer_secret_file: Path = Field(description="a file with the ConsumerSecret")
    agent_system: str | None = Field(
        default=None, min_length=1, description="AgentID of a system: enough for all but gdx.person. This or agent_number_file"
    )
    agent_number_file: Path | None = Field(
        default=None, description="a file with the 13 digits of whose card is logged in to GovAMI: gdx.person asks for it"
    )
    office_id: str = Field("00023", pattern=r"^[0-9]{5}$", description="Linkage's number of the source of gdx.person")
    service_id: str = Field("001", pattern=r"^[0-9]{3}$", description="its service")
    version: str = Field("01", pattern=r"^[0-9]{2}$", description="the service's version")
    no_record_texts: tuple[Annotated[str, Field(min_length=4)], ...] = Field(
        ("ไม่พบข้อมูล", "no data", "no data found", "data not found"),
        description="the Message of an HTTP 404, whole, where there is no such record",
    )

    @model_validator(mode="after")
    def _one_agent(self) -> Self:
        if (self.agent_system is None) == (self.agent_number_file is None):
            raise ValueError("either agent_system or agent_number_file")
        if self.agent_system is not None and has_many_digits(self.agent_system):  # here, since a field's own problem would show the number
            raise ValueError("agent_system is a system's name; the number of a person belongs into agent_number_file")
        return self

    def consumer_key(self) -> str:
        """The Consumer-Key; read at each use, so that a changed one needs no restart."""
        return _word_in(self.consumer_key_file)

    def consumer_secret(self) -> str:
        """The ConsumerSecret."""
        return _word_in(self.consumer_secret_file)

    def agent(self) -> str:
        """The AgentID: a system's name, or a number that names a person.

        Raises:
            ValueError: the file holds no citizen number; the message does not say what it holds.
        """
        return self.agent_system or CitizenNumber(_word_in(self.agent_number_file)).reveal()

    def url(self, path: str) -> str:
        """A page of GDX."""
        return f"{self.base_url.rstrip('/')}/ws/{path}"


def _word_in(path: Path | None) -> str:
    return "" if path is None else path.read_text(encoding="utf-8").strip()
