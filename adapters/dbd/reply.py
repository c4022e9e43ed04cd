"""What DBD's page replies, and what each reply means.

status.code 1000, HTTP 200             FOUND
status.code 1004, HTTP 200 or 404      NOT_FOUND, if no record comes with it
anything else                          UNAVAILABLE: other codes, a 404 without a code, a code under another HTTP status

Both codes are known; that 1004 may come with an HTTP 404, too, is an assumption.
"""

from collections.abc import Sequence

import httpx

from adapters.dbd.fields import FIELDS
from adapters.dbd.values import Record, as_record, juristic_number, text
from linkage.sources.adapter import About, Answer, Found, Malformed, NotFound, Unavailable
from linkage.sources.reading import json_object, unavailable
from linkage.terms import FieldName

FOUND = "1000"
NO_RECORD = "1004"


def read(response: httpx.Response, wanted: Sequence[FieldName]) -> Answer:
    """Read one page: of the fields asked for, those that it speaks of, and no other.

    Raises:
        Malformed: not the shape or the values that the page is known to send.
    """
    if response.status_code not in (200, 404):
        return unavailable(response)
    try:
        body = json_object(response)
        code = text("code", as_record("status", body.get("status")).get("code")) or ""
    except Malformed:
        if response.status_code == 404:  # not DBD's own words: perhaps a proxy that knows no such page
            return unavailable(response)
        raise
    if code == NO_RECORD:
        return NotFound() if body.get("data") in (None, [], {}) else Unavailable("no record and a record")
    if code != FOUND:
        return Unavailable("unknown code")
    if response.status_code != 200:
        return unavailable(response)
    return _found(_only(body.get("data")), wanted)


def _only(rows: object) -> Record:
    if not isinstance(rows, list) or len(rows) != 1:
        raise Malformed("expected one record in data")
    return as_record("cd:OrganizationJuristicPerson", as_record("data", rows[0]).get("cd:OrganizationJuristicPerson"))


def _found(record: Record, wanted: Sequence[FieldName]) -> Found:
    if not any(wire.is_told(record) for wire in FIELDS.values()):
        raise Malformed("expected fields of the record in cd:OrganizationJuristicPerson")
    key = "cd:OrganizationJuristicID"
    return Found(
        fields={name: FIELDS[name].of(record) for name in wanted if FIELDS[name].is_told(record)},
        about=About(juristic=juristic_number(key, record.get(key))),
        also_sent=tuple(name for name in FIELDS if name not in wanted and _holds(record, name)),
    )


def _holds(record: Record, name: FieldName) -> bool:
    """Whether a field that nobody asked for came with something in it. What that is, is not read."""
    at: object = record
    for key in FIELDS[name].path:
        at = at.get(key) if isinstance(at, dict) else None
    return at not in (None, "", [], {})
