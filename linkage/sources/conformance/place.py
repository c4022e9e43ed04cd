"""Where one check runs: a simulator of its own on a real socket, a gate before it, and a fresh adapter that asks through the gate."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import uvicorn
from pydantic import BaseModel, ValidationError

from linkage.catalogue.records import RecordKind, load_records
from linkage.clock import SystemClock
from linkage.errors import SettingsInvalid
from linkage.settings import Source
from linkage.sources.adapter import Adapter, Found, Link
from linkage.sources.breaker import BreakerState
from linkage.sources.conformance.check import CannotBeTold
from linkage.sources.conformance.gate import Fault, Gate
from linkage.sources.conformance.questions import (
    RECIPIENT,
    REQUEST_ID,
    Question,
    found_questions,
    is_positive,
    match_questions,
    officer_questions,
    same,
)
from linkage.sources.connected import ConnectedSource, Connection
from linkage.sources.installed import Candidate
from linkage.sources.resilience import Observation
from linkage.sources.simulation import Examples, Simulator
from linkage.terms import FieldName, SourceName
from linkage.transport import agency_client, tls_context

TIMEOUT_S = 5.0
"""Seconds for a question that nothing holds up."""

MOST_BYTES = 2 * 2**20
AT_ONCE = 32


class _Unwatched:
    def asked(self, observation: Observation) -> None:
        del observation

    def breaker(self, source: SourceName, state: BreakerState) -> None:
        del source, state


@dataclass(frozen=True, slots=True)
class Asking:
    """An adapter, and what it asks with. ``sent``: the requests it made with the client it was given."""

    adapter: Adapter
    settings: BaseModel
    link: Link
    source: ConnectedSource
    gate: Gate
    sent: list[httpx.Request]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a question is answered with when nothing fails, and in how many requests."""

    said: object
    requests: int
    prints: tuple[bytes, ...]


