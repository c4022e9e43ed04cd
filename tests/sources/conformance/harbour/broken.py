"""Harbour adapters that are each wrong in one thing about their answers, and simulators that are wrong about themselves."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import structlog
from pydantic import ConfigDict
from starlette.responses import Response

from linkage.sources.adapter import About, Answer, Found, Link, Query, Refused, Unavailable, Verified
from linkage.sources.address import origin
from linkage.sources.simulation import Examples, Simulation
from linkage.terms import CardChip, CitizenNumber, Evidence, FieldName, RecordType, Secret, Value, Verdict
from tests.sources.conformance.harbour.adapter import Harbour, HarbourSettings, WholeHarbour, own
from tests.sources.conformance.harbour.simulator import BOAT, LICENCE, HarbourSimulator, number_of

_log = structlog.get_logger()

# ---- what it says of itself


class NamesRecordsAfterAnother(Harbour):
    records_file = Path(__file__).with_name("foreign_records.toml")


class ForgivingSettings(HarbourSettings):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TakesUnknownKeys(Harbour):
    Settings = ForgivingSettings


class OpenSettings(HarbourSettings):
    client_secret: str = "written-in-the-settings"


class KeepsASecretInTheSettings(Harbour):
    Settings = OpenSettings


class NamesAPathAsOrigin(Harbour):
    def base_urls(self, settings: Any) -> frozenset[str]:
        return super().base_urls(settings) | {f"{own(settings).url}/records"}


class ForgetsTls(Harbour):
    def base_urls(self, settings: Any) -> frozenset[str]:
        return frozenset({origin(own(settings).url.replace("https://", "http://"))})


# ---- what it answers


class LeavesAFieldOut(Harbour):
    def fields(self, kind: RecordType, record: Mapping[str, Any]) -> dict[FieldName, Value | None]:
        return {name: value for name, value in super().fields(kind, record).items() if name != "length"}

    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        fields = self.fields(kind, record)
        wanted = {name: fields[name] for name in query.wanted[kind] if name in fields}
        return Found(wanted, self.about(kind, record, query), tuple(name for name in fields if name not in wanted))


class GivesANumberAsText(Harbour):
    def length(self, written: str) -> Value:
        return written


class GivesEverything(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        return Found(self.fields(kind, record), self.about(kind, record, query))


class GivesWhatIsNotDeclared(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        found = super().found(kind, record, query)
        return Found(dict(found.fields) | {FieldName("owner_of_record"): "x"}, found.about, found.also_sent)


class PutsValuesIntoAlsoSent(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        found = super().found(kind, record, query)
        return Found(found.fields, found.about, tuple(FieldName(one) for one in record.values() if isinstance(one, str)))


class CannotSayNo(Harbour):
    def not_held(self) -> Answer:
        return Unavailable("nothing there")


class AnswersTheFirstAlone(Harbour):
    def read(self, reply: Mapping[str, Any], query: Query) -> Mapping[RecordType, Answer]:
        return dict(list(super().read(reply, query).items())[:1])


class AsksTwice(Harbour):
    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        answers = await super().fetch(query, link)
        return await super().fetch(query, link) if any(isinstance(one, Found) for one in answers.values()) else answers


# ---- whom it is about


class NamesNobody(Harbour):
    def about(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> About:
        return About()


class EchoesTheQuestion(Harbour):
    def about(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> About:
        return About(CitizenNumber(self.number_of(query))) if kind == BOAT else super().about(kind, record, query)


class NamesByHeartWhereNobodyIsNamed(Harbour):
    def about(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> About:
        about = super().about(kind, record, query)
        return replace(about, number=CitizenNumber(self.number_of(query))) if kind == LICENCE else about


class AsksAboutAnybody(Harbour):
    def takes(self, query: Query) -> bool:
        return True


class AsksWithoutALogin(Harbour):
    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        return await super().fetch(Query(query.subject, query.service, query.wanted, query.session or Secret("none")), link)


class MixesPeopleUp(Harbour):
    def __init__(self) -> None:
        self.number = ""

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        self.number = query.subject.number.reveal()
        try:
            return await super().fetch(query, link)
        finally:
            self.number = ""

    async def send(self, url: str, body: Mapping[str, object], link: Link, headers: Mapping[str, str]) -> httpx.Response:
        return await super().send(url, {**body, "number": self.number} if "number" in body else body, link, headers)


class KeepsTheLastAnswer(Harbour):
    last: object = None

    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        self.last = super().found(kind, record, query)
        return self.last


# ---- presence


class MatchesEveryCard(Harbour):
    def verdict(self, said: str) -> Verdict:
        return Verdict.MATCH


class ShowsChipsToo(Harbour):
    def takes_evidence(self, evidence: Evidence) -> bool:
        return super().takes_evidence(evidence) or isinstance(evidence, CardChip)


class CallsAnUnreadCardWrong(Harbour):
    async def verify(self, evidence: Evidence, link: Link) -> Verified | Refused:
        said = await super().verify(evidence, link)
        broke = isinstance(said, Verified) and said.why.startswith("status 50")
        return Verified(Verdict.NO_MATCH) if broke else said


class TakesAnUnknownCardForWrong(Harbour):
    def verdict(self, said: str) -> Verdict:
        return Verdict.MATCH if said == "good" else Verdict.NO_MATCH


class NeverEndsALogin(WholeHarbour):
    async def end(self, session: Secret, link: Link) -> Refused | Unavailable | None:
        return None


class ProbesWithSomebody(WholeHarbour):
    def probing(self) -> Mapping[str, object]:
        return {"number": number_of(1)}


# ---- what it lets out


class QuotesTheReply(Harbour):
    def complaint(self, got: str) -> str:
        return f"expected a number in owner, got {got}"


class LogsTheNumber(Harbour):
    def number_of(self, query: Query) -> str:
        logging.getLogger("harbour").warning("asking about %s", query.subject.number.reveal())
        return super().number_of(query)


class LogsARecord(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        _log.info("found", record=record)
        return super().found(kind, record, query)


class PrintsARecord(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        print(record)  # noqa: T201 (what is to be caught)
        return super().found(kind, record, query)


class PutsTheNumberIntoTheAddress(Harbour):
    async def send(self, url: str, body: Mapping[str, object], link: Link, headers: Mapping[str, str]) -> httpx.Response:
        return await super().send(f"{url}?n={body.get('number', '')}", body, link, headers)


class PutsTheKeyIntoTheAddress(Harbour):
    async def send(self, url: str, body: Mapping[str, object], link: Link, headers: Mapping[str, str]) -> httpx.Response:
        return await super().send(f"{url}?k={body.get('key', '')}", body, link, headers)


# ---- simulators


class SmallSimulator(HarbourSimulator):
    def __init__(self) -> None:
        super().__init__()
        self.people = dict(list(self.people.items())[:3])


class StrangeSettings(HarbourSimulator):
    def settings_for(self, url: str) -> dict[str, object]:
        return super().settings_for(url) | {"colour": "blue"}


class NobodyIsMissing(HarbourSimulator):
    def examples(self) -> Examples:
        told = super().examples()
        return Examples(told.found, {LICENCE: told.not_found[LICENCE]}, told.session, told.evidence, told.login)


class StampsItsAnswers(HarbourSimulator):
    """Nothing is broken in it: registers do say when they answered."""

    def _answer(self, kind: str, number: str) -> dict[str, Any]:
        answer = super()._answer(kind, number)
        if kind == BOAT and "record" in answer:
            answer["record"] = answer["record"] | {"name": f"เรือลำที่ {time.monotonic_ns()}"}
        return answer


class _NeverDown(Simulation):
    def _trouble(self, media_type: str) -> Response | None:
        return None if self.knobs.down else super()._trouble(media_type)


class DeafToItsKnob(HarbourSimulator):
    def __init__(self) -> None:
        super().__init__()
        self.simulation.__class__ = _NeverDown
