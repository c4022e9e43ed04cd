"""Every code and text that DOPA's documents and clients name, and what each means to us. What is not here is UNAVAILABLE.

Card check: a code alone does not tell (4 has two meanings), so the key is code and text, the text with all white space removed
(the service sends one blank or two in the same sentence). `Sure.RECALLED` rows are from memory: not seen in a public source.
"""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Literal

from adapters.dopa.settings import ID_CARD, NAME_CHANGE
from linkage.sources.adapter import NotFound, Refused, RefusedCause, Unavailable, Verified
from linkage.terms import CardProblem, NoMatch, RecordType, Verdict


class Sure(StrEnum):
    """How well a row is known."""

    CONFIRMED = auto()
    """Seen in a public source."""
    CONFIRMED_1 = auto()
    """Seen in exactly one third-party client."""
    RECALLED = auto()
    """From general knowledge; easy to change here."""


# ---- card check (CheckCardByLaser, CheckCardByCID) -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardRow:
    """One reply of the card check. The service sets IsError for every code but 0."""

    code: int
    text: str
    verdict: Verdict
    no_match: NoMatch | None = None
    card_problem: CardProblem | None = None
    why: str = ""
    sure: Sure = Sure.CONFIRMED


_NO_LONGER_VALID = "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี "

CARD_ROWS: tuple[CardRow, ...] = (
    CardRow(0, "สถานะปกติ", Verdict.MATCH),
    CardRow(1, "Chip No สถานะไม่ปกติ", Verdict.NO_MATCH, no_match=NoMatch.CHIP_NOT_NORMAL),
    CardRow(
        2,
        _NO_LONGER_VALID + "การเปลี่ยนที่อยู่",
        Verdict.CARD_NOT_VALID,
        card_problem=CardProblem.ADDRESS_CHANGED,
    ),
    CardRow(2, _NO_LONGER_VALID + " บัตรหมดอายุ", Verdict.CARD_NOT_VALID, card_problem=CardProblem.EXPIRED),
    CardRow(
        2,
        _NO_LONGER_VALID + "แจ้งหาย",
        Verdict.CARD_NOT_VALID,
        card_problem=CardProblem.LOST,
        sure=Sure.RECALLED,
    ),
    CardRow(
        2,
        _NO_LONGER_VALID + "ทำบัตรใหม่",
        Verdict.CARD_NOT_VALID,
        card_problem=CardProblem.REISSUED,
        sure=Sure.RECALLED,
    ),
    CardRow(
        2,
        _NO_LONGER_VALID + "เปลี่ยนชื่อ",
        Verdict.CARD_NOT_VALID,
        card_problem=CardProblem.NAME_CHANGED,
        sure=Sure.RECALLED,
    ),
    CardRow(2, _NO_LONGER_VALID + "เสียชีวิต", Verdict.DECEASED, sure=Sure.RECALLED),
    CardRow(
        4,
        "สถานะไม่ปกติ => ไม่พบเลข Laser จาก PID นี้",
        Verdict.NO_MATCH,
        no_match=NoMatch.LASER_OR_NUMBER_UNKNOWN,
    ),
    CardRow(4, "สถานะไม่ปกติ => ข้อมูลไม่ตรง", Verdict.NO_MATCH, no_match=NoMatch.DATA_DIFFER),
    CardRow(5, "ข้อมูลที่ใช้ในการตรวจสอบไม่ครบ", Verdict.UNAVAILABLE, why="evidence incomplete"),
)


def without_blanks(text: str) -> str:
    """Remove all white space, as texts are compared."""
    return "".join(text.split())


_CARD_TABLE = {(row.code, without_blanks(row.text)): row for row in CARD_ROWS}


def card_verdict(code: int, text: str, *, is_error: bool) -> Verified:
    """What a reply of the card check means. UNAVAILABLE for an unknown code or text, or where code and IsError disagree."""
    if is_error != (code != 0):
        return Verified(Verdict.UNAVAILABLE, why="code and error flag disagree")
    row = _CARD_TABLE.get((code, without_blanks(text)))
    if row is None:
        return Verified(Verdict.UNAVAILABLE, why="unknown code or text")
    return Verified(row.verdict, no_match=row.no_match, card_problem=row.card_problem, why=row.why)


