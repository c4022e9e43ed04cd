"""The sound adapter of the harbour office, in steps small enough that a broken one differs in one of them."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ClassVar

import httpx
from pydantic import BaseModel, ConfigDict

from linkage.sources.adapter import (
    About,
    Adapter,
    Answer,
    Fetches,
    Found,
    Link,
    LoginBegin,
    LoginConfirm,
    LoginOffer,
    LogsIn,
    Malformed,
    NotFound,
    Probed,
    Probes,
    Query,
    Refused,
    RefusedCause,
    Session,
    Unavailable,
    Verified,
    Verifies,
)
from linkage.sources.address import AgencyUrl, origin
from linkage.sources.reading import json_object, unavailable
from linkage.terms import (
    Assurance,
    CardLaser,
    CitizenNumber,
    Evidence,
    FieldName,
    PartialDate,
    PersonName,
    RecordType,
    Secret,
    Value,
    Verdict,
    VisitPerson,
)
from tests.sources.conformance.harbour.simulator import BOAT, LICENCE


class HarbourSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: AgencyUrl
    key_file: Path


class Harbour(Adapter, Fetches, Verifies):
    Settings: ClassVar[type[BaseModel]] = HarbourSettings
    records_file: ClassVar[Path | None] = Path(__file__).with_name("records.toml")
    needs_login = True
    evidence = frozenset({Assurance.CARD_LASER})

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        return frozenset({origin(own(settings).url)})

    # ---- records

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        if not self.takes(query):
            return dict.fromkeys(query.wanted, Unavailable("not a person"))
        if query.session is None:
            return self.without_session(query)
        session = "" if query.session is None else query.session.reveal()
        body = {"number": self.number_of(query), "session": session, "kinds": list(query.wanted)}
        reply = await self.ask("records", body, link)
        if not isinstance(reply, dict):
            return dict.fromkeys(query.wanted, reply)
        return self.read(reply, query)

    def takes(self, query: Query) -> bool:
        return isinstance(query.subject, VisitPerson)

    def number_of(self, query: Query) -> str:
        return query.subject.number.reveal()

    def without_session(self, query: Query) -> Mapping[RecordType, Answer]:
        return dict.fromkeys(query.wanted, Refused(RefusedCause.LOGIN_REQUIRED, ""))

    def read(self, reply: Mapping[str, Any], query: Query) -> Mapping[RecordType, Answer]:
        rows = reply.get("answers")
        if not isinstance(rows, dict) or not set(query.wanted) <= set(rows):
            raise Malformed("expected an answer for each kind")
        return {kind: self.answer(kind, rows[kind], query) for kind in query.wanted}

    def answer(self, kind: RecordType, row: Any, query: Query) -> Answer:
        match row:
            case {"status": "held", "record": dict(record)}:
                return self.found(kind, record, query)
            case {"status": "none"}:
                return self.not_held()
            case _:
                raise Malformed("expected a status that is known")

    def not_held(self) -> Answer:
        return NotFound()

    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        fields = self.fields(kind, record)
        wanted = {name: fields[name] for name in query.wanted[kind]}
        unasked = tuple(sorted(set(fields) - set(wanted)))
        return Found(wanted, self.about(kind, record, query), unasked)

    def about(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> About:
        if kind == LICENCE:
            return About(name=PersonName(text(record, "first"), text(record, "last")), birth_date=self.date(text(record, "born")))
        try:
            return About(CitizenNumber(text(record, "owner")))
        except ValueError:
            raise Malformed(self.complaint(text(record, "owner"))) from None

    def complaint(self, _got: str) -> str:
        return "expected a number in owner"

    def fields(self, kind: RecordType, record: Mapping[str, Any]) -> dict[FieldName, Value | None]:
        if kind == LICENCE:
            return {FieldName("name"): f"{text(record, 'first')} {text(record, 'last')}"}
        return {
            FieldName("name"): text(record, "name"),
            FieldName("length"): self.length(text(record, "length")),
            FieldName("motor"): text(record, "motor") == "Y",
            FieldName("built_on"): self.date(text(record, "built_on")),
            FieldName("crew"): tuple(map(str, record.get("crew", ()))),
            FieldName("berth"): dict(record.get("berth", {})),
        }

    def length(self, written: str) -> Value:
        try:
            return Decimal(written)
        except InvalidOperation:
            raise Malformed("expected a number in length") from None

    def date(self, written: str) -> PartialDate:
        try:
            year, month, day = map(int, written.split("-"))
        except ValueError:
            raise Malformed("expected YYYY-MM-DD") from None
        return PartialDate(year, month, day)

    # ---- the wire

    async def ask(self, page: str, body: Mapping[str, object], link: Link) -> dict[str, Any] | Refused | Unavailable:
        key = own(link.settings).key_file.read_text(encoding="utf-8")
        token = await self.post("token", {"key": key}, link, {})
        if not isinstance(token, dict):
            return token
        return await self.post(page, body, link, {"Authorization": f"Bearer {text(token, 'token')}"})

    async def post(
        self, page: str, body: Mapping[str, object], link: Link, headers: Mapping[str, str]
    ) -> dict[str, Any] | Refused | Unavailable:
        response = await self.send(f"{own(link.settings).url}/{page}", body, link, headers)
        return json_object(response) if response.status_code == 200 else self.failed(response)

    async def send(self, url: str, body: Mapping[str, object], link: Link, headers: Mapping[str, str]) -> httpx.Response:
        return await link.client.post(url, json=body, headers=headers)

    def failed(self, response: httpx.Response) -> Refused | Unavailable:
        if response.status_code == 401:
            return Refused(RefusedCause.LOGIN_EXPIRED, "401")
        return unavailable(response)

    # ---- presence

    async def verify(self, evidence: Evidence, link: Link) -> Verified | Refused:
        if not self.takes_evidence(evidence):
            return Verified(Verdict.UNAVAILABLE, why="not a card")
        laser = evidence.laser_code.reveal() if isinstance(evidence, CardLaser) else ""
        reply = await self.ask("card", {"laser": laser}, link)
        if isinstance(reply, Unavailable):
            return Verified(Verdict.UNAVAILABLE, why=reply.why, retry_after=reply.retry_after)
        return reply if isinstance(reply, Refused) else Verified(self.verdict(text(reply, "card")))

    def takes_evidence(self, evidence: Evidence) -> bool:
        return isinstance(evidence, CardLaser)

    def verdict(self, said: str) -> Verdict:
        return {"good": Verdict.MATCH, "bad": Verdict.NO_MATCH}.get(said, Verdict.UNAVAILABLE)


class WholeHarbour(Harbour, LogsIn, Probes):
    """With every ability; the others ask less, so that each of their many runs is short."""

    renew_before = 60.0
    renew_until = 600.0

    async def begin(self, login: LoginBegin, link: Link) -> LoginOffer | Refused | Unavailable:
        reply = await self.ask("login", {"step": "begin"}, link)
        if not isinstance(reply, dict):
            return reply
        match reply.get("offices"):
            case [[int(number), str(name)]]:
                return LoginOffer([(number, name)], "")
            case _:
                raise Malformed("expected one office")

    async def confirm(self, login: LoginConfirm, link: Link) -> Session | Refused | Unavailable:
        return await self._step("confirm", None, link)

    async def renew(self, session: Secret, link: Link) -> Session | Refused | Unavailable:
        return await self._step("renew", session, link)

    async def end(self, session: Secret, link: Link) -> Refused | Unavailable | None:
        said = await self._step("end", session, link)
        return None if isinstance(said, Session) else said

    async def _step(self, step: str, session: Secret | None, link: Link) -> Session | Refused | Unavailable:
        reply = await self.ask("login", {"step": step, "session": session.reveal() if session else ""}, link)
        return Session(Secret(text(reply, "session")), link.now + 3600) if isinstance(reply, dict) else reply

    async def probe(self, link: Link) -> Probed | Refused | Unavailable:
        reply = await self.ask("probe", self.probing(), link)
        return Probed({kind: kind in reply.get("granted", ()) for kind in (BOAT, LICENCE)}) if isinstance(reply, dict) else reply

    def probing(self) -> Mapping[str, object]:
        return {}


def own(settings: BaseModel) -> HarbourSettings:
    assert isinstance(settings, HarbourSettings)
    return settings


def text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise Malformed(f"expected a text in {key}")
    return value
