"""LED's adapter: one POST, asked by the number of a person or a body."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import httpx
from pydantic import BaseModel

from adapters.led.reply import read
from adapters.led.settings import BANKRUPTCY, LedSettings
from linkage.clock import thai_day
from linkage.sources.adapter import Adapter, Answer, Fetches, Link, Query
from linkage.sources.address import origin
from linkage.terms import RecordType


class Led(Adapter, Fetches):
    """LED. Settings are `LedSettings`; another model is a defect (`TypeError`)."""

    Settings: ClassVar[type[BaseModel]] = LedSettings
    records_file: ClassVar[Path | None] = Path(__file__).with_name("records.toml")

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        return frozenset({origin(_own(settings).url)})

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        settings = _own(link.settings)
        trans_id = _trans_id(link)
        response = await _post(query, trans_id, link, settings)
        return {BANKRUPTCY: read(response, query.wanted[BANKRUPTCY], query.subject, trans_id, settings)}


async def _post(query: Query, trans_id: str, link: Link, settings: LedSettings) -> httpx.Response:
    body = {
        "username": _secret(settings.username_file),
        "password": _secret(settings.password_file),
        "type": "DATA",
        "firstName": "",  # asked by number alone: a name would match its namesakes
        "lastName": "",
        "idCard": query.subject.number.reveal(),
        "reqHeader": {
            "transID": trans_id,
            "rqAppID": settings.app_id,
            "transDateTimestamp": _today(link, settings),
            "terminalID": settings.terminal_id,
            "ip": str(settings.ip),
            "branchCode": settings.branch_code,
        },
    }
    return await link.client.post(settings.url, json=body, headers={"X-Request-Id": link.request_id})


def _trans_id(link: Link) -> str:
    """The request's id without its dashes: new with every request, in the gateway's log, and nobody's."""
    return link.request_id.replace("-", "")


def _today(link: Link, settings: LedSettings) -> str:
    """The day in Thailand, ``yyyymmdd``."""
    day = thai_day(link.now * 1000)
    return f"{day.year + (543 if settings.timestamp_era == 'BE' else 0):04d}{day:%m%d}"


def _secret(path: Path) -> str:
    """Read at each use, so that a changed secret needs no restart."""
    return path.read_text(encoding="utf-8").strip()


def _own(settings: BaseModel) -> LedSettings:
    if not isinstance(settings, LedSettings):
        raise TypeError("settings of another adapter")
    return settings
