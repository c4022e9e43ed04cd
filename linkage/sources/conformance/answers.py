"""What an adapter answers: all that was asked, of the kind declared, and nothing else."""

import re
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

from linkage.catalogue.records import FieldKind, RecordKind
from linkage.sources.adapter import Fetches, Found, NotFound, Query
from linkage.sources.conformance.check import CannotBeTold, check
from linkage.sources.conformance.place import TIMEOUT_S, Place, named
from linkage.sources.conformance.questions import RECIPIENT, REQUEST_ID, SERVICE, fetching, found_in, not_found_in
from linkage.sources.conformance.values import texts_of
from linkage.terms import Image, PartialDate, Subject, Value, subject_kind_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]-]{0,99}")


@check(
    "found-is-whole",
    because="A record with a field missing is withheld, and the citizen goes back for the copy.",
    remedy="Answer every field asked for; None only where the agency says that it holds no value.",
)
async def found_is_whole(place: Place) -> AsyncIterator[str]:
    examples = place.examples()
    for kind in place.kinds:
        if kind.type not in examples.found:
            continue
        answer = (await place.truth(fetching(kind, found_in(kind)))).said
        if not isinstance(answer, Found):
            yield f"{kind.type}: {type(answer).__name__} for somebody who is to be found"
        elif missing := set(kind.fields) - set(answer.fields):
            yield f"{kind.type}: without {', '.join(sorted(missing))}"


@check(
    "values-are-of-their-kind",
    because="Counter software reads a value by the kind that the catalogue declares.",
    remedy="Give text as str, number as Decimal, flag as bool, date as PartialDate, image as Image, list as tuple, group as Mapping.",
)
async def values_are_of_their_kind(place: Place) -> AsyncIterator[str]:
    for kind, answer in await _whole_answers(place):
        for name, value in answer.fields.items():
            field = kind.fields.get(name)
            if field is not None and value is not None and _kind_of(value) is not field.kind:
                yield f"{kind.type}.{name}: {_kind_of(value)}, declared as {field.kind}"


_KINDS: tuple[tuple[type, FieldKind], ...] = (
    (bool, FieldKind.FLAG),
    (str, FieldKind.TEXT),
    (Decimal, FieldKind.NUMBER),
    (PartialDate, FieldKind.DATE),
    (Image, FieldKind.IMAGE),
    (tuple, FieldKind.LIST),
    (Mapping, FieldKind.GROUP),
)


def _kind_of(value: Value) -> FieldKind | None:
    return next((kind for python, kind in _KINDS if isinstance(value, python)), None)


@check(
    "nothing-is-disclosed-unasked",
    because="What the agreement does not name must not even reach the gateway's memory.",
    remedy="Put only the query's own fields into Found.fields, one or all; name the rest in also_sent.",
)
async def nothing_is_disclosed_unasked(place: Place) -> AsyncIterator[str]:
    examples = place.examples()
    async with place.before() as asking:
        for kind in place.kinds:
            for name in kind.fields if kind.type in examples.found else ():
                question = fetching(kind, found_in(kind), (name,))
                answer = await question.through(asking.source, place.examples(), TIMEOUT_S)
                if isinstance(answer, Found) and (excess := set(answer.fields) - {name}):
                    yield f"{kind.type}: asked for {name} alone, it also gives {named(excess)}"
    for kind, answer in await _whole_answers(place):
        if excess := set(answer.fields) - set(kind.fields):
            yield f"{kind.type}: it gives {len(excess)} fields that records.toml does not declare"


@check(
    "also-sent-is-names",
    because="also_sent goes into the log: a value in it would stay there for years.",
    remedy="Put names of fields into also_sent, never what they held.",
)
async def also_sent_is_names(place: Place) -> AsyncIterator[str]:
    examples = place.examples()
    whole = {kind.type: answer for kind, answer in await _whole_answers(place)}
    async with place.before() as asking:
        for kind in place.kinds:
            if kind.type not in examples.found or kind.type not in whole:
                continue
            values = set(texts_of(whole[kind.type].fields))
            question = fetching(kind, found_in(kind), tuple(kind.fields)[:1])
            answer = await question.through(asking.source, place.examples(), TIMEOUT_S)
            for said in (whole[kind.type], answer):
                if isinstance(said, Found) and any(not _NAME.fullmatch(one) or one in values for one in said.also_sent):
                    yield f"{kind.type}: also_sent holds something else than names of fields"
                    break


@check(
    "not-found-is-an-answer",
    because='"No such record" is what the officer acts on: it is as much an answer as a record is.',
    remedy="Return NotFound where the agency says that it holds no such record.",
)
async def not_found_is_an_answer(place: Place) -> AsyncIterator[str]:
    examples = place.examples()
    async with place.before() as asking:
        for kind in place.kinds:
            if kind.type in examples.not_found:
                question = fetching(kind, not_found_in(kind))
                answer = await question.through(asking.source, place.examples(), TIMEOUT_S)
                if not isinstance(answer, NotFound):
                    yield f"{kind.type}: {type(answer).__name__} for somebody who is not to be found"


@check(
    "every-type-is-answered",
    because="A bundle asks for all records of a source at once: one without an answer is one nobody can tell.",
    remedy="Give one answer for each record type of the query, and for no other.",
)
async def every_type_is_answered(place: Place) -> AsyncIterator[str]:
    for subject, kinds in _together(place):
        async with place.before() as asking:
            adapter = asking.adapter
            if not isinstance(adapter, Fetches):
                raise CannotBeTold("it discloses no records")
            query = Query(subject, SERVICE, {kind.type: tuple(kind.fields) for kind in kinds}, place.examples().session)
            answers = await adapter.fetch(query, asking.link)
            if set(answers) != set(query.wanted):
                yield f"asked for {named(query.wanted)}, it answers {named(answers)}"


@check(
    "questions-are-not-repeated",
    because="Agencies count questions, and citizens may see the list of them.",
    remedy="Ask each thing once: several record types in one request where the agency can, and no request twice.",
)
async def questions_are_not_repeated(place: Place) -> AsyncIterator[str]:
    for question, truth in await place.answered():
        if len(set(truth.prints)) < truth.requests:
            yield f"{question.label}: the same request more than once"
    for subject, kinds in _together(place) if place.adapter().records_file is not None else ():
        async with place.before() as asking:
            wanted = {kind.type: tuple(kind.fields) for kind in kinds}
            await asking.source.fetch(Query(subject, SERVICE, wanted, place.examples().session), RECIPIENT, REQUEST_ID, TIMEOUT_S)
            prints = [one.print for one in asking.gate.seen]
            if len(set(prints)) < len(prints):
                yield f"{named(wanted)} together: the same request more than once"


def _together(place: Place) -> list[tuple[Subject, list[RecordKind]]]:
    """For each example subject, every record type that is kept about its kind."""
    kinds = place.kinds
    subjects = dict.fromkeys(place.examples().found.values())
    return [(subject, [kind for kind in kinds if subject_kind_of(subject) in kind.subjects]) for subject in subjects]


async def _whole_answers(place: Place) -> list[tuple[RecordKind, Found]]:
    found = place.examples().found
    told = [(kind, (await place.truth(fetching(kind, found_in(kind)))).said) for kind in place.kinds if kind.type in found]
    return [(kind, answer) for kind, answer in told if isinstance(answer, Found)]