class Place:
    """Where one check runs. ``truths`` is shared by the checks of a run: invented people are the same in every simulator."""

    def __init__(self, candidate: Candidate, tls: ssl.SSLContext, truths: dict[str, Truth]) -> None:
        self.candidate = candidate
        self._tls = tls
        self._simulator: Simulator | None = None
        self._port = 0
        self._kinds: tuple[RecordKind, ...] | None = None
        self._truths = truths
        self.closing: list[asyncio.Task[None]] = []
        """Servers that were told to end and have not yet."""

    # ---- what the adapter says of itself

    def adapter(self) -> Adapter:
        """A fresh one."""
        return self.candidate.make()

    @property
    def kinds(self) -> tuple[RecordKind, ...]:
        """Its record types. `CannotBeTold` where there are none to read: another check says so."""
        if self._kinds is None:
            path = self.adapter().records_file
            if path is None:
                raise CannotBeTold("it discloses no records")
            try:
                kinds = load_records([path])
            except SettingsInvalid:
                raise CannotBeTold("its records.toml is not right") from None
            if any(kind.source != self.candidate.name for kind in kinds):
                raise CannotBeTold("its records.toml is not right")
            self._kinds = kinds
        return self._kinds

    @property
    def simulator(self) -> Simulator:
        """The simulator of this check. `CannotBeTold` where there is none."""
        if self._simulator is None:
            raise CannotBeTold("it has no simulator")
        return self._simulator

    def examples(self) -> Examples:
        """Asked for anew before each question: evidence may be good only once."""
        return self.simulator.examples()

    def questions(self) -> tuple[Question, ...]:
        """A question for each record type and each kind of evidence. `CannotBeTold` where there is none."""
        examples = self.examples()
        try:
            kinds = self.kinds
        except CannotBeTold:
            kinds = ()
        asked = (*found_questions(kinds, examples), *match_questions(examples), *officer_questions(self.adapter(), examples))
        if not asked:
            raise CannotBeTold("the simulator has no example to ask about")
        return asked

    # ---- asking

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Serve a new simulator until the block is left, where there is one."""
        if self.candidate.make_simulator is None:
            yield
            return
        self._simulator = self.candidate.make_simulator()
        server = Served(self._simulator)
        self._port = server.port
        try:
            yield
        finally:
            self.closing.append(server.end())

    @asynccontextmanager
    async def before(
        self, fault: Fault | None = None, after: int = 0, *, timeout: float = TIMEOUT_S, adapter: Adapter | None = None
    ) -> AsyncIterator[Asking]:
        """An adapter (a fresh one unless given) before a gate of its own, pinned to it."""
        async with Gate(self.upstream(), fault, after) as gate:
            own = adapter or self.adapter()
            async with self.asking(own, gate, self.settings(own, gate.url), frozenset({gate.url}), timeout=timeout) as asking:
                yield asking

    def settings(self, adapter: Adapter, url: str) -> BaseModel:
        """The adapter's settings towards the simulator at this URL."""
        try:
            return adapter.Settings.model_validate(dict(self.simulator.settings_for(url)))
        except ValidationError:
            raise CannotBeTold("it refuses the simulator's settings") from None

    @asynccontextmanager
    async def asking(
        self,
        adapter: Adapter,
        gate: Gate,
        settings: BaseModel,
        origins: frozenset[str],
        *,
        timeout: float,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Asking]:
        """As the gateway asks, with a client pinned to these origins."""
        sent: list[httpx.Request] = []
        client = agency_client(
            origins, tls=tls or self._tls, timeout=timeout, connect_timeout=timeout, connections=AT_ONCE, most_bytes=MOST_BYTES
        )
        client.event_hooks = {"request": [_noting(sent)]}
        configured = Source.model_validate(
            {"adapter": self.candidate.name, "recipients": {}, "timeout": timeout + TIMEOUT_S, "attempts": 1}
        )
        clock = SystemClock()
        connections = {RECIPIENT: Connection(settings, client)}
        source = ConnectedSource(SourceName(self.candidate.name), configured, adapter, connections, clock=clock, observer=_Unwatched())
        link = Link(client, settings, timeout, REQUEST_ID, clock.now_ms() // 1000)
        async with client:
            yield Asking(adapter, settings, link, source, gate, sent)

    def upstream(self) -> int:
        """The port of the simulator. `CannotBeTold` where there is none."""
        if not self._port:
            raise CannotBeTold("it has no simulator")
        return self._port

    async def truth(self, question: Question) -> Truth:
        """What the question is answered with when nothing fails; asked once, and remembered."""
        if question.label not in self._truths:
            async with self.before() as asking:
                said = await question.through(asking.source, self.examples(), TIMEOUT_S)
                seen = asking.gate.seen
                self._truths[question.label] = Truth(said, len(seen), tuple(one.print for one in seen))
        return self._truths[question.label]

    async def agrees(self, question: Question, said: object, before: object) -> bool:
        """Whether two answers to a question say the same, but for fields that differ from one answer to the next although nothing fails."""
        if same(said, before):
            return True
        if not (isinstance(said, Found) and isinstance(before, Found)):
            return False
        async with self.before() as asking:
            again = await question.through(asking.source, self.examples(), TIMEOUT_S)
        if not isinstance(again, Found):
            return False
        steady = [name for name, value in before.fields.items() if name in again.fields and again.fields[name] == value]
        return same(_only(said, steady), _only(before, steady)) and set(said.fields) == set(before.fields)

    async def answered(self) -> tuple[tuple[Question, Truth], ...]:
        """The questions that are answered by a record or a match, as long as nothing fails. `CannotBeTold` where none is."""
        told = [(question, await self.truth(question)) for question in self.questions()]
        kept = tuple((question, truth) for question, truth in told if is_positive(truth.said))
        if not kept:
            raise CannotBeTold("no example is found")
        return kept


async def outcome_of(asking: Asking, question: Question, examples: Examples) -> object:
    """What the adapter itself returns or raises, as a value."""
    (said,) = await asyncio.gather(question.direct(asking.adapter, examples, asking.link), return_exceptions=True)
    return said


def _only(answer: Found, names: Iterable[FieldName]) -> Found:
    return replace(answer, fields={name: answer.fields[name] for name in names if name in answer.fields})


def default_tls() -> ssl.SSLContext:
    """One for all clients of a run: reading the system's certificates takes longer than a question."""
    return tls_context()


def _noting(sent: list[httpx.Request]) -> Callable[[httpx.Request], Awaitable[None]]:
    async def note(request: httpx.Request) -> None:
        sent.append(request)

    return note


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the checks."""
        yield


class Served:
    """A simulator on a loopback port, from now on."""

    def __init__(self, simulator: Simulator) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(256)
        config = uvicorn.Config(simulator.app, log_config=None, log_level="critical", access_log=False, lifespan="off", ws="none")
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    def end(self) -> asyncio.Task[None]:
        """Tell it to end; the task is done when it has."""
        self._server.force_exit = self._server.should_exit = True
        return asyncio.create_task(self._ended())

    async def _ended(self) -> None:
        await self._task
        self._socket.close()


def named(names: Iterable[object]) -> str:
    """Names of ours, for a finding."""
    return ", ".join(sorted(map(str, names))) or "nothing"