# ---- death status (CheckDeathStatus); stCode's meaning: CONFIRMED-1 --------------------------------------------------

DEATH_ROWS: dict[str, Verdict] = {"0": Verdict.MATCH, "1": Verdict.DECEASED, "2": Verdict.NOT_FOUND}
"""stCode -> what it makes of a card that matched. Alive leaves the match as it is."""


# ---- Linkage Center (errorNumber) --------------------------------------------------------------------------------------

LinkageOutcome = RefusedCause | Literal["not_found", "unavailable"]


@dataclass(frozen=True, slots=True)
class LinkageRow:
    """One errorNumber. ``only``: the one record type whose absence a ``not_found`` states; None for any."""

    number: int
    meaning: str
    outcome: LinkageOutcome
    only: RecordType | None = None


_REFUSED = {
    RefusedCause.LOGIN_REQUIRED: {90001: "not logged in"},
    RefusedCause.LOGIN_REFUSED: {
        90007: "invalid secret code",
        90009: "card not known",
        90090: "wrong PIN",
        95002: "not the latest card",
        95003: "the card's envelope is wrong",
    },
    RefusedCause.QUOTA: {90008: "quota used up", 90050: "quota is zero"},
    RefusedCause.NOT_ENTITLED: {
        90005: "no right to work at this time",
        90013: "not open for the asking agency",
        90016: "the citizen's own right is needed",
        95001: "user not registered",
        95004: "no right to use Linkage Center",
        95011: "no right to ask that service",
        95014: "no right to ask by the citizen's own right",
        99999: "invalid application id",
    },
}
_NOT_FOUND = (
    LinkageRow(90500, "no such record", "not_found"),
    LinkageRow(99702, "no change of name on record", "not_found", NAME_CHANGE),
    LinkageRow(99990, "no card on record", "not_found", ID_CARD),
    LinkageRow(99991, "no card on record", "not_found", ID_CARD),
    LinkageRow(99992, "no card on record", "not_found", ID_CARD),
)
_UNAVAILABLE = (
    *(90011, 90012, 90014, 90015, 90020, 90025, 90026, 90027, 90028, 90029, 90040, 90043, 90044, 90045, 90046),
    *(91001, 91002, 95012, 95013, 99301, 99304, 99305, 99701, 99703, 99706, 99707, 99801, 99983, 99989),
    *(99993, 99994, 99995, 99997),
)
"""Named in the documents, but either a failure, or about a service that no record type of ours asks."""

LINKAGE_ROWS: dict[int, LinkageRow] = {
    row.number: row
    for row in (
        *(LinkageRow(n, why, cause) for cause, numbers in _REFUSED.items() for n, why in numbers.items()),
        *_NOT_FOUND,
        *(LinkageRow(n, "failure", "unavailable") for n in _UNAVAILABLE),
    )
}


def status_word(status: int) -> str:
    """An HTTP status as a word for metrics and the log."""
    return f"status {status}" if 100 <= status <= 599 else "unknown status"


def linkage_answer(number: int, record_type: RecordType | None, status: int) -> NotFound | Refused | Unavailable:
    """What an errorNumber means for one record type (None: for a login). A number that is not in the table is UNAVAILABLE.

    ``status``: the HTTP status it came under, the row's own or the whole reply's. A service that broke has looked nothing up, so
    that it is not found only under 200 or 404.
    """
    row = LINKAGE_ROWS.get(number)
    if row is None:
        return Unavailable("unknown code")
    if isinstance(row.outcome, RefusedCause):
        return Refused(row.outcome, f"{number:05d}")
    if row.outcome == "not_found" and row.only in (None, record_type):
        return NotFound() if status in (200, 404) else Unavailable(status_word(status))
    return Unavailable(f"code {number:05d}")
