"""``dopa.id_card``: the latest issue of the identity card (รายการทำบัตร, service 32). It echoes number, name and birth date.

Where the service answers several issues, the latest by date and time of issue is the record (an assumption: the counter asks about
the card that is valid now); the number is compared on all of them.
"""

from collections.abc import Sequence

from adapters.dopa.about import birth_date_of, name_of, odd_one
from adapters.dopa.values import (
    Fields,
    Record,
    Wire,
    as_record,
    citizen_number,
    date,
    expiry,
    fields,
    group,
    is_life_long,
    number,
    person_number,
    text,
)
from linkage.sources.adapter import About
from linkage.terms import CitizenNumber

_NAME = {
    "title": Wire("title", text),
    "first_name": Wire("firstName", text),
    "middle_name": Wire("middleName", text),
    "last_name": Wire("lastName", text),
}

FIELDS: Fields = fields(
    document_number=Wire("documentNumber", text),
    citizen_number=Wire("personalID", person_number),
    name_th=Wire("nameTH", group(_NAME | {"full_name": Wire("fullName", text)})),
    name_en=Wire("nameEN", group(_NAME)),
    birth_date=Wire("birthDate", date),
    sex=Wire("sex", text),
    blood=Wire("blood", text),
    religion=Wire("religion", text),
    religion_other=Wire("religionOther", text),
    issued_on=Wire("issueDate", date),
    issue_time=Wire("issueTime", text),
    expires_on=Wire("expireDate", expiry),
    life_long=Wire("expireDate", is_life_long),
    cancel_cause=Wire("cancelCause", text),
    issued_at=Wire(
        "document",
        group(
            {
                "district": Wire("districtDesc", text),
                "province": Wire("provinceDesc", text),
                "country": Wire("countryDesc", text),
            }
        ),
    ),
    foreign_country=Wire("foreignCountry", text),
    foreign_city=Wire("foreignCountryCity", text),
    phone_number=Wire("phoneNumber", text),
    address=Wire(
        "address",
        group(
            {
                "house_no": Wire("houseNo", text),
                "village_no": Wire("villageNo", text),
                "trok": Wire("alleyWayDesc", text),
                "soi": Wire("alleyDesc", text),
                "road": Wire("roadDesc", text),
                "subdistrict": Wire("subdistrictDesc", text),
                "district": Wire("districtDesc", text),
                "province": Wire("provinceDesc", text),
            }
        ),
    ),
)


def latest(records: Sequence[Record]) -> Record:
    """The issue with the greatest date and time of issue."""
    return max(records, key=lambda one: (_whole(one, "issueDate"), _whole(one, "issueTime")))


def _whole(record: Record, key: str) -> int:
    return int(number(key, record.get(key) or 0) or 0)


def about(records: Sequence[Record], asked: CitizenNumber) -> About:
    """Number, name and birth date of the latest issue; the number is the odd one of all issues, if there is one."""
    record = latest(records)
    numbers = [citizen_number("personalID", one.get("personalID")) for one in records]
    named = record.get("nameTH")
    name = None if named is None else name_of(as_record("nameTH", named))
    return About(odd_one(numbers, asked), name, birth_date_of(record, "birthDate"))
