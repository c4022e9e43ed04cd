"""The adapter contract, enforced: what an adapter returned is taken only where it keeps to its word.

An adapter may be wrong without raising: a record type left out, a float for an amount, a word of its own that is none. Each of
these becomes `Unavailable` here, since nobody can tell what the agency said. Fields beyond those asked, and fields asked for that the
reply does not speak of, are not wrong in this sense: they are passed on as they are, for `minimise` to drop or to miss, and the log to
name.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from linkage.sources.adapter import About, Answer, Found, NotFound, Probed, Refused, RefusedCause, Unavailable, Verified
from linkage.terms import FieldName, Image, PartialDate, RecordType, Verdict

T = TypeVar("T")

DEEPEST = 8
"""Levels that lists and groups may be nested."""

LARGEST_IMAGE = 2**20
"""Bytes."""

YEARS = range(1700, 2201)
"""Common Era years that a record can speak of. A Buddhist Era year that was taken for one lies beyond."""

BROKEN = Unavailable("adapter failed")

_WORD = re.compile(r"[A-Za-z0-9 ._:/-]{0,64}")
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
"""JSON can write half of a surrogate pair; no message can hold it."""
_LONG_NUMBER = re.compile(r"[0-9]{7}")


def answers(returned: object, wanted: Mapping[RecordType, tuple[FieldName, ...]]) -> dict[RecordType, Answer]:
    """One answer for each record type wanted; all of them unavailable where the adapter answered one that was not."""
    if not isinstance(returned, Mapping) or not returned.keys() <= wanted.keys():
        return dict.fromkeys(wanted, BROKEN)
    return {kind: _answer(returned.get(kind), fields) for kind, fields in wanted.items()}


def _answer(answer: object, fields: tuple[FieldName, ...]) -> Answer:
    match answer:
        case Found():
            kept = isinstance(answer.about, About) and isinstance(answer.fields, Mapping) and _are_names(answer.also_sent)
            return answer if kept and all(_is_value(answer.fields.get(name)) for name in fields) else BROKEN
        case NotFound():
            return answer
        case Unavailable() | Refused():
            return tame(answer)
        case _:
            return BROKEN


def verified(returned: object) -> Verified | Refused | Unavailable:
    """A verdict with what belongs to it, or a refusal."""
    match returned:
        case Verified(verdict=Verdict.UNAVAILABLE):
            return tame(Unavailable(returned.why, returned.retry_after))
        case Verified(verdict=Verdict(), about=About()):
            return _tame_verdict(returned)
        case Refused():
            return tame(returned)
        case _:
            return BROKEN


def one_of(kind: type[T]) -> Callable[[object], T | Refused | Unavailable]:
    """Make the check for an operation that promises a value of this kind: it, a refusal, or Unavailable."""

    def check(returned: object) -> T | Refused | Unavailable:
        if isinstance(returned, (Refused, Unavailable)):
            return tame(returned)
        return returned if isinstance(returned, kind) else BROKEN

    return check


def probed(kinds: Collection[RecordType]) -> Callable[[object], Probed | Refused | Unavailable]:
    """Make the check for a probe: a plain yes or no, and for record types of the source's own alone, since metrics and the log name them."""
    of_its_kind = one_of(Probed)

    def check(returned: object) -> Probed | Refused | Unavailable:
        said = of_its_kind(returned)
        if not isinstance(said, Probed):
            return said
        granted: object = said.granted
        sound = isinstance(granted, Mapping) and set(granted) <= set(kinds) and all(isinstance(one, bool) for one in granted.values())
        return said if sound else BROKEN

    return check


def tells_nothing(value: object) -> bool:
    """Whether this says only that nobody can tell: `Unavailable`, or nothing but that for every record type."""
    if isinstance(value, dict):
        return not [answer for answer in value.values() if not isinstance(answer, Unavailable)]
    return isinstance(value, Unavailable)


def tame(answer: Unavailable | Refused) -> Unavailable | Refused:
    """The answer, if its word is one for metrics and the log: short, plain, and without a run of digits long enough to name a person."""
    match answer:
        case Unavailable():
            return answer if _is_word(answer.why) and _is_wait(answer.retry_after) else Unavailable("unspecified")
        case Refused():
            sound = isinstance(answer.cause, RefusedCause) and _is_word(answer.code) and _is_wait(answer.retry_after)
            return answer if sound else BROKEN


def _tame_verdict(said: Verified) -> Verified:
    """The verdict stands; its word goes to the log with it, and is held to the same as any other."""
    word = said.why if _is_word(said.why) else "unspecified"
    wait = said.retry_after if _is_wait(said.retry_after) else None
    return said if (word, wait) == (said.why, said.retry_after) else replace(said, why=word, retry_after=wait)


def _are_names(names: object) -> bool:
    return isinstance(names, tuple) and not [name for name in names if not isinstance(name, str)]


def _is_word(text: object) -> bool:
    return isinstance(text, str) and _WORD.fullmatch(text) is not None and _LONG_NUMBER.search(text) is None


def _is_wait(seconds: object) -> bool:
    return seconds is None or (isinstance(seconds, (int, float)) and 0 <= seconds <= 86_400)


def _is_value(value: object, depth: int = 0) -> bool:  # noqa: PLR0911 (one return a kind of value)
    match value:
        case None | bool():
            return True
        case str():
            return _HALF_A_PAIR.search(value) is None
        case PartialDate():
            return value.year in YEARS
        case Decimal():
            return value.is_finite()
        case Image():
            return isinstance(value.media_type, str) and isinstance(value.content, bytes) and len(value.content) <= LARGEST_IMAGE
        case tuple() if depth < DEEPEST:
            return all(item is not None and _is_value(item, depth + 1) for item in value)
        case Mapping() if depth < DEEPEST:
            return all(isinstance(name, str) and _is_value(item, depth + 1) for name, item in value.items())
        case _:
            return False
