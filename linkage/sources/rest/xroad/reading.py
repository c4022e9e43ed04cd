"""What a manifest must keep to where its protocol is X-Road."""

from linkage.pages import Page
from linkage.sources.rest.manifest import HOST, X_ROAD, Manifest
from linkage.sources.rest.template import NUMBER, places
from linkage.sources.rest.written import ClientCredentials, HeaderKey, WrittenManifest
from linkage.sources.rest.xroad.identifiers import SERVICE, parts
from linkage.sources.rest.xroad.settings import XRoadSettings

_NOT_A_MANIFESTS = frozenset(
    {
        "x-road-client", "x-road-service", "x-road-id", "x-road-userid", "x-road-security-server", "x-road-represented-party",
        "x-road-request-id", "x-road-request-hash", "x-road-error",
    }
)  # fmt: skip
"""Headers that settings fill in, or that only Security Servers write."""

_ISSUE = "x-road-issue"


def check_x_road(page: Page, written: WrittenManifest, manifest: Manifest) -> None:
    """Report everything that is wrong with a manifest for X-Road, or with services where there is no X-Road."""
    if manifest.protocol != X_ROAD:
        for name, one in manifest.endpoints.items():
            if one.service:
                page.report(f"endpoints.{name}.service", "a service of X-Road", f'protocol = "{X_ROAD}" above, or no service')
        return
    for name, endpoint in manifest.endpoints.items():
        _check_service(page, f"endpoints.{name}", endpoint.service)
        _check_headers(page, f"endpoints.{name}.headers", written.endpoints[name].headers)
    _check_headers(page, "headers", written.headers)
    for host in manifest.hosts.keys() - {HOST}:
        page.report(f"hosts.{host}", "another host", "none over X-Road: everything goes through our Security Server")
    if isinstance(written.credentials, ClientCredentials):
        page.report("credentials.kind", "oauth2", "header, basic, query or none: no token page is reached through X-Road")
    if isinstance(written.credentials, HeaderKey):
        _check_headers(page, "credentials.header", {written.credentials.header: ""})
    taken = XRoadSettings.model_fields.keys() | {f"{name}_service" for name in manifest.endpoints}
    for name in manifest.settings.keys() & taken:
        page.report(f"settings.{name}", "a setting of X-Road's own", "another name")


def _check_service(page: Page, key: str, service: str) -> None:
    try:
        parts(service, SERVICE)
    except ValueError as wrong:
        page.report(f"{key}.service", repr(service)[:80] if service else "nothing", str(wrong))


def _check_headers(page: Page, key: str, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if name.lower() in _NOT_A_MANIFESTS:
            page.report(f"{key}.{name}", "a header that X-Road or the settings fill in", "X-Road-Issue, or a header of the provider's")
        if name.lower() == _ISSUE and NUMBER in places(value):
            page.report(f"{key}.{name}", "the subject's number", "{request_id} or {service}: Security Servers keep this header")
