"""GDX's adapter: card evidence to the card check, juristic persons to DBD, civil registration to DOPA Linkage, all through one door.

The protocol puts numbers, the card's data and the consumer's secret into queries of URLs: whoever runs this must treat addresses asked for
as confidential as the record itself. Nothing here writes one down.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from adapters.gdx import juristic, person
from adapters.gdx.card import check_card
from adapters.gdx.exchange import ask
from adapters.gdx.permission import probe
from adapters.gdx.settings import JURISTIC_PERSON, GdxSettings
from linkage.sources.adapter import (
    Adapter,
    Answer,
    Fetches,
    Link,
    Probed,
    Probes,
    Query,
    Refused,
    Unavailable,
    Verified,
    Verifies,
)
from linkage.sources.address import origin
from linkage.sources.kept_token import KeptTokens
from linkage.terms import Assurance, CardLaser, Evidence, FieldName, JuristicPerson, RecordType, Subject, Verdict, VisitPerson


class Gdx(Adapter, Fetches, Verifies, Probes):
    """GDX. Settings are `GdxSettings`; another model is a defect (`TypeError`). It keeps tokens, for each recipient apart."""

    Settings: ClassVar[type[BaseModel]] = GdxSettings
    records_file: ClassVar[Path | None] = Path(__file__).with_name("records.toml")
    evidence: ClassVar[frozenset[Assurance]] = frozenset({Assurance.CARD_LASER})
    numbers_in_url: ClassVar[bool] = True
    secret_in_url: ClassVar[bool] = True

    def __init__(self) -> None:
        self._tokens = KeptTokens()

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        return frozenset({origin(_own(settings).base_url)})

    async def verify(self, evidence: Evidence, link: Link) -> Verified | Refused:
        if not isinstance(evidence, CardLaser):
            return Verified(Verdict.UNAVAILABLE, why="not a card with its laser code")
        return await check_card(evidence, link, _own(link.settings), self._tokens)

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        return {one: await self._record(one, wanted, query.subject, link) for one, wanted in query.wanted.items()}

    async def probe(self, link: Link) -> Probed | Refused | Unavailable:
        return await probe(link, _own(link.settings), self._tokens)

    async def _record(self, record_type: RecordType, wanted: tuple[FieldName, ...], subject: Subject, link: Link) -> Answer:
        own = _own(link.settings)
        if record_type == JURISTIC_PERSON:
            if not isinstance(subject, JuristicPerson):
                return Unavailable("not a juristic person")
            about = {"JuristicID": subject.number.reveal()}
            reply = await ask(juristic.PATH, about, link, own, self._tokens)
            return reply if isinstance(reply, Refused | Unavailable) else juristic.read_juristic(reply, wanted, own.no_record_texts)
        if not isinstance(subject, VisitPerson):
            return Unavailable("not a person")
        service = {"OfficeID": own.office_id, "ServiceID": own.service_id, "Version": own.version}
        reply = await ask(person.PATH, service | {"CitizenID": subject.number.reveal()}, link, own, self._tokens)
        return reply if isinstance(reply, Refused | Unavailable) else person.read_person(reply, wanted, own.no_record_texts)


def _own(settings: BaseModel) -> GdxSettings:
    if not isinstance(settings, GdxSettings):
        raise TypeError("settings of another adapter")
    return settings
