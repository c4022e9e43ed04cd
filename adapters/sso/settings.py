"""What the gateway's operator says about SSO for one recipient agency."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from linkage.sources.address import AgencyUrl
from linkage.sources.soap import Version
from linkage.terms import RecordType

EMPLOYMENT = RecordType("sso.employment")


class SsoSettings(BaseModel):
    """SSO, for one recipient."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: AgencyUrl = Field("https://wsg.sso.go.th/DBforService/services/EmployeeEmployments", description="the service")
    username_file: Path = Field(description="file with the agency's user name")
    password_file: Path = Field(description="file with its password")
    namespace: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9/:._~?=&+-]+$",
        description="the namespace of `getServ38`, as the service's WSDL gives it: unknown, so no default",
    )
    qualified: bool = Field(default=False, description="parts and results stand in that namespace, too: unknown")
    soap: Version = Field("1.1", description="the SOAP version: an assumption")
    soap_action: str = Field("", pattern=r"^[!#-~]*$", description="the SOAPAction of SOAP 1.1: an assumption")
    result: str = Field("result", pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", description="the element that holds the list")
    empty_list: Literal["unavailable", "not_found"] = Field(
        "unavailable", description="what a list without employments means; `not_found` once SSO has said that it means nobody insured"
    )
