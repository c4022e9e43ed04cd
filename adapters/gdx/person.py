"""``gdx.person``: the civil registration record, from DOPA Linkage ("5000") through GDX.

The reply is the record itself, or ``{"Code": ..., "Message": ...}``. It names the person, but does not repeat the number.
"""

from collections.abc import Sequence

import httpx

from adapters.gdx.refusals import code_of, refusal
from adapters.gdx.values import Fields, Record, Wire, amount, date, fields, text, told, unasked
from linkage.sources.adapter import About, Answer, Found, Malformed, Unavailable
from linkage.sources.reading import json_object
from linkage.terms import FieldName, PersonName

PATH = "dopa/linkage/v1/link"

FIELDS: Fields = fields(
    title=Wire("titleDesc", text),
    first_name=Wire("firstName", text),
    middle_name=Wire("middleName", text),
    last_name=Wire("lastName", text),
    full_name_and_rank=Wire("fullnameAndRank", text),
    english_title=Wire("englishTitleDesc", text),
    english_first_name=Wire("englishFirstName", text),
    english_middle_name=Wire("englishMiddleName", text),
    english_last_name=Wire("englishLastName", text),
    gender_code=Wire("genderCode", text),
    gender=Wire("genderDesc", text),
    birth_date=Wire("dateOfBirth", date),
    age=Wire("age", amount),
    nationality_code=Wire("nationalityCode", text),
    nationality=Wire("nationalityDesc", text),
    owner_status=Wire("ownerStatusDesc", text),
    person_status_code=Wire("statusOfPersonCode", text),
    person_status=Wire("statusOfPersonDesc", text),
    moved_in_on=Wire("dateOfMoveIn", date),
)


def read_person(response: httpx.Response, wanted: Sequence[FieldName], no_record_texts: Sequence[str]) -> Answer:
    """Read one reply: of the fields asked for, those that it speaks of, and no other.

    Raises:
        Malformed: not the shape or the values that the documents name.
    """
    if response.status_code != 200:
        return refusal(response, no_record_texts)
    record = json_object(response)
    if "Code" in record and code_of(record["Code"]) != 0:
        return refusal(response, no_record_texts)
    held = [record[wire.key] for wire in FIELDS.values() if wire.key in record]
    if not held:
        raise Malformed("expected fields of the record")
    if all(value in (None, "") for value in held):
        return Unavailable("empty answer")
    return Found(told(FIELDS, wanted, record), _about(record), unasked(FIELDS, wanted, record))


def _about(record: Record) -> About:
    first, last, middle = (_text_of(record, key) for key in ("firstName", "lastName", "middleName"))
    born = record.get("dateOfBirth")
    return About(
        name=PersonName(first, last, middle) if first else None,
        birth_date=None if born is None else date("dateOfBirth", born),
    )


def _text_of(record: Record, key: str) -> str:
    value = record.get(key)
    return "" if value is None else text(key, value) or ""
