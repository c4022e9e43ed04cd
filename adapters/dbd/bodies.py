"""The invented bodies of the simulator: what is in ``fixtures/bodies.toml``, and what the page shows of one.

None of them exists. Numbers begin with 099, of a province that no register has, and have a right check digit.
"""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linkage.terms import JuristicNumber

BODIES_FILE = Path(__file__).with_name("fixtures") / "bodies.toml"


def _checked(number: str) -> str:
    return JuristicNumber(number).reveal()


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Part):
    """A subdistrict, district or province: code and Thai name."""

    code: str = ""
    name: str


class Address(_Part):
    """Where the head office lies."""

    text: str = ""
    no: str
    building: str = ""
    room: str = ""
    floor: str = ""
    moo: str = ""
    yaek: str = ""
    soi: str = ""
    trok: str = ""
    village: str = ""
    road: str = ""
    subdistrict: Place
    district: Place
    province: Place


class Objective(_Part):
    """What the body does, by the register's code."""

    code: str
    th: str
    en: str = ""


class Body(_Part):
    """One invented body."""

    number: Annotated[str, AfterValidator(_checked)] = Field(pattern=r"^0[0-9]{12}$")
    old_number: str = ""
    name_th: str
    name_en: str = ""
    type: str
    registered: str = Field(pattern=r"^([0-9]{8})?$", description="as the page writes it: either era, YYYYMMDD")
    status: str
    objective: Objective | None = None
    capital: str = ""
    branch: str = "สำนักงานใหญ่"
    address: Address | None = None
    echoes_number: bool = Field(default=True, description="off: the page shows the old number only")
    leaves_out: tuple[str, ...] = Field(default=(), description="keys of the wire that this body's page does not have")
    case: str = Field(description="what this body is in the world to show")


def load_bodies(path: Path = BODIES_FILE) -> dict[str, Body]:
    """Read a bodies file, by number.

    Raises:
        ValueError: a body is described wrongly, or two have one number.
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["body"]
    bodies = {one.number: one for one in (Body.model_validate(row) for row in rows)}
    if len(bodies) != len(rows):
        raise ValueError("a number twice")
    return bodies


def page_of(body: Body) -> dict[str, object]:
    """``cd:OrganizationJuristicPerson`` of one body."""
    page: dict[str, object] = {
        "cd:OrganizationJuristicID": body.number if body.echoes_number else None,
        "cd:OrganizationOldJuristicID": body.old_number or None,
        "cd:OrganizationJuristicNameTH": body.name_th,
        "cd:OrganizationJuristicNameEN": body.name_en or None,
        "cd:OrganizationJuristicType": body.type,
        "cd:OrganizationJuristicRegisterDate": body.registered,
        "cd:OrganizationJuristicStatus": body.status,
        "cd:OrganizationJuristicObjective": _objective(body.objective),
        "cd:OrganizationJuristicRegisterCapital": body.capital,
        "cd:OrganizationJuristicBranchName": body.branch,
        "cd:OrganizationJuristicAddress": {"cr:AddressType": _address(body.address)} if body.address else None,
    }
    return {key: value for key, value in page.items() if key not in body.leaves_out}


def _objective(objective: Objective | None) -> dict[str, object] | None:
    if objective is None:
        return None
    return {
        "td:JuristicObjective": {
            "td:JuristicObjectiveCode": objective.code,
            "td:JuristicObjectiveTextTH": objective.th,
            "td:JuristicObjectiveTextEN": objective.en or None,
        }
    }


def _address(address: Address) -> dict[str, object]:
    parts = {
        "cd:Address": address.text,
        "cd:AddressNo": address.no,
        "cd:Building": address.building,
        "cd:RoomNo": address.room,
        "cd:Floor": address.floor,
        "cd:Moo": address.moo,
        "cd:Yaek": address.yaek,
        "cd:Soi": address.soi,
        "cd:Trok": address.trok,
        "cd:Village": address.village,
        "cd:Road": address.road,
    }
    return {key: part or None for key, part in parts.items()} | {
        "cd:CitySubDivision": {"cr:CitySubDivisionCode": address.subdistrict.code, "cr:CitySubDivisionTextTH": address.subdistrict.name},
        "cd:City": {"cr:CityCode": address.district.code, "cr:CityTextTH": address.district.name},
        "cd:CountrySubDivision": {
            "cr:CountrySubDivisionCode": address.province.code,
            "cr:CountrySubDivisionTextTH": address.province.name,
        },
    }
