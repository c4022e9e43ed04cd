"""A ministry's own folder as one more source, beside the example: what `adapters/xroad/README.md` tells a ministry to do."""

from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from linkage.clock import FakeClock
from linkage.settings import Source
from linkage.sources.adapter import Found, NotFound, Query
from linkage.sources.breaker import BreakerState
from linkage.sources.installed import Candidate, find
from linkage.sources.registry import Registry
from linkage.sources.resilience import Observation
from linkage.terms import CitizenNumber, FieldName, RecipientId, RecordType, ServiceId, SourceName, VisitPerson
from linkage.transport import in_process_client
from tests.sources.rest.xroad.ministry import LICENCE, NOBODY, REQUEST_ID, SOMMUT

if TYPE_CHECKING:
    from linkage.sources.simulation import Simulator

OFFICE = RecipientId("doe")
PERSON = RecordType("xroad.person")


class Silent:
    def asked(self, observation: Observation) -> None: ...

    def breaker(self, source: SourceName, state: BreakerState) -> None: ...


def together(folder: Path) -> Registry:
    """Both sources, each with its own simulator at its own Security Server."""
    made: dict[str, Simulator] = {}
    sources: dict[str, Source] = {}
    translators: dict[str, tuple[Candidate, dict[str, object]]] = {
        "xroad": (find("xroad"), {"adapter": "xroad"}),
        "harbour": (find(folder), {"manifest": folder}),
    }
    for name, (candidate, translator) in translators.items():
        assert candidate.make_simulator is not None
        made[name] = candidate.make_simulator()
        recipients = {OFFICE: made[name].settings_for(f"https://{name}-ss.example")}
        sources[name] = Source.model_validate({**translator, "recipients": recipients})

    def client_for(name: SourceName, _source: Source, origins: frozenset[str]) -> httpx.AsyncClient:
        return in_process_client(made[name].app, origins)

    return Registry.load(sources, "linkage.toml", clock=FakeClock(), observer=Silent(), client_for=client_for)


async def test_a_ministrys_folder_is_one_more_source_with_records_of_its_own(folder: Path) -> None:
    registry = together(folder)
    assert [one.path.parent.name for one in registry.records] == ["xroad", folder.name]
    for name, record, field in (("xroad", PERSON, "first_name"), ("harbour", LICENCE, "serial")):
        source = registry.source(SourceName(name))
        for number, expected in ((SOMMUT, Found), (NOBODY if name == "harbour" else "8100000000048", NotFound)):
            query = Query(VisitPerson(CitizenNumber(number)), ServiceId("s"), {record: (FieldName(field),)})
            fetched = await source.fetch(query, OFFICE, REQUEST_ID, 5.0)
            assert isinstance(fetched.answers[record], expected)
    await registry.aclose()
