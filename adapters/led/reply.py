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
    """Read a reply. Not found is said by code 904 alone, without a case beside it.

    Raises:
        Malformed: not the shape or the values that are known of LED.
    """
    if response.status_code != 200:
        return unavailable(response)
    body = json_object(response)
    if any(one != trans_id for one in _echoed(body)):
        return Unavailable("transID of another request")
    code = body.get("responseCode")
    if not isinstance(code, str):
        raise Malformed("expected a text in responseCode")
    rows = _rows(body)
    if code == FOUND:
        return _found(rows, wanted, subject, settings) if rows else Unavailable("found without a case")
    if code == NOT_FOUND:
        return Unavailable("not found with a case") if rows else NotFound()
    return Unavailable(FAILURES.get(code, "unknown code"))


def _echoed(body: Mapping[str, object]) -> Iterator[object]:
    """Every transID in the reply, beside the code or in a header of whatever name: no reply is known to have one."""
    for part in (body, *(value for value in body.values() if isinstance(value, dict))):
        if "transID" in part:
            yield part["transID"]


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
