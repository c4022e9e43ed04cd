"""The questions an adapter is asked: one for each record type and each kind of evidence, about whom the simulator's examples name."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from linkage.catalogue.records import RecordKind
from linkage.sources.adapter import (
    Adapter,
    ExchangesCode,
    Fetches,
    Found,
    Link,
    LoginConfirm,
    LoginOffer,
    LogsIn,
    Query,
    Session,
    Verified,
    Verifies,
)
from linkage.sources.connected import ConnectedSource
from linkage.sources.simulation import Examples
from linkage.terms import FieldName, RecipientId, Secret, ServiceId, Subject, ThaidCode, Verdict, assurance_of

_GIVEN = (Secret, LoginOffer, Session)
"""What a login gives."""

RECIPIENT = RecipientId("conformance")
SERVICE = ServiceId("conformance")
REQUEST_ID = "0198c0de-0000-7000-8000-00000000c0de"


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``label`` names it, and nobody. Both ways give one answer or one verdict."""

    label: str
    direct: Callable[[Adapter, Examples, Link], Awaitable[object]]
    """As the adapter itself answers."""
    through: Callable[[ConnectedSource, Examples, float], Awaitable[object]]
    """As the gateway asks, within so many seconds."""


def query_of(kind: RecordKind, subject: Subject, examples: Examples, fields: Sequence[FieldName] | None = None) -> Query:
    """A query for one record type, for all its fields unless some are named."""
    return Query(subject, SERVICE, {kind.type: tuple(kind.fields if fields is None else fields)}, examples.session)


def fetching(kind: RecordKind, choose: Callable[[Examples], Subject], fields: Sequence[FieldName] | None = None) -> Question:
    """Ask for a record."""

    async def direct(adapter: Adapter, examples: Examples, link: Link) -> object:
        if not isinstance(adapter, Fetches):
            return None
        answers = await adapter.fetch(query_of(kind, choose(examples), examples, fields), link)
        return answers[kind.type]

    async def through(source: ConnectedSource, examples: Examples, budget_s: float) -> object:
        query = query_of(kind, choose(examples), examples, fields)
        return (await source.fetch(query, RECIPIENT, REQUEST_ID, budget_s)).answers[kind.type]

    return Question(f"fetch {kind.type}", direct, through)


def verifying(index: int, label: str) -> Question:
    """Ask for a verdict on the example of this index."""

    async def direct(adapter: Adapter, examples: Examples, link: Link) -> object:
        return await adapter.verify(examples.evidence[index][0], link) if isinstance(adapter, Verifies) else None

    async def through(source: ConnectedSource, examples: Examples, budget_s: float) -> object:
        return (await source.verify(examples.evidence[index][0], RECIPIENT, REQUEST_ID, budget_s)).value

    return Question(f"verify {label}", direct, through)


def exchanging(index: int) -> Question:
    """Ask for an officer's access token, for the code of this index."""

    async def direct(adapter: Adapter, examples: Examples, link: Link) -> object:
        code = examples.evidence[index][0]
        return await adapter.exchange(code, link) if isinstance(adapter, ExchangesCode) and isinstance(code, ThaidCode) else None

    async def through(source: ConnectedSource, examples: Examples, budget_s: float) -> object:
        code = examples.evidence[index][0]
        return (await source.exchange(code, RECIPIENT, REQUEST_ID, budget_s)).value if isinstance(code, ThaidCode) else None

    return Question("exchange a code", direct, through)


def beginning(login: LoginConfirm) -> Question:
    """Begin an officer's login."""

    async def direct(adapter: Adapter, examples: Examples, link: Link) -> object:
        del examples
        return await adapter.begin(login.begun, link) if isinstance(adapter, LogsIn) else None

    async def through(source: ConnectedSource, examples: Examples, budget_s: float) -> object:
        del examples
        return (await source.begin(login.begun, RECIPIENT, REQUEST_ID, budget_s)).value

    return Question("begin a login", direct, through)


def confirming(login: LoginConfirm) -> Question:
    """Confirm an officer's login."""

    async def direct(adapter: Adapter, examples: Examples, link: Link) -> object:
        del examples
        return await adapter.confirm(login, link) if isinstance(adapter, LogsIn) else None

    async def through(source: ConnectedSource, examples: Examples, budget_s: float) -> object:
        del examples
        return (await source.confirm(login, RECIPIENT, REQUEST_ID, budget_s)).value

    return Question("confirm a login", direct, through)


def officer_questions(adapter: Adapter, examples: Examples) -> tuple[Question, ...]:
    """What officers' own logins need, where the adapter has it."""
    asked: list[Question] = []
    if isinstance(adapter, ExchangesCode):
        codes = [n for n, (one, _) in enumerate(examples.evidence) if isinstance(one, ThaidCode) and one.number is not None]
        asked += [exchanging(n) for n in codes[:1]]
    if isinstance(adapter, LogsIn) and examples.login is not None:
        asked += [beginning(examples.login), confirming(examples.login)]
    return tuple(asked)


def found_questions(kinds: Sequence[RecordKind], examples: Examples) -> tuple[Question, ...]:
    """One for each record type with an example that is found."""
    return tuple(fetching(kind, found_in(kind)) for kind in kinds if kind.type in examples.found)


def match_questions(examples: Examples) -> tuple[Question, ...]:
    """One for each kind of evidence with an example that matches."""
    first: dict[str, int] = {}
    for index, (evidence, verdict) in enumerate(examples.evidence):
        if verdict is Verdict.MATCH:
            first.setdefault(assurance_of(evidence).name, index)
    return tuple(verifying(index, label) for label, index in first.items())


def found_in(kind: RecordKind) -> Callable[[Examples], Subject]:
    """Chooses whom the examples name as found."""
    return lambda examples: examples.found[kind.type]


def not_found_in(kind: RecordKind) -> Callable[[Examples], Subject]:
    """Chooses whom the examples name as not found."""
    return lambda examples: examples.not_found[kind.type]


def is_positive(said: object) -> bool:
    """Whether this is a record, a match, or what a login gives."""
    return isinstance(said, (Found, *_GIVEN)) or (isinstance(said, Verified) and said.verdict is Verdict.MATCH)


def same(one: object, other: object) -> bool:
    """Whether two answers say the same."""
    if isinstance(one, Found) and isinstance(other, Found):
        return (dict(one.fields), one.about) == (dict(other.fields), other.about)
    if isinstance(one, Verified) and isinstance(other, Verified):
        return replace(one, why="", retry_after=None) == replace(other, why="", retry_after=None)
    if isinstance(one, _GIVEN):
        return type(one) is type(other)  # tokens and challenges differ each time
    return one == other
