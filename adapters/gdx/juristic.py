"""``gdx.juristic_person``: DBD's juristic person, version 4, as GDX hands it on. It repeats the number.

``RawData``, beside the records, is what DBD's own service said in whole: never read.
"""

from collections.abc import Sequence

import httpx

from adapters.gdx.refusals import refusal
from adapters.gdx.values import Fields, Wire, amount, as_record, date, fields, juristic_number, rows, text, told, unasked
from linkage.sources.adapter import About, Answer, Found, Malformed, Unavailable
from linkage.sources.reading import json_object
from linkage.terms import FieldName

PATH = "dbd/juristic/v4/profile/information"

COMMITTEE = {
    "sequence": Wire("Sequence", text),
    "title": Wire("Title", text),
    "first_name": Wire("FirstName", text),
    "last_name": Wire("LastName", text),
    "type_code": Wire("Type", text),
}
AUTHORISATIONS = {
    "sequence": Wire("Sequence", text),
    "description": Wire("AuthorizeDescription", text),
    "type_code": Wire("Type", text),
}
OBJECTIVES = {"sequence": Wire("Sequence", text), "description": Wire("ObjectiveDescription", text)}
ADDRESSES = {
    "sequence": Wire("Sequence", text),
    "name": Wire("AddressName", text),
    "full_address": Wire("FullAddress", text),
    "building": Wire("Building", text),
    "room_no": Wire("RoomNo", text),
    "floor": Wire("Floor", text),
    "village": Wire("VillageName", text),
    "house_no": Wire("AddressNo", text),
    "village_no": Wire("Moo", text),
    "soi": Wire("Soi", text),
    "road": Wire("Road", text),
    "subdistrict": Wire("Tumbol", text),
    "district": Wire("Ampur", text),
    "province": Wire("Province", text),
    "phone": Wire("Phone", text),
    "email": Wire("Email", text),
}

FIELDS: Fields = fields(
    juristic_id=Wire("JuristicID", text),
    old_juristic_id=Wire("OldJuristicID", text),
    type_code=Wire("JuristicType", text),
    name_th=Wire("JuristicName_TH", text),
    name_en=Wire("JuristicName_EN", text),
    registered_on=Wire("RegisterDate", date),
    status=Wire("JuristicStatus", text),
    register_capital=Wire("RegisterCapital", amount),
    paid_register_capital=Wire("PaidRegisterCapital", amount),
    number_of_objectives=Wire("NumberOfObjective", amount),
    number_of_objective_pages=Wire("NumberOfPageOfObjective", amount),
    standard_id=Wire("StandardID", text),
    committee=Wire("CommitteeInformations", rows(**COMMITTEE)),
    authorisations=Wire("AuthorizeDescriptions", rows(**AUTHORISATIONS)),
    objectives=Wire("StandardObjectives", rows(**OBJECTIVES)),
    addresses=Wire("AddressInformations", rows(**ADDRESSES)),
)


def read_juristic(response: httpx.Response, wanted: Sequence[FieldName], no_record_texts: Sequence[str]) -> Answer:
    """Read one reply: of the fields asked for, those that it speaks of, and no other.

    Raises:
        Malformed: not the shape or the values that GDX's documents name.
    """
    if response.status_code != 200:
        return refusal(response, no_record_texts)
    found = json_object(response).get("ResultList")
    if not isinstance(found, list) or len(found) > 1:
        raise Malformed("expected one record in ResultList")
    if not found:  # the documents say "no data" with 404, and nothing of an empty list
        return Unavailable("empty answer")
    record = as_record("ResultList", found[0])
    if not any(wire.key in record for wire in FIELDS.values()):
        raise Malformed("expected fields of the record in ResultList")
    return Found(
        fields=told(FIELDS, wanted, record),
        about=About(juristic=juristic_number("JuristicID", record.get("JuristicID"))),
        also_sent=unasked(FIELDS, wanted, record),
    )
