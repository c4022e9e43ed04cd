"""The employments of a reply: from SSO's elements to fields of ours.

Nothing is concluded here: whether a person is insured, or entitled, is the recipient's to say. An empty list is not a clear answer
by itself: it may be nobody insured, but a service that could not look, or did not know who asks, may well send the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from adapters.sso.settings import SsoSettings
from linkage.buddhist import from_buddhist
from linkage.sources import soap
from linkage.sources.adapter import Found, Malformed, NotFound, Unavailable
from linkage.terms import FieldName, PartialDate, Value

EMPLOYMENTS = FieldName("employments")

ITEM = "employments"
"""The element that is repeated, once for each employment."""

STATUSES: Mapping[str, str] = {"1": "จ้างงาน", "0": "ไม่ได้จ้างงาน"}
"""``employStatus`` -> ``employStatusDesc``, blanks apart: employed, not employed. Nobody can tell what another one means."""


_HARMLESS = (f"{{{etree.QName(soap.NIL).namespace}}}", *(f"{{{namespace}}}encodingStyle" for namespace in soap.ENVELOPES.values()))
"""How the attributes begin that say nothing about the list: types, as a service of RPC style writes them."""


@dataclass(frozen=True, slots=True)
class Member:
    """One value of an employment: its element, and how its text is read."""

    element: str
    read: Callable[[str, str], Value]


def _text(_element: str, text: str) -> str:
    return text


def _date(element: str, text: str) -> PartialDate:
    """``dd/mm/yyyy`` of the Buddhist Era."""
    day, month, year = parts if len(parts := text.split("/")) == 3 else ("", "", "")
    if (len(day), len(month), len(year)) != (2, 2, 4):
        raise Malformed(f"expected dd/mm/yyyy in {element}")
    try:
        return from_buddhist(year + month + day)
    except ValueError:
        raise Malformed(f"expected a Buddhist Era date in {element}") from None


MEMBERS: Mapping[str, Member] = {
    "company_name": Member("companyName", _text),
    "account_no": Member("accNo", _text),
    "account_branch": Member("accBran", _text),
    "status_code": Member("employStatus", _text),
    "status": Member("employStatusDesc", _text),
    "start_date": Member("expStartDate", _date),
    "resign_date": Member("empResignDate", _date),
}
"""Member of an employment -> its element."""


def read(result: etree._Element, wanted: Sequence[FieldName], settings: SsoSettings) -> Found | NotFound | Unavailable:
    """Read a result.

    Raises:
        Malformed: not the shape or the values that are known of SSO.
    """
    if _is_nil(result):
        return Unavailable("no result")
    items = soap.children_of(result, ITEM)
    if not _is_whole(result, items):
        return Unavailable("more than employments in the result")
    if not items:
        return NotFound() if settings.empty_list == "not_found" else Unavailable("empty list")
    employments = tuple(_employment(item) for item in items)
    if not all(_has_known_status(one) for one in employments):
        return Unavailable("unknown employment status")
    fields: dict[FieldName, Value | None] = {EMPLOYMENTS: employments}
    return Found(
        fields={name: value for name, value in fields.items() if name in wanted},
        also_sent=tuple(name for name in fields if name not in wanted),
    )


def _is_whole(result: etree._Element, items: Sequence[etree._Element]) -> bool:
    """Whether the result is these employments and nothing else: whatever else is said may be that some are missing."""
    response = list(result.iterancestors())[:1]
    attributes = [name for element in (*response, result, *items) for name in element.attrib]
    said_beside = not all(name.startswith(_HARMLESS) for name in attributes) or soap.has_loose_text(result)
    return len(items) == len(result) and not said_beside


def _employment(item: etree._Element) -> Mapping[str, Value | None]:
    """One employment: what its elements speak of, None where they are empty.

    Raises:
        Malformed: an element twice, one that cannot be read, or none with a value in it.
    """
    told = {name: _value(item, member) for name, member in MEMBERS.items() if soap.children_of(item, member.element)}
    if all(value is None for value in told.values()):
        raise Malformed(f"expected an employment in {ITEM}")
    return told


def _value(item: etree._Element, member: Member) -> Value | None:
    text = soap.text_of(item, member.element).strip()
    if not text:
        return None
    if _is_nil(soap.child_of(item, member.element)):
        raise Malformed(f"expected a value or nil in {member.element}")
    return member.read(member.element, text)


def _has_known_status(employment: Mapping[str, Value | None]) -> bool:
    """Whether code and text are known and agree, as far as they are told."""
    code, text = employment.get("status_code"), employment.get("status")
    if code is None and text is None:
        return False
    plain = "".join(str(text).split())
    return any((code is None or code == known) and (text is None or plain == meaning) for known, meaning in STATUSES.items())


def _is_nil(element: etree._Element) -> bool:
    return element.get(soap.NIL, "false").strip() in ("true", "1")
