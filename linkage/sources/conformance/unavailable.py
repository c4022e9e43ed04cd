"""Unknown is never no: whatever an agency does instead of answering, nobody is told "not found", "no match" or "not allowed" for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from linkage.sources.adapter import Found, NotFound, Refused, Unavailable, Verified
from linkage.sources.conformance import faults
from linkage.sources.conformance.check import CannotBeTold, check
from linkage.sources.conformance.gate import Fault
from linkage.sources.conformance.place import TIMEOUT_S, Place, Truth
from linkage.sources.conformance.questions import Question, fetching, not_found_in
from linkage.terms import Verdict

_UNKNOWN = "Unknown is never no: a citizen must not be refused because a line was broken."
_LEAVE = "Let httpx's errors pass, raise Malformed for what cannot be read, and return NotFound only where the agency's documents say so."


async def _under(
    place: Place, kinds_of_fault: Sequence[Fault], *, refusals: bool = False, timeout: float = TIMEOUT_S
) -> AsyncIterator[str]:
    """Every question, with every fault on each of its requests in turn."""
    jobs = [
        _one(place, question, truth, fault, after, refusals=refusals, timeout=timeout)
        for question, truth in await place.answered()
        for fault in kinds_of_fault
        for after in range(truth.requests)
    ]
    for finding in await asyncio.gather(*jobs):
        if finding:
            yield finding


async def _one(place: Place, question: Question, truth: Truth, fault: Fault, after: int, *, refusals: bool, timeout: float) -> str:
    async with place.before(fault, after, timeout=timeout) as asking:
        said = await question.through(asking.source, place.examples(), TIMEOUT_S)
    if not fault.lasts and len(asking.gate.seen) > truth.requests:
        return f"{question.label}, request {after + 1}: asked again elsewhere after {fault.name}"
    if _tells_nothing(said) or (refusals and isinstance(said, Refused)):
        return ""
    if after > 0 and await place.agrees(question, said, truth.said):
        return ""  # the request that failed was not needed for the answer
    return f"{question.label}, request {after + 1}: {_word(said)} after {fault.name}"


async def _not_held(place: Place, fault: Fault) -> AsyncIterator[str]:
    """Every question about somebody whom the agency does not hold, with a fault after which even that is not known."""
    examples = place.examples()
    kinds = [kind for kind in place.kinds if kind.type in examples.not_found] if place.adapter().records_file is not None else []
    for kind in kinds:
        asked = fetching(kind, not_found_in(kind))
        question = replace(asked, label=f"{asked.label}, not held")
        truth = await place.truth(question)
        async with place.before(fault, max(0, truth.requests - 1)) as asking:
            said = await question.through(asking.source, place.examples(), TIMEOUT_S)
        if isinstance(truth.said, NotFound) and isinstance(said, NotFound):
            yield f"{question.label}: {_word(said)} after {fault.name}"


def _tells_nothing(said: object) -> bool:
    return isinstance(said, Unavailable) or (isinstance(said, Verified) and said.verdict is Verdict.UNAVAILABLE)


def _word(said: object) -> str:
    if isinstance(said, Verified):
        return f"the verdict {said.verdict}"
    return "a record" if isinstance(said, Found) else type(said).__name__


@check("a-reset-is-unavailable", because=_UNKNOWN, remedy=_LEAVE)
async def a_reset_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.RESETS):
        yield finding


@check("a-cut-answer-is-unavailable", because="Half a record may lack the one line that matters.", remedy=_LEAVE)
async def a_cut_answer_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.CUT):
        yield finding


@check("garbage-is-unavailable", because=_UNKNOWN, remedy=_LEAVE)
async def garbage_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.GARBAGE):
        yield finding


@check("half-a-message-is-unavailable", because="A message that ends in the middle says nothing, also under HTTP 200.", remedy=_LEAVE)
async def half_a_message_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.HALF):
        yield finding


@check(
    "nonsense-is-unavailable",
    because="Balancers and firewalls answer 200 with pages of their own.",
    remedy="Take a reply only where it is the agency's own message, whole; raise Malformed for everything else.",
)
async def nonsense_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.NONSENSE):
        yield finding


@check("a-huge-answer-is-unavailable", because="One answer must not fill the memory that serves everybody.", remedy=_LEAVE)
async def a_huge_answer_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.HUGE):
        yield finding


SHORT_S = 0.5
"""Seconds given to an agency that does not answer."""


@check("a-late-answer-is-unavailable", because=_UNKNOWN, remedy=_LEAVE)
async def a_late_answer_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.SLOW, timeout=SHORT_S):
        yield finding


@check(
    "a-server-error-is-unavailable",
    because="A service that broke has looked nothing up.",
    remedy="Read a reply only under the HTTP statuses that the agency's documents name; linkage.sources.reading.unavailable for the rest.",
)
async def a_server_error_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, (*faults.SERVER_ERRORS, faults.OWN_UNDER_500)):
        yield finding
    async for finding in _not_held(place, faults.OWN_UNDER_500):
        yield finding


@check(
    "an-unknown-code-is-unavailable",
    because="A code that no document names may mean anything, also that the agency's own database is down.",
    remedy="Return NotFound for the codes that the agency's documents name for it and for no other; Unavailable for the rest.",
)
async def an_unknown_code_is_unavailable(place: Place) -> AsyncIterator[str]:
    async for finding in _said_no(place):
        yield finding
    async for finding in _not_held(place, faults.UNKNOWN):
        yield finding


async def _said_no(place: Place) -> AsyncIterator[str]:
    """Every positive question, with a reply that is the agency's own and not readable in some place: nobody says no to it."""
    answered = await place.answered()
    whole = (*faults.MANGLED, faults.UNKNOWN)
    jobs = [(question, fault, after) for question, truth in answered for fault in whole for after in range(truth.requests)]
    single = (*faults.ONE_BY_ONE, *faults.UNKNOWN_ONE_BY_ONE)
    jobs += [(question, fault, truth.requests - 1) for question, truth in answered for fault in single]
    findings = await asyncio.gather(*(_no(place, *job) for job in jobs))
    for finding in sorted(filter(None, set(findings))):
        yield finding


