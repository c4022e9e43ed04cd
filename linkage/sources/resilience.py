"""What stands between the corridors and an adapter: the line, the breaker, the tries, the deadline, and the seam.

The only place that asks again, and it does so only where nothing of the call can have left (`linkage.transport.Wire`): an agency
must never see one question twice because of us. The only place outside the face that catches everything: an adapter is somebody
else's code reading somebody else's reply, and whatever it raises becomes `Unavailable` with a fixed word, never with its text.

    in line --> breaker --> adapter, tried again while nothing left --> what it said, or Unavailable
    '------------------- one deadline: min(source.timeout, budget) ------------------'
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, NamedTuple, Protocol, TypeVar

import httpx
import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_before_delay, wait_random_exponential

from linkage.clock import Clock
from linkage.settings import Source
from linkage.sources.adapter import Malformed, Unavailable
from linkage.sources.breaker import Breaker, BreakerState, Pass
from linkage.sources.bulkhead import Bulkhead, LineFull
from linkage.terms import SourceName
from linkage.transport import MaybeSent, NotSent, Wire, WrongOrigin, limit, watched

_log = structlog.get_logger()

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

FAIR_WAIT_S = 1.0
"""Seconds an agency must have had before its silence counts against it: else hurried counters could close it for everybody."""

_PAUSE = wait_random_exponential(multiplier=0.1, max=1.0)
"""Seconds before another try: random, so that all who were refused do not come back together."""


class Asked(NamedTuple, Generic[T_co]):
    """What came of asking. ``attempts`` counts tries at the agency, 0 where it was not asked; ``elapsed_ms`` includes the line."""

    value: T_co
    attempts: int
    elapsed_ms: int


class Observation(NamedTuple):
    """One call, for metrics. ``results`` and ``why`` are from small fixed sets of words; nothing here is personal."""

    source: SourceName
    operation: str
    results: tuple[str, ...]
    why: str
    attempts: int
    elapsed_ms: int


class SourceObserver(Protocol):
    """Who wants to know how sources fare. Both are called in the event loop and must not block or raise."""

    def asked(self, observation: Observation) -> None:
        """A call is over."""

    def breaker(self, source: SourceName, state: BreakerState) -> None:
        """The breaker of a source is now in this state. Called once at the start, too."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source fares in this worker. ``last_success_ms``: Unix time in ms of its last answer, None while there was none."""

    state: BreakerState
    last_success_ms: int | None
    under_way: int
    waiting: int


class _Blame(Enum):
    WORKED = auto()
    FAILED = auto()
    UNDECIDED = auto()


class Resilience:
    """One source's line, breaker and tries, in one worker."""

    def __init__(self, name: SourceName, source: Source, clock: Clock, observer: SourceObserver) -> None:
        self._name = name
        self._source = source
        self._clock = clock
        self._bulkhead = Bulkhead(source.concurrency)
        self._breaker = Breaker(
            source.breaker.failures, source.breaker.open_seconds, clock, on_change=lambda state: observer.breaker(name, state)
        )
        self._last_success_ms: int | None = None

    def health(self) -> SourceHealth:
        """How the source fares now."""
        return SourceHealth(self._breaker.state, self._last_success_ms, self._bulkhead.inside, self._bulkhead.waiting)

    async def ask(
        self, budget_s: float, call: Callable[[float], Awaitable[T]], tells_nothing: Callable[[object], bool], *, aside: bool = False
    ) -> Asked[T | Unavailable]:
        """Ask within ``min(source.timeout, budget_s)`` seconds.

        Args:
            budget_s: seconds the caller has for this.
            call: asks once; is given the seconds left.
            tells_nothing: whether what ``call`` returned says only that nobody can tell.
            aside: no citizen's question: what comes of it opens and closes no breaker.

        Raises:
            asyncio.CancelledError: the caller was cancelled; nothing else.
        """
        started = self._clock.monotonic()
        tries = _Tries(self._source.attempts, min(self._source.timeout, budget_s))
        admit = self._breaker.aside if aside else self._breaker.admit
        value = await self._in_line(admit, tries, call, tells_nothing)
        return Asked(value, tries.count, round((self._clock.monotonic() - started) * 1000))

    async def _in_line(
        self,
        admit: Callable[[], Pass | None],
        tries: "_Tries",
        call: Callable[[float], Awaitable[T]],
        tells_nothing: Callable[[object], bool],
    ) -> T | Unavailable:
        if tries.left() <= 0:
            return Unavailable("no time left")
        if not self._bulkhead.enters():
            try:
                with limit(tries.deadline):
                    await self._bulkhead.wait()
            except LineFull:
                return Unavailable("line full", retry_after=1.0)
            except TimeoutError:
                return Unavailable("no place in time", retry_after=1.0)
        try:
            leave = admit()
            return self._left_alone() if leave is None else await self._admitted(leave, tries, call, tells_nothing)
        finally:
            self._bulkhead.leave()

    def _left_alone(self) -> Unavailable:
        return Unavailable("breaker open", retry_after=max(self._breaker.opens_in(), 1.0))

    async def _admitted(
        self, leave: Pass, tries: "_Tries", call: Callable[[float], Awaitable[T]], tells_nothing: Callable[[object], bool]
    ) -> T | Unavailable:
        blame = _Blame.UNDECIDED
        given = tries.left()
        try:
            with watched() as wire:
                value = await _seam(tries, wire, call)
            if isinstance(value, _Failure):
                fair = value.why != "timeout" or given >= min(FAIR_WAIT_S, 0.9 * self._source.timeout)
                blame = value.blame if fair else _Blame.UNDECIDED
                if value.where:
                    _log.warning("reply not understood", source=self._name, why=value.why, exception=value.kind, where=value.where)
                return Unavailable(value.why)
            blame = _blame(wire) if tells_nothing(value) else _Blame.WORKED
            return value
        finally:
            self._report(leave, blame)

    def _report(self, leave: Pass, blame: _Blame) -> None:
        if blame is _Blame.WORKED:
            self._last_success_ms = self._clock.now_ms()
            self._breaker.worked(leave)
        elif blame is _Blame.FAILED:
            self._breaker.failed(leave)
        else:
            self._breaker.undecided(leave)


