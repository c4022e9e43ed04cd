"""Is this card, and this person, as shown? DOPA's card check, as GDX hands it on.

GDX answers ``{"Result": true}`` or ``{"Result": false}``, or HTTP 500 with DOPA's own ``[code] text``. A false says that something does not
match, not what: the counter is told just that. Whether the holder is alive is not asked.
"""

import re

import httpx

from adapters.gdx.codes import card_verdict
from adapters.gdx.exchange import ask
from adapters.gdx.refusals import refusal, said
from adapters.gdx.settings import GdxSettings
from linkage.buddhist import to_buddhist
from linkage.sources.adapter import About, Link, Malformed, NotFound, Refused, Unavailable, Verified
from linkage.sources.kept_token import KeptTokens
from linkage.sources.reading import json_object
from linkage.terms import CardLaser, Verdict

_WITH_CODE = re.compile(r"\s*\[([0-9]{1,3})\]\s*(.+)", re.DOTALL | re.ASCII)
_LONGEST = 2000
"""Bytes of a bare text."""


async def check_card(card: CardLaser, link: Link, settings: GdxSettings, tokens: KeptTokens) -> Verified | Refused:
    """Ask for the card.

    Raises:
        Malformed: a reply cannot be read.
        httpx.HTTPError: as it came.
    """
    parameters = {
        "CitizenID": card.number.reveal(),
        "FirstName": card.name.first.strip(),  # a middle name is left out
        "LastName": card.name.last.strip(),
        "BEBirthDate": to_buddhist(card.birth_date),
        "LaserCode": card.laser_code.reveal(),
    }
    response = await ask("dopa/verification/personal", parameters, link, settings, tokens)
    if isinstance(response, Refused):
        return response
    if isinstance(response, Unavailable):
        return _cannot_tell(response)
    if response.status_code == 200:
        return _result(response, card)
    if response.status_code == 500 and (reason := _reason(response)) is not None:
        return card_verdict(*reason)
    refused = refusal(response, ())
    if isinstance(refused, NotFound):
        return Verified(Verdict.UNAVAILABLE, why="no record of what")
    return _cannot_tell(refused) if isinstance(refused, Unavailable) else refused


def _result(response: httpx.Response, card: CardLaser) -> Verified:
    result = json_object(response).get("Result")
    if result is True:
        return Verified(Verdict.MATCH, about=About(card.number, card.name, card.birth_date))
    if result is False:
        return Verified(Verdict.NO_MATCH)
    raise Malformed("expected true or false in Result")


def _reason(response: httpx.Response) -> tuple[int, str] | None:
    """``[code] text``, in ``Message`` or bare."""
    words = said(response)
    text = words.message if words else response.content[:_LONGEST].decode("utf-8", "replace").strip().strip('"')
    found = _WITH_CODE.fullmatch(text)
    return (int(found[1]), found[2]) if found else None


def _cannot_tell(answer: Unavailable) -> Verified:
    return Verified(Verdict.UNAVAILABLE, why=answer.why, retry_after=answer.retry_after)
