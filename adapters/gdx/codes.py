"""Every code and text that the documents name, and what each means to us. What is not here is UNAVAILABLE.

Two services lie behind GDX, and each keeps its own words: the card check with ``[code] text``, Linkage with five digits.
"""

from dataclasses import dataclass
from typing import Literal

from linkage.sources.adapter import NotFound, Refused, RefusedCause, Unavailable, Verified
from linkage.terms import CardProblem, NoMatch, Verdict


def without_blanks(text: str) -> str:
    """All white space removed, in lower case: as texts are compared."""
    return "".join(text.split()).casefold()


# ---- card check ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardRow:
    """One ``[code] text`` of the card check. ``recalled``: from memory, not seen in a public source."""

    code: int
    text: str
    said: Verified
    recalled: bool = False


_ENDED = "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี "


def _ended(cause: str, problem: CardProblem, *, recalled: bool = False) -> CardRow:
    return CardRow(2, _ENDED + cause, Verified(Verdict.CARD_NOT_VALID, card_problem=problem), recalled)


def _differs(text: str, part: NoMatch) -> CardRow:
    return CardRow(4, "สถานะไม่ปกติ => " + text, Verified(Verdict.NO_MATCH, no_match=part))


CARD_ROWS = (
    _ended("การเปลี่ยนที่อยู่", CardProblem.ADDRESS_CHANGED),
    _ended("บัตรหมดอายุ", CardProblem.EXPIRED),
    _ended("แจ้งหาย", CardProblem.LOST, recalled=True),
    _ended("ทำบัตรใหม่", CardProblem.REISSUED, recalled=True),
    _ended("เปลี่ยนชื่อ", CardProblem.NAME_CHANGED, recalled=True),
    CardRow(2, _ENDED + "เสียชีวิต", Verified(Verdict.DECEASED), recalled=True),
    _differs("ไม่พบเลข Laser จาก PID นี้", NoMatch.LASER_OR_NUMBER_UNKNOWN),
    _differs("ข้อมูลไม่ตรง", NoMatch.DATA_DIFFER),
    CardRow(5, "ข้อมูลที่ใช้ในการตรวจสอบไม่ครบ", Verified(Verdict.UNAVAILABLE, why="evidence incomplete")),
)
_CARD_TABLE = {(row.code, without_blanks(row.text)): row.said for row in CARD_ROWS}


def card_verdict(code: int, text: str) -> Verified:
    """What ``[code] text`` means. One code has several meanings, so the text counts as well."""
    return _CARD_TABLE.get((code, without_blanks(text))) or Verified(Verdict.UNAVAILABLE, why="unknown code or text")


# ---- Linkage ---------------------------------------------------------------------------------------------------------

Outcome = RefusedCause | Literal["not_found", "unavailable"]

_MEANINGS: dict[Outcome, tuple[int, ...]] = {
    RefusedCause.LOGIN_REQUIRED: (90001,),
    RefusedCause.LOGIN_REFUSED: (90007, 90009, 90090, 95002, 95003),
    RefusedCause.QUOTA: (90008, 90050),
    RefusedCause.NOT_ENTITLED: (90005, 90013, 90016, 95001, 95004, 95011, 95014, 99999),
    "not_found": (90500,),
    "unavailable": (
        *(90011, 90012, 90014, 90015, 90020, 90025, 90026, 90027, 90028, 90029, 90040, 90043, 90044, 90045, 90046),
        *(91001, 91002, 95012, 95013, 99301, 99304, 99305, 99701, 99702, 99703, 99706, 99707, 99801, 99983, 99989),
        *(99990, 99991, 99992, 99993, 99994, 99995, 99997),
    ),
}
"""The last are failures, or about a service that no record type of ours asks."""

LINKAGE_ROWS: dict[int, Outcome] = {code: outcome for outcome, codes in _MEANINGS.items() for code in codes}

LAST_STATUS = 999
"""Up to here a code is the HTTP status of the service behind Linkage."""


def linkage_answer(code: int, status: int) -> NotFound | Refused | Unavailable:
    """What a code means. ``status``: GDX's own HTTP status beside it; what broke has looked nothing up, so it finds nothing absent."""
    if code <= LAST_STATUS:
        return Unavailable(f"status {code} behind")
    outcome = LINKAGE_ROWS.get(code)
    if isinstance(outcome, RefusedCause):
        return Refused(outcome, str(code))
    if outcome == "not_found" and status in (200, 404):
        return NotFound()
    return Unavailable(f"code {code}" if outcome else "unknown code")