class _Tries:
    """The tries of one call, and until when."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._loop = asyncio.get_running_loop()
        self.deadline = self._loop.time() + seconds
        self.count = 0

    def left(self) -> float:
        return self.deadline - self._loop.time()

    async def run(self, wire: Wire, call: Callable[[float], Awaitable[T]]) -> T:
        """Try, and again while nothing of the call can have left; the last failure is raised as it is."""
        self.count += 1
        try:
            return await call(self.left())  # the rule; the machine for more is only built when it is needed
        except NotSent as failure:
            failed: list[NotSent] = [failure]

        async def attempt() -> T:
            if failed:
                raise failed.pop()  # the first try's failure, so that tries and pauses are counted from it
            self.count += 1
            return await call(self.left())

        again = AsyncRetrying(
            stop=stop_after_attempt(self._most) | stop_before_delay(self.left()),
            wait=_PAUSE,
            retry=retry_if_exception(lambda failure: isinstance(failure, NotSent) and not wire.left),
            reraise=True,
        )
        return await again(attempt)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A failure in words of ours. ``kind`` and ``where`` say which line of an adapter to look at."""

    why: str
    blame: _Blame = _Blame.FAILED
    kind: str = ""
    where: str = ""


async def _seam(tries: _Tries, wire: Wire, call: Callable[[float], Awaitable[T]]) -> T | _Failure:
    """Everything that an adapter can do wrong ends here, its ``sys.exit`` too. Only the caller's own end and the operator's pass."""
    try:
        with limit(tries.deadline) as limited:
            try:
                value = await tries.run(wire, call)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                return _Failure("adapter failed", _Blame.UNDECIDED)  # raised inside, by nobody's wish: it would look like the caller's
    except (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as failure:  # noqa: BLE001 (the adapter seam: becomes a fixed word; the text may hold a value)
        return _judged(failure)
    return _Failure("timeout") if limited.expired else value  # a late answer is none, even from an adapter that overheard its end


def _judged(failure: BaseException) -> _Failure:
    match failure:
        case NotSent() | MaybeSent():
            return _Failure(failure.why)
        case WrongOrigin():
            return _Failure(failure.why, _Blame.UNDECIDED)
        case TimeoutError() | httpx.TimeoutException():
            return _Failure("timeout")
        case Malformed():
            return _Failure("malformed", _Blame.FAILED, type(failure).__name__, _where(failure))
        case httpx.HTTPError():
            return _Failure("transport")
        case _:
            return _Failure("adapter failed", _Blame.UNDECIDED, type(failure).__name__, _where(failure))


def _where(failure: BaseException) -> str:
    """File and line of the innermost frame; the text of the error may hold a value and stays where it is."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


def _blame(wire: Wire) -> _Blame:
    """Whose doing it is that the adapter has nothing to tell. An agency that answered at all, and not 5xx, is there."""
    if wire.status is None:
        return _Blame.FAILED if wire.left else _Blame.UNDECIDED
    return _Blame.FAILED if wire.status >= 500 else _Blame.WORKED
