"""What the gateway's operator says about DBD. It asks for no credentials."""

from pydantic import BaseModel, ConfigDict, Field

from linkage.sources.address import AgencyUrl
from linkage.terms import RecordType

JURISTIC_PERSON = RecordType("dbd.juristic_person")


class DbdSettings(BaseModel):
    """DBD, for one recipient."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: AgencyUrl = Field(
        "https://openapi.dbd.go.th/api/v1/juristic_person", description="what the number is put behind, with a slash"
    )

    def url_of(self, number: str) -> str:
        """The page of one juristic person. It holds the number: not for logs."""
        return f"{self.base_url.rstrip('/')}/{number}"
