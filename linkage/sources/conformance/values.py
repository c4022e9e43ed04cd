"""What must not be seen anywhere: the values that a run of questions handles. They are looked for, and never shown."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

from pydantic import BaseModel

from linkage.numbers import CitizenNumber, JuristicNumber, Secret
from linkage.sources.adapter import Found, Verified
from linkage.sources.conformance.check import CannotBeTold
from linkage.sources.conformance.place import Asking, Place
from linkage.sources.simulation import Examples
from linkage.terms import PartialDate

_TELLING = 4
"""Characters from which on a text that is not plain ASCII is looked for."""
_LONG_DIGITS = 6
"""Digits from which on a run of them is looked for."""
_DEEPEST = 8


def texts_of(value: object) -> Iterator[str]:
    """Every text in a record's value, also inside lists and groups; dates as agencies write them."""
    match value:
        case str():
            yield value
        case PartialDate(year, month, day):
            for era in (year, year + 543):
                yield f"{era:04d}-{month:02d}-{day:02d}"
                yield f"{era:04d}{month:02d}{day:02d}"
                yield f"{day:02d}/{month:02d}/{era:04d}"
        case Mapping():
            for inner in value.values():
                yield from texts_of(inner)
        case tuple() | list():
            for inner in value:
                yield from texts_of(inner)


def numbers_in(examples: Examples) -> frozenset[str]:
    """The numbers of everybody whom the examples name."""
    subjects = [subject.number.reveal() for subject in (*examples.found.values(), *examples.not_found.values())]
    shown = [number.reveal() for evidence, _ in examples.evidence if (number := getattr(evidence, "number", None)) is not None]
    return frozenset((*subjects, *shown))


def shown_in(examples: Examples) -> frozenset[str]:
    """What evidence and logins hold beside numbers: names, codes, tokens."""
    held = [text for evidence, _ in examples.evidence for text in revealed(evidence)]
    login = [] if examples.login is None else list(revealed(examples.login))
    session = [] if examples.session is None else [examples.session.reveal()]
    return frozenset(_telling((*held, *login, *session)))


async def records_of(place: Place) -> frozenset[str]:
    """Telling texts of the records and the persons that the examples lead to."""
    try:
        told = [truth.said for _, truth in await place.answered()]
    except CannotBeTold:
        return frozenset()
    texts = [text for said in told if isinstance(said, Found) for text in texts_of(said.fields)]
    abouts = [said.about for said in told if isinstance(said, Found | Verified)]
    named = [text for about in abouts for text in (*revealed(about), *texts_of(about.birth_date))]
    return frozenset(_telling((*texts, *named)))


def secrets_of(settings: BaseModel) -> frozenset[str]:
    """The contents of the secret files that settings name."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Path) and value.is_file():
            found.add(value.read_text(encoding="utf-8", errors="replace").strip())
        elif isinstance(value, BaseModel):
            found |= secrets_of(value)
    return frozenset(one for one in found if len(one) >= _TELLING)


async def everything(place: Place, asking: Asking, examples: Examples) -> frozenset[str]:
    """All of these together."""
    return numbers_in(examples) | shown_in(examples) | secrets_of(asking.settings) | await records_of(place)


def _telling(texts: Iterable[str]) -> Iterator[str]:
    """Texts that cannot stand somewhere by chance: in another script than ASCII, or with a long run of digits, or long and without a blank."""
    for text in texts:
        bare = text.strip()
        digits = sum(map(str.isdigit, bare))
        if (not bare.isascii() and len(bare) >= _TELLING) or digits >= _LONG_DIGITS or (len(bare) >= 20 and " " not in bare):
            yield bare


def revealed(value: object, depth: int = 0, seen: set[int] | None = None) -> Iterator[str]:
    """Every text that an object holds, whatever masks it, as far as its attributes, keys and items lead."""
    seen = set() if seen is None else seen
    if depth > _DEEPEST or id(value) in seen or isinstance(value, type | ModuleType | FunctionType | MethodType | Enum):
        return
    seen.add(id(value))
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode("utf-8", "replace")
        case int() if not isinstance(value, bool):
            yield str(value)
        case CitizenNumber() | JuristicNumber() | Secret():
            yield value.reveal()
        case _:
            for inner in _parts(value):
                yield from revealed(inner, depth + 1, seen)


def _parts(value: Any) -> Iterator[object]:
    if isinstance(value, Mapping):
        for key, inner in list(value.items()):
            yield key
            yield inner
    elif isinstance(value, (tuple, list, set, frozenset)):
        yield from list(value)
    elif dataclasses.is_dataclass(value):
        yield from (getattr(value, one.name, None) for one in dataclasses.fields(value))
    else:
        yield from list(getattr(value, "__dict__", {}).values())
        for slot in {slot for kind in type(value).__mro__ for slot in getattr(kind, "__slots__", ())}:
            yield getattr(value, slot, None) if isinstance(slot, str) else None


def held_in(texts: Iterable[str], values: Iterable[str]) -> bool:
    """Whether one of the values stands in one of the texts."""
    whole = "\n".join(texts)
    return any(value in whole for value in values)
