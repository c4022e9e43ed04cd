"""What the gateway's operator says about ThaID for one recipient agency, which ThaID knows as a relying party."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from linkage.sources.address import AgencyUrl


class ThaidSettings(BaseModel):
    """ThaID, for one recipient."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: AgencyUrl = Field("https://imauth.bora.dopa.go.th/api/v2/oauth2", description="without a slash at the end")
    jwks_url: AgencyUrl | None = Field(default=None, description="the keys of id_tokens; base_url/jwks/ where absent")
    issuer: str = Field(
        "https://imauth.bora.dopa.go.th", min_length=1, description="`iss` of id_tokens, exactly (RECALLED: see its discovery page)"
    )
    client_id: str = Field(min_length=1, description="the relying party's id")
    client_secret_file: Path = Field(description="file with its secret")
    api_key_file: Path | None = Field(default=None, description="file with the x-imauth-apikey that some relying parties are given")

    def url(self, path: str) -> str:
        """The URL of one of ThaID's pages, e.g. ``token``."""
        return f"{self.base_url.rstrip('/')}/{path}/"

    def keys_url(self) -> str:
        """The URL of the key set."""
        return self.jwks_url or self.url("jwks")
