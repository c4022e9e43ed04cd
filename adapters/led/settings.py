"""What the gateway's operator says about LED for one recipient agency."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress

from linkage.sources.address import AgencyUrl
from linkage.terms import RecordType

BANKRUPTCY = RecordType("led.bankruptcy")

Era = Literal["CE", "BE"]


class LedSettings(BaseModel):
    """LED, for one recipient."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: AgencyUrl = Field(
        "https://services.led.go.th/v1/GdxWebServiceSam", description="the service itself, or an agency's gateway before it"
    )
    username_file: Path = Field(description="file with the agency's user name")
    password_file: Path = Field(description="file with its password; may be empty")
    app_id: str = Field(min_length=1, description="`rqAppID`: the application that LED has admitted")
    terminal_id: str = Field(min_length=1, description="`terminalID`: what LED knows the gateway as; never an officer or a citizen")
    ip: IPvAnyAddress = Field(description="`ip`: the gateway's own address, as registered with LED")
    branch_code: str = Field("001", min_length=1, description="`branchCode`")
    timestamp_era: Era = Field("CE", description="the era of `transDateTimestamp`, CE or BE: unknown, an assumption")
    number_in_df_id: bool = Field(default=True, description="take a `df_id` that is a 13-digit number for the defendant's own: unknown")
    name_in_df_name: bool = Field(
        default=True, description="compare `df_name` and `df_surname` with the person's name: no title in them is an assumption"
    )
