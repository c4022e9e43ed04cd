"""What is coming at the agencies: seen over real TLS, told in metrics and log lines, and never in the way."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict
from structlog.testing import capture_logs

from linkage.catalogue.records import RecordKind
from linkage.clock import FakeClock, SystemClock
from linkage.runtime import pki
from linkage.runtime.outlook import Outlook, ReadExpiry
from linkage.settings import Source
from linkage.sources.adapter import Adapter, Link, Probed, Probes, Refused, RefusedCause, Unavailable
from linkage.sources.address import AgencyUrl, origin
from linkage.sources.breaker import BreakerState
from linkage.sources.connected import ConnectedSource, Connection
from linkage.sources.registry import Registry
from linkage.sources.resilience import Observation
from linkage.telemetry import Metrics
from linkage.terms import RecipientId, RecordType, SourceName
from linkage.transport import in_process_client
from linkage.transport.expiry import read_expiry
from tests.sources.conformance.harbour.simulator import HarbourSimulator

HARBOUR, DOE, DLPW, BOAT = SourceName("harbour"), RecipientId("doe"), RecipientId("dlpw"), RecordType("harbour.boat")


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    url: AgencyUrl


class Office(Adapter, Probes):
    """Says what it grants, as a test tells it to."""

    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self) -> None:
        self.says: Probed | Refused | Unavailable = Probed({BOAT: True})
        self.asked = self.at_once = self._inside = 0

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        assert isinstance(settings, Settings)
        return frozenset({origin(settings.url)})

    async def probe(self, link: Link) -> Probed | Refused | Unavailable:
        self.asked += 1
        self._inside += 1
        self.at_once = max(self.at_once, self._inside)
        await asyncio.sleep(0)
        self._inside -= 1
        return self.says


class Unwatched:
    def asked(self, observation: Observation) -> None:
        assert observation.operation == "probe"

    def breaker(self, source: SourceName, state: BreakerState) -> None:
        assert source == HARBOUR


class World:
    """One harbour office, looked at."""

    def __init__(
        self, url: str, *, ca: Path | None = None, recipients: tuple[RecipientId, ...] = (DOE,), read: ReadExpiry = read_expiry
    ) -> None:
        self.clock, self.metrics, self.office = FakeClock(), Metrics(), Office()
        written = Source.model_validate({"adapter": "harbour", "recipients": {}, "ca": ca})
        client = in_process_client(HarbourSimulator().app, [url])
        connections = {one: Connection(Settings(url=url), client) for one in recipients}
        source = ConnectedSource(HARBOUR, written, self.office, connections, clock=self.clock, observer=Unwatched())
        registry, kinds = Registry({HARBOUR: source}, (), ()), (RecordKind(BOAT, "เรือ", "Boat", "harbour", {}),)
        self.outlook = Outlook(registry, {"harbour": written}, self.metrics, self.clock, kinds=kinds, read=read)

    async def look(self) -> list[Mapping[str, object]]:
        """Look once; what was logged."""
        with capture_logs() as lines:
            await self.outlook.look()
        return [dict(line) for line in lines]

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


@asynccontextmanager
async def tls_office(folder: Path, clock: FakeClock, days: int) -> AsyncIterator[tuple[str, Path]]:
    """An office that shows a certificate which ends in so many days; its URL and its CA."""
    ca, key = folder / "ca.pem", folder / "ca-key.pem"
    pki.make_authority(ca, key, name="An invented CA", clock=clock)
    pki.make_server(pki.load_authority(ca, key), folder / "s.pem", folder / "s-key.pem", names=["127.0.0.1"], clock=clock, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "s.pem", folder / "s-key.pem")
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", ca


class Today(FakeClock):
    """The machine's own day: TLS itself minds no other clock."""

    def __init__(self) -> None:
        super().__init__(SystemClock().now_ms())


@pytest.mark.parametrize(("days", "warned"), [(400, False), (31, False), (29, True), (1, True)])
async def test_a_certificates_end_is_a_metric_and_a_warning_in_its_last_thirty_days(days: int, warned: bool, tmp_path: Path) -> None:
    clock = Today()
    async with tls_office(tmp_path, clock, days) as (url, ca):
        world = World(url, ca=ca)
        world.clock.step_wall(clock.now_ms() / 1000 - world.clock.now_ms() / 1000)
        lines = await world.look()

    ends = world.metric("linkage_certificate_not_after_seconds", which=f"harbour {url}")
    assert ends is not None
    assert abs(ends - (clock.now_ms() / 1000 + dt.timedelta(days=days).total_seconds())) < 86_400
    assert [line["where"] for line in lines if "ends soon" in str(line["event"])] == ([url] if warned else [])


