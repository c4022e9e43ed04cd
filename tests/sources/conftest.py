import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from linkage.clock import FakeClock
from linkage.settings import Source
from linkage.sources.adapter import (
    Adapter,
    Answer,
    ExchangesCode,
    Fetches,
    Found,
    Link,
    LoginBegin,
    LoginConfirm,
    LoginOffer,
    LogsIn,
    Probed,
    Probes,
    Query,
    Refused,
    Session,
    Unavailable,
    Verified,
    Verifies,
)
from linkage.sources.address import AgencyUrl, origin
from linkage.sources.breaker import BreakerState
from linkage.sources.connected import ConnectedSource, Connection
from linkage.sources.resilience import Observation
from linkage.terms import (
    Assurance,
    CitizenNumber,
    Evidence,
    FieldName,
    RecipientId,
    RecordType,
    Secret,
    ServiceId,
    SourceName,
    ThaidCode,
    VisitPerson,
)
from linkage.transport import agency_client, tls_context

DOE = RecipientId("doe")
HARBOUR = SourceName("harbour")
BOAT = RecordType("harbour.boat")
LICENCE = RecordType("harbour.licence")
NAME = FieldName("name")


class HarbourSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: AgencyUrl
    secret_file: Path | None = None


class Harbour(Adapter, Fetches, Verifies, LogsIn, ExchangesCode, Probes):
    """A harbour office that keeps boats: the tiniest adapter with every ability. ``does`` is what it does when asked."""

    Settings: ClassVar[type[BaseModel]] = HarbourSettings
    evidence = frozenset({Assurance.THAID})
    renew_before = 60.0
    renew_until = 600.0

    def __init__(self) -> None:
        self.does: Callable[[Link], Awaitable[Any]] = asks_once

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        assert isinstance(settings, HarbourSettings)
        return frozenset({origin(settings.url)})

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        return await self.does(link)  # type: ignore[no-any-return]

    async def verify(self, evidence: Evidence, link: Link) -> Verified | Refused:
        return await self.does(link)  # type: ignore[no-any-return]

    async def begin(self, login: LoginBegin, link: Link) -> LoginOffer | Refused | Unavailable:
        return await self.does(link)  # type: ignore[no-any-return]

    async def confirm(self, login: LoginConfirm, link: Link) -> Session | Refused | Unavailable:
        return await self.does(link)  # type: ignore[no-any-return]

    async def renew(self, session: Secret, link: Link) -> Session | Refused | Unavailable:
        return await self.does(link)  # type: ignore[no-any-return]

    async def end(self, session: Secret, link: Link) -> Refused | Unavailable | None:
        return await self.does(link)  # type: ignore[no-any-return]

    async def exchange(self, code: ThaidCode, link: Link) -> Secret | Refused | Unavailable:
        return await self.does(link)  # type: ignore[no-any-return]

    async def probe(self, link: Link) -> Probed | Refused | Unavailable:
        return await self.does(link)  # type: ignore[no-any-return]


async def asks_once(link: Link) -> Mapping[RecordType, Answer]:
    """One request; 5xx is unavailable, all else a boat."""
    assert isinstance(link.settings, HarbourSettings)
    response = await link.client.get(link.settings.url, headers={"x-request-id": link.request_id})
    if response.status_code != 200:
        return {BOAT: Unavailable(f"status {response.status_code}")}
    return {BOAT: Found({NAME: response.text})}


class Watcher:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []
        self.states: list[BreakerState] = []

    def asked(self, observation: Observation) -> None:
        self.seen.append(observation)

    def breaker(self, source: SourceName, state: BreakerState) -> None:
        assert source == HARBOUR
        self.states.append(state)


@dataclass
class World:
    """A harbour office behind its source, and how to ask it."""

    source: ConnectedSource
    adapter: Harbour
    clock: FakeClock
    watcher: Watcher
    url: str

    async def fetch(self, budget: float = 5.0, kinds: tuple[RecordType, ...] = (BOAT,)) -> Mapping[RecordType, Answer]:
        return (await self.source.fetch(query(*kinds), DOE, "0193f0aa-0000-7000-8000-000000000001", budget)).answers

    async def boat(self, budget: float = 5.0) -> Answer:
        return (await self.fetch(budget))[BOAT]

    def does(self, what: Any) -> None:
        """From now on the adapter does this: returns a value, raises an error, or awaits a callable of the link."""

        async def do(link: Link) -> Any:
            if isinstance(what, BaseException):
                raise what
            return await what(link) if callable(what) else what

        self.adapter.does = do


def query(*kinds: RecordType) -> Query:
    return Query(VisitPerson(CitizenNumber("1101700230708")), ServiceId("boat_licence"), dict.fromkeys(kinds, (NAME,)))


MakeWorld = Callable[..., World]


@pytest.fixture
async def world() -> AsyncIterator[MakeWorld]:
    """Make a source that asks the harbour office at a URL."""
    async with contextlib.AsyncExitStack() as stack:

        def make(url: str = "http://127.0.0.1:9", **settings: Any) -> World:
            defaults: dict[str, Any] = {"adapter": "harbour", "recipients": {}, "timeout": 2.0}
            configured = Source.model_validate(defaults | settings)
            clock, watcher, adapter = FakeClock(), Watcher(), Harbour()
            client = agency_client(
                [url],
                tls=tls_context(),
                timeout=configured.timeout,
                connect_timeout=1.0,
                connections=configured.concurrency,
                most_bytes=configured.max_answer_bytes,
            )
            stack.push_async_callback(client.aclose)
            connections = {DOE: Connection(HarbourSettings(url=url), client)}
            source = ConnectedSource(HARBOUR, configured, adapter, connections, clock=clock, observer=watcher)
            return World(source, adapter, clock, watcher, url)

        yield make


@dataclass
class Office:
    """A raw socket server: answers each request with the next of its answers, the last one for ever; "" closes instead."""

    url: str
    answers: list[str]
    requests: list[bytes] = field(default_factory=list)


MakeOffice = Callable[..., Awaitable[Office]]


@pytest.fixture
async def office() -> AsyncIterator[MakeOffice]:
    async with contextlib.AsyncExitStack() as stack:

        async def start(*answers: str) -> Office:
            opened = Office("", list(answers))
            writers: list[asyncio.StreamWriter] = []

            async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writers.append(writer)
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    while True:
                        opened.requests.append(await reader.readuntil(b"\r\n\r\n"))
                        answer = opened.answers.pop(0) if len(opened.answers) > 1 else opened.answers[0]
                        if not answer:
                            break
                        status, _, body = answer.partition(" ")
                        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
                writer.close()

            server = await asyncio.start_server(meet, "127.0.0.1", 0)
            opened.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

            async def stop() -> None:
                server.close()
                for writer in writers:
                    writer.transport.abort()
                await asyncio.sleep(0)

            stack.push_async_callback(stop)
            return opened

        yield start


@pytest.fixture
def harbour_class() -> type[Harbour]:
    return Harbour
