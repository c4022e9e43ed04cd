"""The adapter of all agencies that are reached through X-Road: their manifest's adapter, speaking to a Security Server."""

import dataclasses
from collections.abc import Sequence

import httpx
from pydantic import BaseModel

from linkage.sources.adapter import Link, Probed, Probes, Query, Refused, Unavailable
from linkage.sources.reading import json_object, unavailable
from linkage.sources.rest.adapter import ManifestAdapter, of_manifest
from linkage.sources.rest.manifest import Endpoint, Manifest
from linkage.sources.rest.request import question
from linkage.sources.rest.settings_schema import RestSettings
from linkage.sources.rest.xroad.access import ALLOWED, Allowed, read_allowed
from linkage.sources.rest.xroad.identifiers import provider
from linkage.sources.rest.xroad.messages import address, headers, message_id, stray, trouble
from linkage.sources.rest.xroad.settings import XRoadSettings, x_road_settings


class XRoadAdapter(ManifestAdapter, Probes):
    """Asks a provider as its manifest says, through X-Road. `x_road_adapter_for` makes the class of one manifest."""

    @classmethod
    def schema_of(cls, manifest: Manifest) -> type[RestSettings]:
        return x_road_settings(manifest)

    async def probe(self, link: Link) -> Probed | Refused | Unavailable:
        """Ask every provider what it allows. One that does not answer leaves the whole untold."""
        settings = _own(link.settings)
        allowed: list[Allowed] = []
        for one in sorted({provider(settings.service_of(name)) for name in self.manifest.endpoints}):
            told = await self._allowed(one, link, settings)
            if isinstance(told, Refused | Unavailable):
                return told
            allowed += told
        granted = {}
        for record, mapped in self.manifest.records.items():
            service, endpoint = settings.service_of(mapped.endpoint), self.manifest.endpoints[mapped.endpoint]
            granted[record] = any(one.covers(service, endpoint) for one in allowed)
        return Probed(granted)

    async def _allowed(self, of: str, link: Link, settings: XRoadSettings) -> Sequence[Allowed] | Refused | Unavailable:
        service = f"{of}/{ALLOWED}"
        message = message_id(link.request_id, service)
        told = {"Accept": "application/json", "X-Request-Id": link.request_id, **headers(settings, message)}
        response = await link.client.get(address(settings, service, "/"), headers=told)
        wrong = trouble(response, settings, service, message)
        if wrong is not None:
            return wrong
        return read_allowed(json_object(response)) if response.status_code == 200 else unavailable(response)

    async def _exchanged(
        self, endpoint: Endpoint, query: Query, link: Link, settings: RestSettings
    ) -> httpx.Response | Refused | Unavailable:
        own = _own(settings)
        asked = question(self.manifest, endpoint, query, link, own)
        if isinstance(asked, Unavailable):
            return asked
        service = own.service_of(endpoint.name)
        message = message_id(link.request_id, f"{self.manifest.source}.{endpoint.name}")
        url = address(own, service, asked.url.removeprefix(own.url_of(endpoint.host)))
        response = await self._answered(dataclasses.replace(asked, url=url, headers={**asked.headers, **headers(own, message)}), link, own)
        if isinstance(response, Refused | Unavailable):
            return response
        return trouble(response, own, service, message) or stray(response) or response


def x_road_adapter_for(read: Manifest) -> type[XRoadAdapter]:
    """The adapter class of one manifest whose protocol is X-Road."""

    class OfManifest(XRoadAdapter):
        pass

    OfManifest.__name__ = OfManifest.__qualname__ = f"{read.source.title()}ByManifest"
    return of_manifest(read)(OfManifest)


def _own(settings: BaseModel) -> XRoadSettings:
    if not isinstance(settings, XRoadSettings):
        raise TypeError("settings of another adapter")
    return settings