async def test_a_certificate_that_does_not_chain_to_the_sources_ca_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    clock = Today()
    pki.make_authority(tmp_path / "ours" / "ca.pem", tmp_path / "ours" / "ca-key.pem", name="Another invented CA", clock=clock)
    async with tls_office(tmp_path / "theirs", clock, 100) as (url, _):
        world = World(url, ca=tmp_path / "ours" / "ca.pem")
        lines = await world.look()

    assert [(line["source"], line["why"]) for line in lines if "cannot be read" in str(line["event"])] == [(HARBOUR, "tls failed")]
    assert world.metric("linkage_certificate_not_after_seconds", which=f"harbour {url}") is None
    assert world.metric("linkage_source_granted", source=HARBOUR, type=BOAT) == 1


async def test_a_ca_file_that_is_gone_is_told_and_stops_nothing(tmp_path: Path) -> None:
    world = World("https://127.0.0.1:1", ca=tmp_path / "gone.pem")

    lines = await world.look()

    assert next(line["event"] for line in lines) == "certificates towards an agency cannot be read now"
    assert world.office.asked == 1


async def test_what_an_agency_grants_is_told_when_it_changes_and_not_again() -> None:
    world = World("http://127.0.0.1:1")

    first, again = await world.look(), await world.look()
    world.office.says = Probed({BOAT: False})
    taken = await world.look()

    assert [(line["record_type"], line["state"], line["log_level"]) for line in first] == [(BOAT, "granted", "info")]
    assert again == []
    assert [(line["record_type"], line["state"], line["log_level"]) for line in taken] == [(BOAT, "not granted", "warning")]
    assert world.metric("linkage_source_granted", source=HARBOUR, type=BOAT) == 0


async def test_each_recipient_is_asked_for_in_its_own_name() -> None:
    world = World("http://127.0.0.1:1", recipients=(DOE, DLPW))

    lines = await world.look()

    assert {line["recipient"] for line in lines} == {DOE, DLPW}


@pytest.mark.parametrize(
    ("says", "why"), [(Unavailable("status 503"), "status 503"), (Refused(RefusedCause.NOT_ENTITLED, "403"), "not_entitled")]
)
async def test_an_agency_that_does_not_say_keeps_its_last_word(says: Unavailable | Refused, why: str) -> None:
    world = World("http://127.0.0.1:1")
    await world.look()
    world.office.says = says

    lines = await world.look()

    assert [line["why"] for line in lines] == [why]
    assert world.metric("linkage_source_granted", source=HARBOUR, type=BOAT) == 1


@pytest.mark.parametrize(
    "granted",
    [
        None,
        [BOAT],
        {BOAT: "yes"},
        {BOAT: None},
        {"harbour.boat of 1101700230708": True},
        {"dopa.person": True},
        {BOAT: True, "harbour.another": True},
        {7: True},
    ],
)
async def test_what_is_no_word_on_the_sources_own_record_types_is_not_repeated(granted: Any) -> None:
    world = World("http://127.0.0.1:1")
    world.office.says = Probed(granted)

    lines = await world.look()

    assert [(line["event"], line["why"]) for line in lines] == [("an agency does not say what it grants", "adapter failed")]
    shown = {sample.labels["type"] for family in world.metrics.registry.collect() for sample in family.samples if "type" in sample.labels}
    assert not shown & {"harbour.boat of 1101700230708", "dopa.person", "harbour.another"}


async def test_a_look_that_fails_is_told_and_stops_no_other() -> None:
    async def cannot_read(origin: str, tls: ssl.SSLContext, *, timeout: float) -> int:
        raise KeyError("1101700230708")

    world = World("https://127.0.0.1:1", read=cannot_read)

    lines = await world.look()

    failed = [line for line in lines if line["event"] == "an agency could not be looked at"]
    assert [(line["source"], line["exception"]) for line in failed] == [(HARBOUR, "KeyError")]
    assert "1101700230708" not in str(lines)
    assert world.metric("linkage_source_granted", source=HARBOUR, type=BOAT) == 1


async def test_recipients_are_asked_for_one_after_another_so_that_citizens_keep_their_places() -> None:
    world = World("http://127.0.0.1:1", recipients=(DOE, DLPW))

    await world.look()

    assert (world.office.asked, world.office.at_once) == (2, 1)
