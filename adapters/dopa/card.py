"""Is this card, and this person, as shown? CheckCardByLaser or CheckCardByCID, and then CheckDeathStatus."""

from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from adapters.dopa.codes import DEATH_ROWS, card_verdict
from adapters.dopa.settings import DopaSettings
from linkage.buddhist import to_buddhist
from linkage.sources import soap
from linkage.sources.adapter import About, Link, Malformed, Verified
from linkage.sources.reading import unavailable
from linkage.terms import CardChip, CardLaser, CitizenNumber, PartialDate, Verdict

OPERATIONS = soap.Operations("http://tempuri.org/")
"""ASMX's own default namespace, never changed there."""

_FLAGS = {"true": True, "1": True, "false": False, "0": False}
"""xs:boolean"""


async def check_card(evidence: CardLaser | CardChip, link: Link, settings: DopaSettings) -> Verified:
    """Ask for the card, then (``death_check``) whether its holder is alive.

    Raises:
        Malformed: a reply cannot be read.
        httpx.HTTPError: as it came.
    """
    said = await _card_status(evidence, link, settings)
    if said.verdict is Verdict.MATCH and settings.death_check:
        said = await _death_status(evidence.number, evidence.birth_date, link, settings)
    if said.verdict is not Verdict.MATCH:
        return said
    return replace(said, about=About(evidence.number, evidence.name, evidence.birth_date))


async def _card_status(evidence: CardLaser | CardChip, link: Link, settings: DopaSettings) -> Verified:
    operation, parts = _question(evidence)
    reply = await _call(settings.card_url, operation, parts, link, settings)
    if isinstance(reply, Verified):
        return reply
    code = _integer(soap.text_of(reply, "Code"), "Code")
    return card_verdict(code, soap.text_of(reply, "Desc"), is_error=_flag(reply, "IsError"))


def _question(evidence: CardLaser | CardChip) -> tuple[str, Sequence[tuple[str, str]]]:
    """Write operation and parts; order and case are the service's own."""
    match evidence:
        case CardLaser():
            return "CheckCardByLaser", (
                ("PID", evidence.number.reveal()),
                ("FirstName", evidence.name.first.strip()),  # a middle name is left out
                ("LastName", evidence.name.last.strip()),
                ("BirthDay", to_buddhist(evidence.birth_date)),
                ("Laser", evidence.laser_code.reveal()),
            )
        case CardChip():
            return "CheckCardByCID", (
                ("ChipNo", evidence.chip_number.reveal()),
                ("pid", evidence.number.reveal()),
                ("bp1no", evidence.card_number.reveal()),
            )


async def _death_status(number: CitizenNumber, born: PartialDate, link: Link, settings: DopaSettings) -> Verified:
    parts = (("pid", number.reveal()), ("dob", to_buddhist(born)))
    reply = await _call(settings.death_url, "CheckDeathStatus", parts, link, settings)
    if isinstance(reply, Verified):
        return reply
    if _flag(reply, "isError"):
        return Verified(Verdict.UNAVAILABLE, why="death status failed")
    status = soap.child_of(reply, "dataInfo")
    verdict = DEATH_ROWS.get(soap.text_of(status, "stCode").strip())
    return Verified(verdict) if verdict else Verified(Verdict.UNAVAILABLE, why="unknown death status")


async def _call(
    url: str, operation: str, parts: Sequence[tuple[str, str]], link: Link, settings: DopaSettings
) -> etree._Element | Verified:
    response = await link.client.post(
        url,
        content=OPERATIONS.request(settings.soap, operation, parts),
        headers=soap.headers(settings.soap, f"{OPERATIONS.namespace}{operation}") | {"X-Request-Id": link.request_id},
    )
    if response.status_code != 200:
        refused = unavailable(response)
        return Verified(Verdict.UNAVAILABLE, why=refused.why, retry_after=refused.retry_after)
    return OPERATIONS.result(response.content, operation)


def _flag(reply: etree._Element, name: str) -> bool:
    flag = _FLAGS.get(soap.text_of(reply, name).strip())
    if flag is None:
        raise Malformed(f"expected true or false in {name}")
    return flag


def _integer(text: str, name: str) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Malformed(f"expected a number in {name}")
    return int(digits)