async def _no(place: Place, question: Question, fault: Fault, after: int) -> str:
    async with place.before(fault, after) as asking:
        said = await question.through(asking.source, place.examples(), TIMEOUT_S)
    refuses = isinstance(said, NotFound) or (isinstance(said, Verified) and said.verdict is Verdict.NO_MATCH)
    return f"{question.label}, request {after + 1}: {_word(said)} after {fault.name}" if refuses else ""


@check(
    "a-bare-404-is-unavailable",
    because="A moved page and a wrong path answer 404 as well: only the agency's own words mean that there is no record.",
    remedy="Demand the agency's own message beside 404; set bare_404_is_not_found only where its documents say that the status is enough.",
)
async def a_bare_404_is_unavailable(place: Place) -> AsyncIterator[str]:
    if place.adapter().bare_404_is_not_found:
        raise CannotBeTold("the agency's documents say that 404 alone means not found")
    async for finding in _under(place, faults.BARE_404):
        yield finding


@check(
    "too-many-requests-is-no-answer",
    because="Who asks too often is not told anything, least of all that there is no record.",
    remedy="Return Unavailable with its Retry-After, or Refused(QUOTA), for 429.",
)
async def too_many_requests_is_no_answer(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.TOO_MANY, refusals=True):
        yield finding


@check(
    "a-bare-refusal-is-no-answer",
    because="A credential that ran out says nothing about the citizen.",
    remedy="Return Refused or Unavailable for 401 and 403.",
)
async def a_bare_refusal_is_no_answer(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.BARE_REFUSALS, refusals=True):
        yield finding


@check(
    "redirects-are-not-followed",
    because="A question about a citizen goes to the address in the settings, not to wherever a reply points.",
    remedy="Leave follow_redirects off, and treat 3xx as unavailable.",
)
async def redirects_are_not_followed(place: Place) -> AsyncIterator[str]:
    async for finding in _under(place, faults.REDIRECT):
        yield finding
