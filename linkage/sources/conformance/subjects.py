"""Whom an answer is about: named where it is declared so, told from another person, never mixed up, never asked about in vain."""

import asyncio
from collections.abc import AsyncIterator
from itertools import cycle, islice

from linkage.catalogue.records import NamesSubject, RecordKind
from linkage.numbers import check_digit
from linkage.sources.adapter import About, Fetches, Found, NotFound, Refused, RefusedCause, Verified
from linkage.sources.conformance import faults
from linkage.sources.conformance.check import CannotBeTold, check
from linkage.sources.conformance.gate import Fault, Turn
from linkage.sources.conformance.place import TIMEOUT_S, Place, outcome_of
from linkage.sources.conformance.questions import fetching, found_in, query_of, verifying
from linkage.terms import (
    CitizenNumber,
    JuristicNumber,
    JuristicPerson,
    Subject,
    SubjectKind,
    ThaidCode,
    Verdict,
    VisitPerson,
    subject_kind_of,
)

MANY = 20


@check(
    "the-subject-is-named",
    because="The gateway withholds a record that does not say whom it is about, where records.toml says that it does.",
    remedy="Fill Found.about from the reply, as names_subject declares; or declare names_subject as it is.",
)
async def the_subject_is_named(place: Place) -> AsyncIterator[str]:
    for kind in _naming(place):
        answer = (await place.truth(fetching(kind, found_in(kind)))).said
        if isinstance(answer, Found) and not _is_named(kind, answer.about, place.examples().found[kind.type]):
            yield f"{kind.type}: a found record does not name its subject by {kind.names_subject}"


def _is_named(kind: RecordKind, about: About, subject: Subject) -> bool:
    if kind.names_subject is NamesSubject.NUMBER:
        return (about.juristic if isinstance(subject, JuristicPerson) else about.number) == subject.number
    return about.name is not None and about.birth_date is not None


@check(
    "a-wrong-person-is-noticed",
    because="Agencies do mix people up; only what the reply itself says can show it.",
    remedy="Read Found.about from the reply, never from the query; let the simulator's knob wrong_person answer about somebody else.",
)
async def a_wrong_person_is_noticed(place: Place) -> AsyncIterator[str]:
    named = [kind for kind in _found(place) if kind.names_subject is not NamesSubject.NOBODY]
    evidence = [index for index, (one, verdict) in enumerate(place.examples().evidence) if _is_own_code(one) and verdict is Verdict.MATCH]
    if not _found(place) and not evidence:
        raise CannotBeTold("none of its answers is about a person")
    for kind in _found(place):
        if await _is_named_by_heart(place, kind):
            yield f"{kind.type}: the answer names the person asked about although the reply does not"
    truths = {kind.type: (await place.truth(fetching(kind, found_in(kind)))).said for kind in named}
    place.simulator.knobs.wrong_person = True
    async with place.before() as asking:
        for kind in named:
            question, truth = fetching(kind, found_in(kind)), truths[kind.type]
            answer = await question.through(asking.source, place.examples(), TIMEOUT_S)
            if isinstance(answer, Found) and isinstance(truth, Found) and _seems_same(kind, answer.about, truth.about):
                yield f"{kind.type}: with wrong_person the answer still names the person asked about"
        for index in evidence:
            said = await verifying(index, "code").through(asking.source, place.examples(), TIMEOUT_S)
            if isinstance(said, Verified) and said.verdict is Verdict.MATCH:
                yield "with wrong_person, evidence that says whose it is still matches"


async def _is_named_by_heart(place: Place, kind: RecordKind) -> bool:
    """Whether the subject's number stands in an answer although it is gone from the reply."""
    examples = place.examples()
    subject = examples.found[kind.type]
    async with place.before(faults.without(subject.number.reveal())) as asking:
        said = await outcome_of(asking, fetching(kind, found_in(kind)), examples)
    return isinstance(said, Found) and subject.number in (said.about.number, said.about.juristic)


def _is_own_code(evidence: object) -> bool:
    return isinstance(evidence, ThaidCode) and evidence.number is not None


def _seems_same(kind: RecordKind, one: About, other: About) -> bool:
    if kind.names_subject is NamesSubject.NUMBER:
        return (one.number or one.juristic) is not None and (one.number, one.juristic) == (other.number, other.juristic)
    return one.name is not None and (one.name, one.birth_date) == (other.name, other.birth_date)


