"""LED's reply into an answer of ours."""

from collections.abc import Iterator, Mapping, Sequence

import httpx

from adapters.led import cases
from adapters.led.codes import FAILURES, FOUND, NOT_FOUND
from adapters.led.settings import LedSettings
from linkage.sources.adapter import Found, Malformed, NotFound, Unavailable
from linkage.sources.reading import json_object, unavailable
from linkage.terms import FieldName, Subject


def read(
    response: httpx.Response, wanted: Sequence[FieldName], subject: Subject, trans_id: str, settings: LedSettings
) -> Found | NotFound | Unavailable:
    """Read a reply. Not found is said by code 904 alone, without any part of a case beside it.

    Raises:
        Malformed: not the shape or the values that are known of LED.
    """
    if response.status_code != 200:
        return unavailable(response)
    body = json_object(response)
    members = tuple(_members(body))
    if any(value != trans_id for key, value in members if key == "transid"):
        return Unavailable("transID of another request")
    if any(_is_another(value, subject) for key, value in members if key == "idcard"):
        return Unavailable("idCard of another request")
    code = body.get("responseCode")
    if not isinstance(code, str):
        raise Malformed("expected a text in responseCode")
    rows = _rows(body)
    if code == FOUND:
        return _found(rows, wanted, subject, settings) if rows else Unavailable("found without a case")
    if code == NOT_FOUND:
        told = rows or any(key in _CASE_KEYS and _has_something(value) for key, value in members)
        return Unavailable("not found with a case") if told else NotFound()
    return Unavailable(FAILURES.get(code, "unknown code"))


def _members(body: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Every key of the reply with its value, at whatever depth and in whatever spelling: where LED would repeat anything is not known."""
    left: list[object] = [body]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield from ((_plain(key), value) for key, value in part.items())
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)


def _plain(key: str) -> str:
    """A key without regard to case, blanks, dashes and underscores."""
    return "".join(filter(str.isalnum, key)).casefold()


_CASE_KEYS = {_plain(key) for members in cases.FIELDS.values() for member in members.values() for key in member.keys}


def _has_something(value: object) -> bool:
    return value not in (None, [], {}) and str(value).strip() != ""


def _is_another(number: object, subject: Subject) -> bool:
    """Whether something stands there that is not the subject's number."""
    return _has_something(number) and not cases.is_number_of(subject, str(number))


def _rows(body: Mapping[str, object]) -> Sequence[cases.Row]:
    data = body.get("data")
    if data in (None, "", [], {}):
        return ()
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise Malformed("expected an array of objects in data")
    return data


def _found(rows: Sequence[cases.Row], wanted: Sequence[FieldName], subject: Subject, settings: LedSettings) -> Found | Unavailable:
    if not all(any(cases.has_value([row], name) for name in cases.FIELDS) for row in rows):
        return Unavailable("empty case")
    if settings.name_in_df_name and cases.parties(rows) > 1:
        return Unavailable("cases of several defendants")
    return Found(
        fields=cases.fields_of(rows, wanted),
        about=cases.about(rows, subject, settings),
        also_sent=tuple(name for name in cases.FIELDS if name not in wanted and cases.has_value(rows, name)),
    )
