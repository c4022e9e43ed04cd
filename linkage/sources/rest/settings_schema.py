"""The settings schema of a manifest: where the agency is asked, the operator's own texts, and the files of its secrets."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, create_model

from linkage.sources.address import AgencyUrl
from linkage.sources.rest.manifest import HOST, Manifest


class RestSettings(BaseModel):
    """What every manifest's settings have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def url_of(self, host: str) -> str:
        """Where a host of the manifest is asked, without a slash at the end."""
        return str(getattr(self, f"{host}_url")).rstrip("/")

    def text(self, name: str) -> str:
        """A text of the operator's."""
        return str(getattr(self, name))

    def file_of(self, secret: str) -> Path:
        """The file of a secret."""
        return Path(getattr(self, f"{secret}_file"))


def _for_a_header(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("printable ASCII")
    return text


SettingText = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True), AfterValidator(_for_a_header)]


def settings_schema(manifest: Manifest) -> type[RestSettings]:
    """The model that the operator's settings for one recipient must fit."""
    return create_model(f"{manifest.source.title()}Settings", __base__=RestSettings, **setting_fields(manifest))


def setting_fields(manifest: Manifest) -> dict[str, Any]:
    """What a manifest adds to a settings model, whatever its protocol."""
    fields: dict[str, Any] = {}
    for host, url in manifest.hosts.items():
        fields[f"{host}_url"] = (AgencyUrl, Field(url, description="where it is asked" if host == HOST else f"where {host} is asked"))
    for name, setting in manifest.settings.items():
        fields[name] = (SettingText, Field(... if setting.default is None else setting.default, description=setting.about))
    for name, about in manifest.secrets.items():
        fields[f"{name}_file"] = (Path, Field(description=f"file with {about}; read at each use"))
    return fields
