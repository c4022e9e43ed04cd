"""``dopa.house``: the house registration (ทะเบียนบ้าน, ท.ร.14; service 10). It names a house and nobody."""

from collections.abc import Sequence

from adapters.dopa.values import Fields, Record, Wire, date, digits_of, fields, text
from linkage.sources.adapter import About
from linkage.terms import CitizenNumber

FIELDS: Fields = fields(
    house_id=Wire("houseID", digits_of(11)),
    house_no=Wire("houseNo", text),
    house_type_code=Wire("houseType", text),
    house_type=Wire("houseTypeDesc", text),
    village_no=Wire("villageNo", text),
    trok_code=Wire("alleyWayCode", text),
    trok=Wire("alleyWayDesc", text),
    soi_code=Wire("alleyCode", text),
    soi=Wire("alleyDesc", text),
    road_code=Wire("roadCode", text),
    road=Wire("roadDesc", text),
    subdistrict_code=Wire("subdistrictCode", text),
    subdistrict=Wire("subdistrictDesc", text),
    district_code=Wire("districtCode", text),
    district=Wire("districtDesc", text),
    province_code=Wire("provinceCode", text),
    province=Wire("provinceDesc", text),
    registry_code=Wire("rcodeCode", text),
    registry=Wire("rcodeDesc", text),
    terminated_on=Wire("dateOfTerminate", date),
)


def about(_records: Sequence[Record], _asked: CitizenNumber) -> About:
    """A house is about nobody."""
    return About()
