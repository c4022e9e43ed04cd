"""How an adapter behaves: where it asks, how often, how long, and how it stops."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import httpx

from linkage.sources.adapter import Malformed, Probed, Probes, Refused, Unavailable
from linkage.sources.address import origin
from linkage.sources.conformance import faults
from linkage.sources.conformance.check import CannotBeTold, check
from linkage.sources.conformance.gate import Fault, Gate
from linkage.sources.conformance.place import TIMEOUT_S, Asking, Place, Truth, outcome_of
from linkage.sources.conformance.questions import Question
from linkage.sources.conformance.values import held_in, numbers_in

_HANG_S = 0.25
"""Seconds a client gives an agency that hangs."""
_GRACE_S = 2.0
"""Seconds beyond that, for a slow machine."""


@check(
    "it-asks-only-named-origins",
    because="The client is pinned: a request to a host that base_urls does not name never leaves, and its record is never found.",
    remedy="Let base_urls name the origin of every URL that is asked.",
)
async def it_asks_only_named_origins(place: Place) -> AsyncIterator[str]:
    for question in place.questions():
        async with Gate(place.upstream()) as gate:
            adapter = place.adapter()
            settings = place.settings(adapter, gate.url)
            named = adapter.base_urls(settings) & {gate.url}
            async with place.asking(adapter, gate, settings, named, timeout=TIMEOUT_S) as asking:
                await question.through(asking.source, place.examples(), TIMEOUT_S)
                strange = [one for one in asking.sent if origin(str(one.url)) not in named]
        if strange:
            yield f"{question.label}: a request to an origin that base_urls does not name"


@check(
    "it-asks-through-its-client-only",
    because="The client it is given carries the certificate, the bounds and the pins; any other carries none.",
    remedy="Ask with link.client, and with nothing else.",
)
async def it_asks_through_its_client_only(place: Place) -> AsyncIterator[str]:
    for question in place.questions():
        async with place.before() as asking:
            await question.through(asking.source, place.examples(), TIMEOUT_S)
            beside = len(asking.gate.seen) - len(asking.sent)
        if beside > 0:
            yield f"{question.label}: {beside} requests past the client it was given"


@check(
    "it-does-not-retry",
    because="Whether a question may be asked twice is decided in one place, where it is known whether the first one left.",
    remedy="Ask once, and let the failure pass: linkage.sources.resilience asks again where that is right.",
)
async def it_does_not_retry(place: Place) -> AsyncIterator[str]:
    for question, truth in await place.answered():
        for fault in (faults.BROKEN, faults.RESETS[1], faults.HALF[0]):
            jobs = [_repeats(place, question, truth, fault, after) for after in range(truth.requests)]
            if any(await asyncio.gather(*jobs)):
                yield f"{question.label}: asked again after {fault.name}"


async def _repeats(place: Place, question: Question, truth: Truth, fault: Fault, after: int) -> bool:
    async with place.before(fault, after) as asking:
        await outcome_of(asking, question, place.examples())
        targets = Counter((one.method, one.target) for one in asking.gate.seen)
    return len(asking.gate.seen) > truth.requests or any(number > truth.requests for number in targets.values())


@check(
    "it-keeps-to-its-time",
    because="The officer's deadline is shared by everything that is asked; a sleeping adapter eats it.",
    remedy="Wait for nothing but the client, which keeps the time; let its timeout pass.",
)
async def it_keeps_to_its_time(place: Place) -> AsyncIterator[str]:
    answered = await place.answered()
    longest = await asyncio.gather(*(_longest(place, question, truth) for question, truth in answered))
    for (question, truth), seconds in zip(answered, longest, strict=True):
        if seconds > truth.requests * _HANG_S + _GRACE_S:
            yield f"{question.label}: {seconds:.1f} s, with an agency that hangs and a client that gives it {_HANG_S:g} s"


async def _longest(place: Place, question: Question, truth: Truth) -> float:
    return max(await asyncio.gather(*(_seconds(place, question, after) for after in range(truth.requests))))


async def _seconds(place: Place, question: Question, after: int) -> float:
    async with place.before(faults.HANG, after, timeout=_HANG_S) as asking:
        started = time.monotonic()
        await asyncio.wait([asyncio.ensure_future(outcome_of(asking, question, place.examples()))], timeout=10 * _GRACE_S)
        return time.monotonic() - started


@check(
    "cancellation-passes",
    because="A counter that hangs up must free its place at the agency, and the next one must find the adapter as it was.",
    remedy="Catch no CancelledError, shield nothing, and hold no lock that is not an `async with`.",
)
async def cancellation_passes(place: Place) -> AsyncIterator[str]:
    for question, truth in await place.answered():
        for after in range(truth.requests):
            async for finding in _cancelled(place, question, truth, after):
                yield finding


async def _cancelled(place: Place, question: Question, truth: Truth, after: int) -> AsyncIterator[str]:
    async with place.before(faults.HANG, after) as asking:
        task = asyncio.ensure_future(question.direct(asking.adapter, place.examples(), asking.link))
        reached = asyncio.ensure_future(asking.gate.reached.wait())
        await asyncio.wait((task, reached), timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        if task.done():
            yield f"{question.label}: an answer while the agency still hangs"
            return
        task.cancel()
        await asyncio.wait((task,), timeout=_GRACE_S)
        if not task.done():
            yield f"{question.label}, request {after + 1}: not ended within {_GRACE_S:g} s of being cancelled"
            return
        if not task.cancelled():
            task.exception()  # looked at, so that nobody is told of it later
            yield f"{question.label}, request {after + 1}: the cancellation was swallowed"
            return
        asking.gate.heal()
        said = await question.through(asking.source, place.examples(), TIMEOUT_S)
        if not await place.agrees(question, said, truth.said):
            yield f"{question.label}, request {after + 1}: after a cancelled question the next one is not answered as before"


@check(
    "it-raises-only-what-is-agreed",
    because="What an adapter raises is judged by its kind: an unknown kind reads as a defect of ours, and closes nothing.",
    remedy="Let httpx's errors pass as they come, and raise Malformed for a reply that cannot be read.",
)
async def it_raises_only_what_is_agreed(place: Place) -> AsyncIterator[str]:
    for question, truth in await place.answered():
        jobs = [_raised(place, question, fault, after) for fault in faults.QUICK for after in range(truth.requests)]
        for name in sorted(filter(None, set(await asyncio.gather(*jobs)))):
            yield f"{question.label}: {name}"


async def _raised(place: Place, question: Question, fault: Fault, after: int) -> str:
    async with place.before(fault, after) as asking:
        said = await outcome_of(asking, question, place.examples())
    strange = isinstance(said, BaseException) and not isinstance(said, httpx.HTTPError | Malformed)
    return f"{type(said).__name__} after {fault.name}" if strange else ""


@check(
    "a-probe-names-nobody",
    because="Whether an agency is there is asked every hour; nobody may be asked about for it.",
    remedy="Ask for metadata only, and answer Probed for record types of its own, Refused or Unavailable.",
)
async def a_probe_names_nobody(place: Place) -> AsyncIterator[str]:
    adapter = place.adapter()
    if not isinstance(adapter, Probes):
        raise CannotBeTold("it does not probe")
    async with place.before(adapter=adapter) as asking:
        said = await adapter.probe(asking.link)
        sent = [text.decode("latin-1") for one in asking.gate.seen for text in (one.target.encode("latin-1"), one.head, one.body)]
    if held_in(sent, numbers_in(place.examples())):
        yield "a probe names a person"
    if not isinstance(said, Probed):
        yield f"{type(said).__name__} from a simulator that is well"
    elif not set(said.granted) <= {kind.type for kind in place.kinds}:
        yield "it speaks of record types that records.toml does not declare"
    async with place.before(faults.BROKEN) as asking:
        (down,) = await asyncio.gather(_probed(asking), return_exceptions=True)
    if not isinstance(down, Refused | Unavailable | httpx.HTTPError | Malformed):
        yield f"{type(down).__name__} from an agency that is down"


async def _probed(asking: Asking) -> object:
    return await asking.adapter.probe(asking.link) if isinstance(asking.adapter, Probes) else None
