"""DBD's adapter: one juristic person, one request.

The protocol puts the juristic number into the path, so `numbers_in_url` says to whoever runs this that addresses asked for are as
confidential as the record itself. Nothing here writes one down.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from adapters.dbd.reply import read
from adapters.dbd.settings import DbdSettings
from linkage.sources.adapter import Adapter, Answer, Fetches, Link, Query, Unavailable
from linkage.sources.address import origin
from linkage.terms import FieldName, JuristicNumber, JuristicPerson, RecordType


class Dbd(Adapter, Fetches):
    """DBD. Settings are `DbdSettings`; another model is a defect (`TypeError`)."""

    Settings: ClassVar[type[BaseModel]] = DbdSettings
    records_file: ClassVar[Path | None] = Path(__file__).with_name("records.toml")
    numbers_in_url: ClassVar[bool] = True

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        return frozenset({origin(_own(settings).base_url)})

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        if not isinstance(query.subject, JuristicPerson):
            return dict.fromkeys(query.wanted, Unavailable("not a juristic person"))
        return {one: await _ask(query.subject.number, wanted, link) for one, wanted in query.wanted.items()}


async def _ask(number: JuristicNumber, wanted: tuple[FieldName, ...], link: Link) -> Answer:
    url = _own(link.settings).url_of(number.reveal())
    response = await link.client.get(url, headers={"Accept": "application/json", "X-Request-Id": link.request_id})
    return read(response, wanted)


def _own(settings: BaseModel) -> DbdSettings:
    if not isinstance(settings, DbdSettings):
        raise TypeError("settings of another adapter")
    return settings
