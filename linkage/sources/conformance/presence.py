"""Evidence and logins: verdicts as they must be, and an officer's login from its begin to its end."""

from collections.abc import AsyncIterator

from linkage.sources.adapter import Link, LoginOffer, LogsIn, Refused, Session, Unavailable, Verified, Verifies
from linkage.sources.conformance.check import CannotBeTold, check
from linkage.sources.conformance.place import TIMEOUT_S, Asking, Place, outcome_of
from linkage.sources.conformance.questions import Question, verifying
from linkage.sources.simulation import Examples
from linkage.terms import (
    CardChip,
    CardLaser,
    CitizenNumber,
    Evidence,
    PartialDate,
    PersonName,
    Secret,
    ThaidCode,
    Verdict,
    assurance_of,
    check_digit,
)


@check(
    "evidence-gets-its-verdict",
    because="A wrong match lets a stranger read a citizen's records; a wrong refusal sends the citizen home.",
    remedy="Compare each code and text of the agency's documents with the verdict it becomes; name evidence of every kind in examples().",
)
async def evidence_gets_its_verdict(place: Place) -> AsyncIterator[str]:
    adapter, examples = place.adapter(), place.examples()
    if not isinstance(adapter, Verifies):
        raise CannotBeTold("it verifies nobody")
    shown = {assurance_of(evidence) for evidence, verdict in examples.evidence if verdict is Verdict.MATCH}
    for missing in sorted(adapter.evidence - shown):
        yield f"the simulator's examples hold no {missing.name} that matches"
    async with place.before() as asking:
        for index, (evidence, verdict) in enumerate(examples.evidence):
            said = await verifying(index, "").through(asking.source, place.examples(), TIMEOUT_S)
            got = said.verdict if isinstance(said, Verified) else type(said).__name__
            if got != verdict:
                yield f"example {index + 1} ({assurance_of(evidence).name}): {got}, expected {verdict}"
            elif isinstance(said, Verified) and verdict is Verdict.MATCH and not _names(evidence, said):
                yield f"example {index + 1} ({assurance_of(evidence).name}): a match that names nobody"


def _names(evidence: Evidence, said: Verified) -> bool:
    return not isinstance(evidence, ThaidCode) or said.about.number is not None


_NOBODY = CitizenNumber("199999999901" + str(check_digit("199999999901")))
_OTHERS: tuple[Evidence, ...] = (
    CardLaser(_NOBODY, PersonName("ไม่มี", "ตัวตน"), PartialDate(1990, 1, 1), Secret("ZZ0000000000")),
    CardChip(_NOBODY, Secret("0" * 16), Secret("0" * 14), PartialDate(1990, 1, 1)),
    ThaidCode(Secret("no-code"), "https://counter.example/back"),
)


@check(
    "other-evidence-is-not-asked",
    because="A card's codes sent to an agency that reads no cards are codes given away.",
    remedy="Answer Verified(UNAVAILABLE) without a request for evidence that the adapter does not name in `evidence`.",
)
async def other_evidence_is_not_asked(place: Place) -> AsyncIterator[str]:
    adapter = place.adapter()
    others = [one for one in _OTHERS if isinstance(adapter, Verifies) and assurance_of(one) not in adapter.evidence]
    if not others:
        raise CannotBeTold("it verifies nobody, or takes every evidence")
    for evidence in others:
        async with place.before() as asking:
            said = await outcome_of(asking, _showing(evidence), place.examples())
            if asking.gate.seen:
                yield f"asked about {assurance_of(evidence).name}, which it does not take"
            elif not (isinstance(said, Verified) and said.verdict is Verdict.UNAVAILABLE):
                yield f"{_word(said)} on {assurance_of(evidence).name}, which it does not take"


def _showing(evidence: Evidence) -> Question:
    async def direct(adapter: object, examples: Examples, link: Link) -> object:
        del examples
        return await adapter.verify(evidence, link) if isinstance(adapter, Verifies) else None

    async def through(*_: object) -> object:
        return None

    return Question("", direct, through)


def _word(said: object) -> str:
    return str(said.verdict) if isinstance(said, Verified) else type(said).__name__


@check(
    "a-login-goes-round",
    because="An officer logs in in the morning, is renewed through the day, and is gone in the evening.",
    remedy="Name examples().login; let begin, confirm, renew and end each read what the agency says, and an ended session be refused.",
)
async def a_login_goes_round(place: Place) -> AsyncIterator[str]:
    adapter, examples = place.adapter(), place.examples()
    if not isinstance(adapter, LogsIn):
        raise CannotBeTold("nobody logs in at it")
    login = examples.login
    if login is None:
        yield "the simulator's examples hold no login"
        return
    async with place.before(adapter=adapter) as asking:
        offer = await adapter.begin(login.begun, asking.link)
        if not isinstance(offer, LoginOffer) or login.office_id not in dict(offer.offices):
            yield f"begin: {type(offer).__name__}, without the office to choose"
            return
        session = await adapter.confirm(login, asking.link)
        if not isinstance(session, Session) or session.expires_at <= asking.link.now:
            yield f"confirm: {type(session).__name__} that does not last"
            return
        renewed = await adapter.renew(session.token, asking.link)
        if not isinstance(renewed, Session) or renewed.expires_at <= asking.link.now:
            yield f"renew: {type(renewed).__name__} that does not last"
            return
        async for finding in _ends(adapter, renewed, asking):
            yield finding


async def _ends(adapter: LogsIn, session: Session, asking: Asking) -> AsyncIterator[str]:
    ended = await adapter.end(session.token, asking.link)
    if ended is not None:
        yield f"end: {type(ended).__name__}"
    after = await adapter.renew(session.token, asking.link)
    if not isinstance(after, Refused | Unavailable):
        yield f"an ended session is renewed: {type(after).__name__}"
