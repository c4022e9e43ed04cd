"""The invented bodies of the simulator: what is in ``fixtures/bodies.toml``, and the record of one.

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


class Member(_Part):
    """One of the committee (company) or a partner (partnership)."""

    title: str
    first: str
    last: str
    type: str


class Authorisation(_Part):
    """Who may sign for the body."""

    text: str
    type: str


class Address(_Part):
    """One of its addresses."""

    name: str
    full: str
    building: str = ""
    room: str = ""
    floor: str = ""
    village: str = ""
    no: str
    moo: str = ""
    soi: str = ""
    road: str = ""
    tumbol: str
    ampur: str
    province: str
    phone: str = ""
    email: str = ""


class Body(_Part):
    """One invented body. All values go out as texts."""

    number: Annotated[str, AfterValidator(_checked)] = Field(pattern=r"^0[0-9]{12}$")
    old_number: str = ""
    name_th: str
    name_en: str = ""
    type: str = Field(pattern=r"^[2357]$")
    registered: str = Field(pattern=r"^([0-9]{8})?$", description="Buddhist Era")
    status: str
    capital: str = ""
    paid_capital: str = ""
    objective_pages: str = ""
    standard: str = ""
    objectives: tuple[str, ...] = ()
    committee: tuple[Member, ...] = ()
    authorisations: tuple[Authorisation, ...] = ()
    addresses: tuple[Address, ...] = ()
    echoes_number: bool = Field(default=True, description="off: the record shows the old number only")
    leaves_out: tuple[str, ...] = Field(default=(), description="keys of the wire that this body's record does not have")
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


def record_of(body: Body) -> dict[str, object]:
    """One element of ``ResultList``."""
    record: dict[str, object] = {
        "JuristicType": body.type,
        "JuristicID": body.number if body.echoes_number else "",
        "OldJuristicID": body.old_number,
        "RegisterDate": body.registered,
        "JuristicName_TH": body.name_th,
        "JuristicName_EN": body.name_en,
        "RegisterCapital": body.capital,
        "PaidRegisterCapital": body.paid_capital,
        "NumberOfObjective": str(len(body.objectives)),
        "NumberOfPageOfObjective": body.objective_pages,
        "JuristicStatus": body.status,
        "StandardID": body.standard,
        "CommitteeInformations": [_member(n, one) for n, one in enumerate(body.committee, 1)],
        "AuthorizeDescriptions": [
            {"Sequence": str(n), "AuthorizeDescription": one.text, "Type": one.type} for n, one in enumerate(body.authorisations, 1)
        ],
        "StandardObjectives": [{"Sequence": str(n), "ObjectiveDescription": one} for n, one in enumerate(body.objectives, 1)],
        "AddressInformations": [_address(n, one) for n, one in enumerate(body.addresses, 1)],
    }
    return {key: value for key, value in record.items() if key not in body.leaves_out}


def _member(sequence: int, member: Member) -> dict[str, str]:
    return {
        "Sequence": str(sequence),
        "FirstName": member.first,
        "LastName": member.last,
        "Title": member.title,
        "Type": member.type,
    }


def _address(sequence: int, address: Address) -> dict[str, str]:
    return {
        "Sequence": str(sequence),
        "AddressName": address.name,
        "FullAddress": address.full,
        "Building": address.building,
        "RoomNo": address.room,
        "Floor": address.floor,
        "VillageName": address.village,
        "AddressNo": address.no,
        "Moo": address.moo,
        "Soi": address.soi,
        "Road": address.road,
        "Tumbol": address.tumbol,
        "Ampur": address.ampur,
        "Province": address.province,
        "Phone": address.phone,
        "Email": address.email,
    }
