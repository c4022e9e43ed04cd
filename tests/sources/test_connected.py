"""What an adapter returned, held against the contract; and every verb a source has."""

from decimal import Decimal
from typing import Any

import pytest

from linkage.sources.adapter import (
    Found,
    Link,
    LoginBegin,
    LoginConfirm,
    LoginOffer,
    NotFound,
    Query,
    Refused,
    RefusedCause,
    Session,
    Unavailable,
    Verified,
)
from linkage.sources.connected import ConnectedSource
from linkage.sources.resilience import Asked
from linkage.terms import (
    Assurance,
    CitizenNumber,
    FieldName,
    Image,
    NoMatch,
    PartialDate,
    RecipientId,
    RecordType,
    Secret,
    ServiceId,
    ThaidCode,
    Verdict,
    VisitPerson,
)

Fixture = Any
DOE = RecipientId("doe")
BOAT, LICENCE = RecordType("harbour.boat"), RecordType("harbour.licence")
NAME, LENGTH = FieldName("name"), FieldName("length")
FAILED = Unavailable("adapter failed")
FOUND = Found({NAME: "Nok Nang Nuan"})
NUMBER = CitizenNumber("1101700230708")
CODE = ThaidCode(Secret("a-code"), "https://counter.example/back", NUMBER)


# ---- records ----------------------------------------------------------------------------------------------------------


async def test_a_record_type_left_out_is_unavailable_and_the_others_stand(world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: FOUND})
    assert await harbour.fetch(kinds=(BOAT, LICENCE)) == {BOAT: FOUND, LICENCE: FAILED}


async def test_an_answer_to_what_was_not_asked_discredits_all(world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: FOUND, LICENCE: FOUND})
    assert await harbour.fetch(kinds=(BOAT,)) == {BOAT: FAILED}


async def test_fields_beyond_those_asked_are_passed_on_to_be_dropped_and_named(world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: Found({NAME: "Nok Nang Nuan", LENGTH: Decimal("7.5")})})
    assert (await harbour.boat()).fields == {NAME: "Nok Nang Nuan", LENGTH: Decimal("7.5")}


@pytest.mark.parametrize("returned", [None, [], "found", 7, FOUND, {BOAT: None}, {BOAT: "found"}, {BOAT: {NAME: "x"}}, {BOAT: Found}])
async def test_what_is_no_answer_is_unavailable(returned: object, world: Fixture) -> None:
    harbour = world()

    async def does(link: Link) -> object:
        return returned

    harbour.does(does)
    assert await harbour.boat() == FAILED


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        True,
        Decimal("1.50"),
        PartialDate(1997),
        Image("image/jpeg", b"\xff\xd8"),
        ("a", Decimal(1), ()),
        {"a": None, "b": ("c",), "d": {}},
    ],
)
async def test_values_of_the_vocabulary_pass(value: Any, world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: Found({NAME: value})})
    assert (await harbour.boat()).fields == {NAME: value}


def nested(levels: int) -> object:
    return (nested(levels - 1),) if levels else "deep"


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.5,
        b"bytes",
        ["a list"],
        {"a", "set"},
        Decimal("NaN"),
        Decimal("Infinity"),
        (None,),
        ("a", 1),
        {"a": 1.5},
        {1: "a"},
        Image("image/jpeg", b"x" * (2**20 + 1)),
        Image(None, b""),  # type: ignore[arg-type]
        Secret("token"),
        nested(20),
    ],
)
async def test_values_outside_the_vocabulary_make_the_record_unavailable(value: Any, world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: Found({NAME: value}), LICENCE: FOUND})
    assert await harbour.fetch(kinds=(BOAT, LICENCE)) == {BOAT: FAILED, LICENCE: FOUND}


@pytest.mark.parametrize(
    "why", ["1101700230708", "no record of 1101700230708", "นก นางนวล", "x" * 65, "two\nlines", None, "\x1b[31m", "code 1234567"]
)
async def test_a_word_that_could_hold_a_value_is_not_repeated(why: Any, world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: Unavailable(why)})
    assert await harbour.boat() == Unavailable("unspecified")
    harbour.does({BOAT: Refused(RefusedCause.QUOTA, why)})
    assert await harbour.boat() == FAILED


@pytest.mark.parametrize("retry_after", [-1.0, 1e9, float("nan"), "soon"])
async def test_a_wait_of_no_sense_is_not_repeated(retry_after: Any, world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: Unavailable("status 503", retry_after)})
    assert await harbour.boat() == Unavailable("unspecified")


async def test_an_adapters_own_word_and_wait_are_kept(world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: Unavailable("status 503", 30.0)})
    assert await harbour.boat() == Unavailable("status 503", 30.0)
    refused = Refused(RefusedCause.LOGIN_EXPIRED, "LK-0041", 5.0)
    harbour.does({BOAT: refused})
    assert await harbour.boat() == refused


async def test_the_adapter_gets_its_recipients_settings_and_the_time(world: Fixture) -> None:
    links: list[Link] = []

    async def does(link: Link) -> object:
        links.append(link)
        return {BOAT: FOUND}

    harbour = world(timeout=2.0)
    harbour.does(does)
    await harbour.boat(budget=1.5)
    (link,) = links
    assert link.settings.model_dump()["url"] == harbour.url
    assert link.now == harbour.clock.now_ms() // 1000
    assert 0 < link.timeout <= 1.5
    assert link.request_id == "0193f0aa-0000-7000-8000-000000000001"


