"""SSO's adapter: one SOAP operation, asked by a person's number."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from adapters.sso.employments import read
from adapters.sso.settings import EMPLOYMENT, SsoSettings
from linkage.sources import soap
from linkage.sources.adapter import Adapter, Answer, Fetches, Link, Query, Unavailable
from linkage.sources.address import origin
from linkage.sources.reading import unavailable
from linkage.terms import RecordType, VisitPerson

OPERATION = "getServ38"


class Sso(Adapter, Fetches):
    """SSO. Settings are `SsoSettings`; another model is a defect (`TypeError`)."""

    Settings: ClassVar[type[BaseModel]] = SsoSettings
    records_file: ClassVar[Path | None] = Path(__file__).with_name("records.toml")

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        return frozenset({origin(_own(settings).url)})

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        if not isinstance(query.subject, VisitPerson):
            return dict.fromkeys(query.wanted, Unavailable("not a person"))
        return {EMPLOYMENT: await _employments(query, link, _own(link.settings))}


async def _employments(query: Query, link: Link, settings: SsoSettings) -> Answer:
    operations = soap.Operations(settings.namespace, qualified=settings.qualified)
    parts = (
        ("username", _secret(settings.username_file)),
        ("password", _secret(settings.password_file)),
        ("ssoNum", query.subject.number.reveal()),
    )
    response = await link.client.post(
        settings.url,
        content=operations.request(settings.soap, OPERATION, parts),
        headers=soap.headers(settings.soap, settings.soap_action) | {"X-Request-Id": link.request_id},
    )
    if response.status_code != 200:
        return unavailable(response)
    result = operations.result(response.content, OPERATION, settings.result)
    return read(result, query.wanted[EMPLOYMENT], settings)


def _secret(path: Path) -> str:
    """Read at each use, so that a changed secret needs no restart."""
    return path.read_text(encoding="utf-8").strip()


def _own(settings: BaseModel) -> SsoSettings:
    if not isinstance(settings, SsoSettings):
        raise TypeError("settings of another adapter")
    return settings
