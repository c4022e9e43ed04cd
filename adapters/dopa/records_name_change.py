"""``dopa.name_change``: changes of name (การเปลี่ยนชื่อตัว-ชื่อสกุล, service 9), each item with the person's number.

The lists go side by side: the nth row of each is the nth change. They are apart so that an agreement can grant the names without
the address, or the documents without the parents.
"""

from collections.abc import Sequence

from adapters.dopa.about import odd_one
from adapters.dopa.values import Fields, Record, Wire, as_record, citizen_number, date, fields, number, rows, text
from linkage.sources.adapter import About, Malformed
from linkage.terms import CitizenNumber

ITEMS = "allName"

FIELDS: Fields = fields(
    total=Wire("total", number),
    changes=Wire(
        ITEMS,
        rows(
            {
                "document_id": Wire("docID", text),
                "document_on": Wire("docDate", date),
                "new_name": Wire("newName", text),
                "title_code": Wire("titleCode", text),
                "title": Wire("titleDesc", text),
                "first_name": Wire("firstName", text),
                "middle_name": Wire("middleName", text),
                "last_name": Wire("lastName", text),
                "full_name_and_rank": Wire("fullNameAndRank", text),
                "cause_of_change": Wire("causeOfChange", text, optional=True),
            }
        ),
    ),
    offices=Wire(
        ITEMS,
        rows(
            {
                "place_code": Wire("docPlace", text),
                "place": Wire("docPlaceDesc", text),
                "place_province": Wire("docPlaceProvince", text),
                "request_id": Wire("requestID", text),
                "request_year": Wire("requestYear", text),
                "requested_on": Wire("requestDate", date),
            }
        ),
    ),
    persons=Wire(
        ITEMS,
        rows(
            {
                "gender_code": Wire("genderCode", text),
                "gender": Wire("genderDesc", text),
                "birth_date": Wire("dateOfBirth", date),
                "age": Wire("age", number),
                "nationality_code": Wire("nationalityCode", text),
                "nationality": Wire("nationalityDesc", text),
                "father_first_name": Wire("fatherFirstName", text),
                "mother_first_name": Wire("motherFirstName", text),
            }
        ),
    ),
    addresses=Wire(
        ITEMS,
        rows(
            {
                "house_no": Wire("hno", text),
                "registry_code": Wire("hrcode", text),
                "registry": Wire("hrcodeDesc", text),
                "trok": Wire("trokDesc", text),
                "soi": Wire("soiDesc", text),
                "road": Wire("thanonDesc", text),
                "subdistrict": Wire("districtDesc", text),  # an assumption: the amphoe has `amphorDesc`
                "district": Wire("amphorDesc", text),
                "province": Wire("provinceDesc", text),
            }
        ),
    ),
)


def is_empty(record: Record) -> bool:
    """Whether the record says that there is no change: no item, and a total of zero that says the same.

    Raises:
        Malformed: no item, and a total that does not say zero.
    """
    if items_of(record):
        return False
    if number("total", record.get("total", "")) != 0:
        raise Malformed("expected total 0 beside no changes")
    return True


def items_of(record: Record) -> list[object]:
    """The changes of one record.

    Raises:
        Malformed: no array of them.
    """
    items = record.get(ITEMS)
    if not isinstance(items, list):
        raise Malformed(f"expected an array in {ITEMS}")
    return items


def about(records: Sequence[Record], asked: CitizenNumber) -> About:
    """The number of the items. Where they differ, one that is not the number asked for, so that a mixed record is noticed."""
    numbers = [citizen_number("pid", as_record(ITEMS, item).get("pid")) for item in items_of(records[0])]
    return About(number=odd_one(numbers, asked))
