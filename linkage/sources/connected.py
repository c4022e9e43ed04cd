"""One source as the corridors see it: its adapter behind its line, breaker and deadline, with the recipient's own settings.

Every verb returns; none raises for what an agency or an adapter did. Unknown stays unknown: `Unavailable`, or the verdict UNAVAILABLE.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from types import NoneType
from typing import NamedTuple, TypeVar

import httpx
from pydantic import BaseModel

from linkage.clock import Clock
from linkage.settings import Source
from linkage.sources import checked
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
    NotFound,
    Probed,
    Probes,
    Query,
    Refused,
    Session,
    Unavailable,
    Verified,
    Verifies,
)
from linkage.sources.resilience import Asked, Observation, Resilience, SourceHealth, SourceObserver
from linkage.terms import Assurance, Evidence, RecipientId, RecordType, Secret, SourceName, ThaidCode, Verdict

T = TypeVar("T")
Ask = Callable[[Link], Awaitable[object]]


class Fetched(NamedTuple):
    """One answer for each record type asked for. ``attempts``: tries at the agency, 0 where it was not asked."""

    answers: Mapping[RecordType, Answer]
    attempts: int
    elapsed_ms: int


class Connection(NamedTuple):
    """What one recipient asks this source with."""

    settings: BaseModel
    client: httpx.AsyncClient


class ConnectedSource:
    """One source, ready to be asked. Budgets are seconds; ``request_id`` may be shown to the agency and names nobody."""

    def __init__(
        self,
        name: SourceName,
        source: Source,
        adapter: Adapter,
        connections: Mapping[RecipientId, Connection],
        *,
        clock: Clock,
        observer: SourceObserver,
    ) -> None:
        self.name = name
        self._adapter = adapter
        self._connections = connections
        self._clock = clock
        self._observer = observer
        self._resilience = Resilience(name, source, clock, observer)

    # ---- what it can do

    @property
    def recipients(self) -> frozenset[RecipientId]:
        """The recipients it holds settings for; for others it is unavailable."""
        return frozenset(self._connections)

    @property
    def origins(self) -> frozenset[str]:
        """Where its agency lives, whatever recipient asks: the origins that its clients are pinned to."""
        return frozenset(one for held in self._connections.values() for one in self._adapter.base_urls(held.settings))

    @property
    def probes(self) -> bool:
        """Whether it can be asked what it grants us, without being asked about anybody."""
        return isinstance(self._adapter, Probes)

    @property
    def assumed(self) -> str:
        """What its adapter assumes of the agency's interface; empty: nothing."""
        return self._adapter.assumed

    @property
    def discloses(self) -> bool:
        """Whether it discloses records."""
        return isinstance(self._adapter, Fetches)

    @property
    def needs_login(self) -> bool:
        """Whether every query needs the officer's own login at the agency."""
        return isinstance(self._adapter, Fetches) and self._adapter.needs_login

    @property
    def evidence(self) -> frozenset[Assurance]:
        """The assurances it can give; empty where it verifies nobody."""
        return self._adapter.evidence if isinstance(self._adapter, Verifies) else frozenset()

    @property
    def logs_in(self) -> LogsIn | None:
        """The adapter's login, for its terms of renewal; None where it has none. Ask through `begin` to `end`, not through this."""
        return self._adapter if isinstance(self._adapter, LogsIn) else None

    @property
    def exchanges_code(self) -> bool:
        """Whether it exchanges an officer's own ThaID code."""
        return isinstance(self._adapter, ExchangesCode)

    def health(self) -> SourceHealth:
        """How it fares in this worker."""
        return self._resilience.health()

    # ---- what it is asked

    async def fetch(self, query: Query, recipient: RecipientId, request_id: str, budget_s: float) -> Fetched:
        """Ask for all record types of the query. Answers may hold fields beyond those asked: reduce them before use."""
        adapter = self._adapter
        ask = (lambda link: adapter.fetch(query, link)) if isinstance(adapter, Fetches) else None
        asked = await self._ask(("fetch", ask, lambda returned: checked.answers(returned, query.wanted)), recipient, request_id, budget_s)
        answers = dict.fromkeys(query.wanted, asked.value) if isinstance(asked.value, Unavailable) else asked.value
        return Fetched(answers, asked.attempts, asked.elapsed_ms)

    async def verify(self, evidence: Evidence, recipient: RecipientId, request_id: str, budget_s: float) -> Asked[Verified | Refused]:
        """Ask whether the evidence holds."""
        adapter = self._adapter
        ask = (lambda link: adapter.verify(evidence, link)) if isinstance(adapter, Verifies) else None
        asked = await self._ask(("verify", ask, checked.verified), recipient, request_id, budget_s)
        if isinstance(asked.value, Unavailable):
            unknown = Verified(Verdict.UNAVAILABLE, why=asked.value.why, retry_after=asked.value.retry_after)
            return Asked(unknown, asked.attempts, asked.elapsed_ms)
        return Asked(asked.value, asked.attempts, asked.elapsed_ms)

    async def begin(
        self, login: LoginBegin, recipient: RecipientId, request_id: str, budget_s: float
    ) -> Asked[LoginOffer | Refused | Unavailable]:
        """Begin an officer's own login."""
        adapter = self._adapter
        ask = (lambda link: adapter.begin(login, link)) if isinstance(adapter, LogsIn) else None
        return await self._ask(("begin", ask, checked.one_of(LoginOffer)), recipient, request_id, budget_s)

    async def confirm(
        self, login: LoginConfirm, recipient: RecipientId, request_id: str, budget_s: float
    ) -> Asked[Session | Refused | Unavailable]:
        """Confirm an officer's own login."""
        adapter = self._adapter
        ask = (lambda link: adapter.confirm(login, link)) if isinstance(adapter, LogsIn) else None
        return await self._ask(("confirm", ask, checked.one_of(Session)), recipient, request_id, budget_s)

    async def renew(
        self, session: Secret, recipient: RecipientId, request_id: str, budget_s: float
    ) -> Asked[Session | Refused | Unavailable]:
        """Renew an officer's login."""
        adapter = self._adapter
        ask = (lambda link: adapter.renew(session, link)) if isinstance(adapter, LogsIn) else None
        return await self._ask(("renew", ask, checked.one_of(Session)), recipient, request_id, budget_s)

    async def end(self, session: Secret, recipient: RecipientId, request_id: str, budget_s: float) -> Asked[Refused | Unavailable | None]:
        """End an officer's login; None where the agency ended it."""
        adapter = self._adapter
        ask = (lambda link: adapter.end(session, link)) if isinstance(adapter, LogsIn) else None
        return await self._ask(("end", ask, checked.one_of(NoneType)), recipient, request_id, budget_s)

    async def exchange(
        self, code: ThaidCode, recipient: RecipientId, request_id: str, budget_s: float
    ) -> Asked[Secret | Refused | Unavailable]:
        """Exchange an officer's own ThaID code for the access token that another source's login asks for."""
        adapter = self._adapter
        ask = (lambda link: adapter.exchange(code, link)) if isinstance(adapter, ExchangesCode) else None
        return await self._ask(("exchange", ask, checked.one_of(Secret)), recipient, request_id, budget_s)

    async def probe(
        self, kinds: Collection[RecordType], recipient: RecipientId, request_id: str, budget_s: float
    ) -> Asked[Probed | Refused | Unavailable]:
        """Ask what it grants this recipient. Nobody is asked about, and what comes of it opens and closes no breaker.

        Args:
            kinds: the source's own record types; an answer that speaks of another is none.
            recipient: in whose name.
            request_id: as for every question.
            budget_s: seconds.
        """
        adapter = self._adapter
        ask = adapter.probe if isinstance(adapter, Probes) else None
        return await self._ask(("probe", ask, checked.probed(kinds)), recipient, request_id, budget_s, aside=True)

    async def _ask(
        self,
        what: tuple[str, Ask | None, Callable[[object], T]],
        recipient: RecipientId,
        request_id: str,
        budget_s: float,
        *,
        aside: bool = False,
    ) -> Asked[T | Unavailable]:
        operation, ask, check = what
        connection = self._connections.get(recipient)
        if ask is None or connection is None:
            asked: Asked[T | Unavailable] = Asked(Unavailable("not supported" if ask is None else "recipient not set up"), 0, 0)
        else:

            async def once(seconds: float) -> T:
                link = Link(connection.client, connection.settings, seconds, request_id, self._clock.now_ms() // 1000)
                return check(await ask(link))

            asked = await self._resilience.ask(budget_s, once, checked.tells_nothing, aside=aside)
        self._observer.asked(_observed(self.name, operation, asked))
        return asked


def _observed(source: SourceName, operation: str, asked: Asked[object]) -> Observation:
    value = asked.value
    each = list(value.values()) if isinstance(value, dict) else [value]
    unknown = [one.why for one in each if isinstance(one, Unavailable)]
    words = tuple([one.verdict.value if isinstance(one, Verified) else _word(one) for one in each])
    return Observation(source, operation, words, unknown[0] if unknown else "", asked.attempts, asked.elapsed_ms)


def _word(value: object) -> str:
    return _WORDS.get(type(value)) or next((word for kind, word in _WORDS.items() if isinstance(value, kind)), "given")


_WORDS: Mapping[type, str] = {Found: "found", NotFound: "not_found", Unavailable: "unavailable", Refused: "refused"}
