"""Nothing personal anywhere but in the answer: not in errors, log lines, addresses, nor kept on the adapter."""

import asyncio
import contextlib
import io
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Iterator

from structlog.testing import capture_logs

from linkage.sources.adapter import LoginOffer, Refused, Unavailable, Verified
from linkage.sources.conformance import faults
from linkage.sources.conformance.check import CannotBeTold, check
from linkage.sources.conformance.gate import Fault
from linkage.sources.conformance.place import TIMEOUT_S, Place, outcome_of
from linkage.sources.conformance.questions import Question
from linkage.sources.conformance.traces import held_beside, left_behind, written_in
from linkage.sources.conformance.values import everything, held_in, numbers_in, records_of, revealed, secrets_of, shown_in

_TELLING = (*faults.MANGLED, *faults.HALF, *faults.CUT, faults.BROKEN)

_LONG = 8
"""Characters from which on a text without a digit is looked for beside the adapter: shorter ones stand in manifests, too."""


@check(
    "errors-tell-no-value",
    because="An exception's text ends in logs, in error trackers and in mails.",
    remedy="Say what was expected where, never what came; raise `from None` where the cause quotes the reply.",
)
async def errors_tell_no_value(place: Place) -> AsyncIterator[str]:
    for question, truth in await place.answered():
        jobs = [_tells(place, question, fault, after) for fault in _TELLING for after in range(truth.requests)]
        jobs += [_tells(place, question, fault, truth.requests - 1) for fault in faults.ONE_BY_ONE]
        for finding in sorted(filter(None, set(await asyncio.gather(*jobs)))):
            yield finding


async def _tells(place: Place, question: Question, fault: Fault, after: int) -> str:
    async with place.before(fault, after) as asking:
        examples = place.examples()
        values = await everything(place, asking, examples)
        said = await outcome_of(asking, question, examples)
    if isinstance(said, BaseException) and held_in(("".join(traceback.format_exception(said)), repr(said), repr(said.args)), values):
        return f"{question.label}: the text of {type(said).__name__} holds a value after {fault.name}"
    if held_in((_shown(said), *_words(said)), values):
        return f"{question.label}: {type(said).__name__} says a value after {fault.name}"
    return ""


def _shown(said: object) -> str:
    """What ``repr`` shows of an answer; an offer of offices names offices, which are nobody's secret."""
    return "" if isinstance(said, LoginOffer) else repr(said)


def _words(said: object) -> tuple[str, ...]:
    match said:
        case Unavailable() | Verified():
            return (said.why,)
        case Refused():
            return (said.code,)
        case _:
            return ()


@check(
    "log-lines-tell-no-value",
    because="Log lines are read by people who may not read records, and kept longer than anybody thinks.",
    remedy="Log nothing of a question or an answer; the gateway's own lines say which agency failed and how.",
)
async def log_lines_tell_no_value(place: Place) -> AsyncIterator[str]:
    answered = await place.answered()
    for question, truth in answered:
        trouble = [(None, 0)] + [(fault, after) for fault in _TELLING for after in range(truth.requests)]
        for fault, after in trouble:
            async with place.before(fault, after) as asking:
                examples = place.examples()
                values = await everything(place, asking, examples)
                with _overheard() as heard:
                    said = await outcome_of(asking, question, examples)
                if held_in((*heard(), repr(asking.adapter)), values) or (fault is None and held_in((_shown(said),), values)):
                    yield f"{question.label}: a value is written {'in passing' if fault is None else f'after {fault.name}'}"
                    break


@contextlib.contextmanager
def _overheard() -> Iterator[Callable[[], tuple[str, ...]]]:
    """Hear everything that is logged or printed inside the block."""
    written, handler = io.StringIO(), _Ear()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with capture_logs() as lines, contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            yield lambda: (written.getvalue(), *handler.heard, *(repr(line) for line in lines))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.getMessage()} {record.args!r} {record.exc_text or ''} {record.exc_info!r}")


@check(
    "addresses-tell-no-value",
    because="Addresses stand in the logs of every server and balancer on the way.",
    remedy="Send numbers and secrets in the body or a header; set numbers_in_url or secret_in_url where the protocol leaves no choice.",
)
async def addresses_tell_no_value(place: Place) -> AsyncIterator[str]:
    adapter = place.adapter()
    for question in place.questions():
        async with place.before(adapter=adapter) as asking:
            examples = place.examples()
            await question.through(asking.source, examples, TIMEOUT_S)
            addresses = [part for one in asking.sent for part in (str(one.url), one.url.path, one.url.query.decode("latin-1"))]
            if not adapter.numbers_in_url and held_in(addresses, numbers_in(examples)):
                yield f"{question.label}: a number in the address"
            if not adapter.secret_in_url and held_in(addresses, secrets_of(asking.settings)):
                yield f"{question.label}: a secret in the address"
            if not adapter.numbers_in_url and held_in(addresses, shown_in(examples)):
                yield f"{question.label}: evidence or a name in the address"


@check(
    "it-keeps-nothing",
    because="What an adapter keeps of one person lies in memory for everybody who comes later.",
    remedy="Keep nothing of a request or a reply, on the adapter, its classes, its modules or the disk; "
    "only tokens that the agency gave to us (linkage.sources.kept_token).",
)
async def it_keeps_nothing(place: Place) -> AsyncIterator[str]:
    adapter = place.adapter()
    try:
        questions = [question for question, _ in await place.answered()]
    except CannotBeTold:
        questions = list(place.questions())
    for question in questions:
        async with place.before(adapter=adapter) as asking:
            examples = place.examples()
            with left_behind() as left:
                await question.through(asking.source, examples, TIMEOUT_S)
            values = numbers_in(examples) | await records_of(place)
        if left:
            yield f"{question.label}: the adapter {left[0]}"
            return
        if held_in(revealed(vars(adapter)), values):
            yield f"{question.label}: the adapter keeps something of the question or the answer"
            return
        written = written_in(adapter)
        own = {one for one in values if (len(one) >= _LONG or any(map(str.isdigit, one))) and one not in written}
        if held_in(revealed(list(held_beside(adapter))), own):
            yield f"{question.label}: a module or a class of the adapter keeps something of the question or the answer"
            return
