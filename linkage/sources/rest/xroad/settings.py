"""The settings of an X-Road source: those of its manifest, who we are in X-Road, and where each service is registered."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, create_model

from linkage.sources.rest.manifest import Manifest
from linkage.sources.rest.settings_schema import RestSettings, setting_fields
from linkage.sources.rest.xroad.identifiers import Client, Party, Server, Service

_USER = re.compile(r"[A-Z]{2}[A-Za-z0-9._-]{1,62}")
_LONG_NUMBER = re.compile(r"[0-9]{7}")


def _no_person(text: str) -> str:
    if _USER.fullmatch(text) is None or _LONG_NUMBER.search(text) is not None:
        raise ValueError("a country's two letters and a name of 1 to 62 of A-Z a-z 0-9 . _ -, without a number that could be a person's")
    return text


class XRoadSettings(RestSettings):
    """What every X-Road source is told for a recipient, beside its manifest's own settings and ``<endpoint>_service``."""

    client: Client = Field(description="the recipient's subsystem that asks: INSTANCE/CLASS/MEMBER/SUBSYSTEM")
    security_server: Server | None = Field(None, description="the provider's Security Server to be asked: INSTANCE/CLASS/MEMBER/SERVER")
    represented_party: Party | None = Field(None, description="for whom the recipient asks: CLASS/MEMBER or MEMBER")
    user_id: Annotated[str, AfterValidator(_no_person)] | None = Field(
        None,
        description="X-Road-UserId of every question: the country's two letters and a system's or office's name, never a person's number",
    )

    def service_of(self, endpoint: str) -> str:
        """The service that an endpoint is."""
        return str(getattr(self, f"{endpoint}_service"))


def x_road_settings(manifest: Manifest) -> type[XRoadSettings]:
    """The model that the operator's settings for one recipient must fit."""
    services: dict[str, Any] = {
        f"{name}_service": (Service, Field(one.service, description=f"the service that {name} is, where it is another than the manifest's"))
        for name, one in manifest.endpoints.items()
    }
    return create_model(f"{manifest.source.title()}Settings", __base__=XRoadSettings, **setting_fields(manifest), **services)
