"""``dbd.juristic_person``: its fields, and where each stands below ``cd:OrganizationJuristicPerson``."""

from adapters.dbd.values import Fields, Wire, amount, date, group, text
from linkage.terms import FieldName

STATUSES = (
    "ยังดำเนินกิจการอยู่",
    "พิทักษ์ทรัพย์เด็ดขาด",
    "แปรสภาพ",
    "เลิก(ไม่เสร็จการชำระบัญชี)",
    "เลิก(เสร็จการชำระบัญชี)",
    "ควบ",
    "ถอน(บริคณห์)",
    "ร้าง",
    "ล้มละลาย",
)
"""The texts of ``status`` that are known. Any other is handed on as it stands: it is DBD's word, not ours to judge."""

OBJECTIVE = {
    "code": Wire(("td:JuristicObjectiveCode",), text),
    "text_th": Wire(("td:JuristicObjectiveTextTH",), text),
    "text_en": Wire(("td:JuristicObjectiveTextEN",), text),
}

ADDRESS = {
    "address": Wire(("cd:Address",), text),
    "house_no": Wire(("cd:AddressNo",), text),
    "building": Wire(("cd:Building",), text),
    "room_no": Wire(("cd:RoomNo",), text),
    "floor": Wire(("cd:Floor",), text),
    "village_no": Wire(("cd:Moo",), text),
    "yaek": Wire(("cd:Yaek",), text),
    "soi": Wire(("cd:Soi",), text),
    "trok": Wire(("cd:Trok",), text),
    "village": Wire(("cd:Village",), text),
    "road": Wire(("cd:Road",), text),
    "subdistrict_code": Wire(("cd:CitySubDivision", "cr:CitySubDivisionCode"), text),
    "subdistrict": Wire(("cd:CitySubDivision", "cr:CitySubDivisionTextTH"), text),
    "district_code": Wire(("cd:City", "cr:CityCode"), text),
    "district": Wire(("cd:City", "cr:CityTextTH"), text),
    "province_code": Wire(("cd:CountrySubDivision", "cr:CountrySubDivisionCode"), text),
    "province": Wire(("cd:CountrySubDivision", "cr:CountrySubDivisionTextTH"), text),
}

FIELDS: Fields = {
    FieldName("juristic_id"): Wire(("cd:OrganizationJuristicID",), text),
    FieldName("old_juristic_id"): Wire(("cd:OrganizationOldJuristicID",), text),
    FieldName("name_th"): Wire(("cd:OrganizationJuristicNameTH",), text),
    FieldName("name_en"): Wire(("cd:OrganizationJuristicNameEN",), text),
    FieldName("type"): Wire(("cd:OrganizationJuristicType",), text),
    FieldName("registered_on"): Wire(("cd:OrganizationJuristicRegisterDate",), date),
    FieldName("status"): Wire(("cd:OrganizationJuristicStatus",), text),
    FieldName("objective"): Wire(("cd:OrganizationJuristicObjective", "td:JuristicObjective"), group(OBJECTIVE)),
    FieldName("register_capital"): Wire(("cd:OrganizationJuristicRegisterCapital",), amount),
    FieldName("branch_name"): Wire(("cd:OrganizationJuristicBranchName",), text),
    FieldName("address"): Wire(("cd:OrganizationJuristicAddress", "cr:AddressType"), group(ADDRESS)),
}
