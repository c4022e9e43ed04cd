"""DOPA's adapter: card evidence to the card check, records and the officer's login to Linkage Center 2."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from adapters.dopa import linkage_center
from adapters.dopa.card import check_card
from adapters.dopa.settings import DopaSettings
from linkage.sources.adapter import (
    Adapter,
    Answer,
    Fetches,
    Link,
    LoginBegin,
    LoginConfirm,
    LoginOffer,
    LogsIn,
    Query,
    Refused,
    Session,
    Unavailable,
    Verified,
    Verifies,
)
from linkage.sources.address import origin
from linkage.terms import Assurance, CardChip, CardLaser, Evidence, RecordType, Secret, Verdict


class Dopa(Adapter, Fetches, Verifies, LogsIn):
    """DOPA. Settings are `DopaSettings`; another model is a defect (`TypeError`)."""

    Settings: ClassVar[type[BaseModel]] = DopaSettings
    records_file: ClassVar[Path | None] = Path(__file__).with_name("records.toml")
    needs_login: ClassVar[bool] = True
    evidence: ClassVar[frozenset[Assurance]] = frozenset({Assurance.CARD_LASER, Assurance.CARD_CHIP})
    renew_before: ClassVar[float] = 600.0
    renew_until: ClassVar[float] = 3600.0

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        own = _own(settings)
        return frozenset(origin(url) for url in (own.card_url, own.death_url, own.linkage_url))

    async def verify(self, evidence: Evidence, link: Link) -> Verified | Refused:
        if not isinstance(evidence, CardLaser | CardChip):
            return Verified(Verdict.UNAVAILABLE, why="not a card")
        return await check_card(evidence, link, _own(link.settings))

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        return await linkage_center.fetch(query, link, _own(link.settings))

    async def begin(self, login: LoginBegin, link: Link) -> LoginOffer | Refused | Unavailable:
        return await linkage_center.begin(login, link, _own(link.settings))

    async def confirm(self, login: LoginConfirm, link: Link) -> Session | Refused | Unavailable:
        return await linkage_center.confirm(login, link, _own(link.settings))

    async def renew(self, session: Secret, link: Link) -> Session | Refused | Unavailable:
        return await linkage_center.renew(session, link, _own(link.settings))

    async def end(self, session: Secret, link: Link) -> Refused | Unavailable | None:
        return await linkage_center.end(session, link, _own(link.settings))


def _own(settings: BaseModel) -> DopaSettings:
    if not isinstance(settings, DopaSettings):
        raise TypeError("settings of another adapter")
    return settings