async def test_a_recipient_without_settings_asks_nobody(world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: FOUND})
    asked = Query(VisitPerson(NUMBER), ServiceId("boat_licence"), {BOAT: (NAME,)})
    fetched = await harbour.source.fetch(asked, RecipientId("dlpw"), "an-id", 5.0)
    assert (fetched.answers, fetched.attempts) == ({BOAT: Unavailable("recipient not set up")}, 0)
    assert harbour.source.recipients == {DOE}


# ---- the other verbs --------------------------------------------------------------------------------------------------


async def verify(source: ConnectedSource) -> Asked[Any]:
    return await source.verify(CODE, DOE, "an-id", 5.0)


async def begin(source: ConnectedSource) -> Asked[Any]:
    return await source.begin(BEGIN, DOE, "an-id", 5.0)


async def confirm(source: ConnectedSource) -> Asked[Any]:
    return await source.confirm(LoginConfirm(BEGIN, "", 1, None, Secret("token")), DOE, "an-id", 5.0)


async def renew(source: ConnectedSource) -> Asked[Any]:
    return await source.renew(Secret("token"), DOE, "an-id", 5.0)


async def end(source: ConnectedSource) -> Asked[Any]:
    return await source.end(Secret("token"), DOE, "an-id", 5.0)


async def exchange(source: ConnectedSource) -> Asked[Any]:
    return await source.exchange(CODE, DOE, "an-id", 5.0)


BEGIN = LoginBegin(NUMBER, None)
SESSION = Session(Secret("token"), 1_767_229_200)
REFUSED = Refused(RefusedCause.LOGIN_REFUSED, "LK-0001")


@pytest.mark.parametrize(
    ("verb", "returned"),
    [
        (verify, Verified(Verdict.MATCH)),
        (verify, Verified(Verdict.NO_MATCH, no_match=NoMatch.DATA_DIFFER)),
        (verify, REFUSED),
        (begin, LoginOffer([(1, "ท่าเรือ")], "challenge")),
        (begin, REFUSED),
        (confirm, SESSION),
        (renew, SESSION),
        (renew, REFUSED),
        (end, None),
        (end, REFUSED),
        (exchange, Secret("token")),
        (exchange, Unavailable("status 503", 30.0)),
    ],
)
async def test_every_verb_passes_on_what_its_contract_allows(verb: Any, returned: object, world: Fixture) -> None:
    harbour = world()
    harbour.does(returned)
    asked = await verb(harbour.source)
    assert (asked.value, asked.attempts) == (returned, 1)
    assert harbour.watcher.seen[0].operation == verb.__name__


@pytest.mark.parametrize("returned", [FOUND, "token", 7, NotFound()])
@pytest.mark.parametrize("verb", [begin, confirm, renew, end, exchange])
async def test_no_verb_passes_on_anything_else(verb: Any, returned: object, world: Fixture) -> None:
    harbour = world()
    harbour.does(returned)
    assert (await verb(harbour.source)).value == FAILED


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        (None, "adapter failed"),
        (True, "adapter failed"),
        (Verified("match"), "adapter failed"),  # type: ignore[arg-type]
        (Unavailable("status 503"), "adapter failed"),
        (ValueError("x"), "adapter failed"),
        (Verified(Verdict.UNAVAILABLE, why="code 99"), "code 99"),
        (Verified(Verdict.UNAVAILABLE, why="1101700230708"), "unspecified"),
    ],
)
async def test_a_verdict_that_is_none_is_the_verdict_unavailable(returned: object, why: str, world: Fixture) -> None:
    harbour = world()
    harbour.does(returned)
    assert (await verify(harbour.source)).value == Verified(Verdict.UNAVAILABLE, why=why)


@pytest.mark.parametrize("verdict", [Verdict.NO_MATCH, Verdict.NOT_FOUND, Verdict.CARD_NOT_VALID, Verdict.DECEASED])
async def test_a_no_is_an_answer_and_does_not_open_the_breaker(verdict: Verdict, world: Fixture) -> None:
    harbour = world(breaker={"failures": 2, "open_seconds": 10.0})
    harbour.does(Verified(verdict))
    for _ in range(5):
        assert (await verify(harbour.source)).value.verdict is verdict


async def test_a_source_says_what_it_can_do(world: Fixture) -> None:
    source = world().source
    assert (source.discloses, source.needs_login, source.exchanges_code) == (True, False, True)
    assert source.evidence == {Assurance.THAID}
    assert source.logs_in is not None
    assert source.logs_in.renew_until == 600.0


async def test_observers_are_told_words_only(world: Fixture) -> None:
    harbour = world()
    harbour.does({BOAT: NotFound(), LICENCE: Refused(RefusedCause.QUOTA, "429")})
    await harbour.fetch(kinds=(BOAT, LICENCE))
    harbour.does(Verified(Verdict.DECEASED))
    await verify(harbour.source)
    harbour.does(SESSION)
    await renew(harbour.source)
    assert [seen.results for seen in harbour.watcher.seen] == [("not_found", "refused"), ("deceased",), ("given",)]