def _naming(place: Place) -> list[RecordKind]:
    kinds = [kind for kind in _found(place) if kind.names_subject is not NamesSubject.NOBODY]
    if not kinds:
        raise CannotBeTold("none of its record types names its subject")
    return kinds


def _found(place: Place) -> list[RecordKind]:
    """Its record types with an example that is found."""
    found = place.examples().found
    return [kind for kind in place.kinds if kind.type in found] if place.adapter().records_file is not None else []


@check(
    "other-subjects-are-not-asked",
    because="A company's number sent to a register of persons asks about nobody, or about somebody.",
    remedy="Answer Unavailable without a request where the query's subject is of a kind that the record type is not kept about.",
)
async def other_subjects_are_not_asked(place: Place) -> AsyncIterator[str]:
    kinds = [kind for kind in place.kinds if len(kind.subjects) < len(SubjectKind)]
    if not kinds:
        raise CannotBeTold("it takes every kind of subject")
    for kind in kinds:
        subject = _other(kind)
        async with place.before() as asking:
            answer = await outcome_of(asking, fetching(kind, lambda _, subject=subject: subject), place.examples())  # type: ignore[misc]  # a default in a lambda
            if asking.gate.seen:
                yield f"{kind.type}: asked about {subject_kind_of(subject)} although it is not kept about any"
            elif isinstance(answer, Found | NotFound):
                yield f"{kind.type}: {type(answer).__name__} about {subject_kind_of(subject)} although it is not kept about any"


def _other(kind: RecordKind) -> Subject:
    if SubjectKind.PERSON in kind.subjects:
        return JuristicPerson(JuristicNumber(_number("099999999901")), "director")
    return VisitPerson(CitizenNumber(_number("199999999901")))


def _number(first_twelve: str) -> str:
    return f"{first_twelve}{check_digit(first_twelve)}"


@check(
    "questions-do-not-mix",
    because="One adapter object serves everybody at once: whatever it keeps of one person goes to the next.",
    remedy="Keep nothing of a request on the adapter; hand it from function to function.",
)
async def questions_do_not_mix(place: Place) -> AsyncIterator[str]:
    examples = place.examples()
    subjects = tuple(dict.fromkeys((*examples.found.values(), *examples.not_found.values())))
    asked = [
        (fetching(kind, lambda _, subject=subject: subject), kind, subject)  # type: ignore[misc]  # as above
        for kind in place.kinds
        for subject in subjects
        if subject_kind_of(subject) in kind.subjects
    ]
    if len(asked) < 2:
        raise CannotBeTold("the examples name one person only")
    alone = []
    async with place.before() as asking:
        for question, _, _ in asked:
            alone.append(await question.through(asking.source, place.examples(), TIMEOUT_S))
    session = place.examples()
    async with place.before(Fault("answers out of order", _out_of_order), 0) as asking:
        jobs = list(islice(cycle(enumerate(asked)), MANY))
        together = await asyncio.gather(*(one.through(asking.source, session, TIMEOUT_S) for _, (one, _, _) in jobs))
    mixed = set()
    for (index, (question, kind, _)), said in zip(jobs, together, strict=True):
        if not await place.agrees(question, said, alone[index]):
            mixed.add(kind.type)
    for one in sorted(mixed):
        yield f"{one}: {MANY} questions at once about different people are not answered as one by one"


async def _out_of_order(turn: Turn) -> None:
    reply = await turn.truth()
    await asyncio.sleep(turn.seen.print[0] % 8 * 0.004)
    turn.writer.write(reply)


@check(
    "a-login-is-demanded",
    because="A question without the officer's own login is answered in nobody's name.",
    remedy="Answer Refused(LOGIN_REQUIRED) without a request where the query brings no session.",
)
async def a_login_is_demanded(place: Place) -> AsyncIterator[str]:
    adapter = place.adapter()
    if not (isinstance(adapter, Fetches) and adapter.needs_login):
        raise CannotBeTold("it needs no login")
    examples = place.examples()
    for kind in place.kinds:
        if kind.type not in examples.found:
            continue
        query = query_of(kind, examples.found[kind.type], examples)
        bare = type(query)(query.subject, query.service, query.wanted)
        async with place.before() as asking:
            answer = (await adapter.fetch(bare, asking.link)).get(kind.type)
            if asking.gate.seen:
                yield f"{kind.type}: asked without a session"
            elif not (isinstance(answer, Refused) and answer.cause is RefusedCause.LOGIN_REQUIRED):
                yield f"{kind.type}: {type(answer).__name__} without a session"
