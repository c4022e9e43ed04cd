"""What Linkage Center's services hold of an invented person: each ``responseData``, with the wire's own names and spellings."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.dopa.people import CardState, Change, EnglishName, House, Parent, Person

Row = dict[str, Any]

_GENDERS = {1: "ชาย", 2: "หญิง"}
_CANCELLED = {
    CardState.EXPIRED: "บัตรหมดอายุ",
    CardState.ADDRESS_CHANGED: "เปลี่ยนที่อยู่",
    CardState.LOST: "บัตรหาย",
    CardState.REISSUED: "ทำบัตรใหม่",
    CardState.NAME_CHANGED: "เปลี่ยนชื่อ",
    CardState.DIED: "เสียชีวิต",
}


def person_of(person: Person, today: int) -> Row:
    """Service 1. It does not echo the number. ``today``: B.E. ``YYYYMMDD``."""
    english = person.english
    return {
        "titleCode": person.title_code,
        "titleDesc": person.title,
        "titleName": person.title,
        "titleSex": person.gender,
        "firstName": person.first,
        "middleName": person.middle,
        "lastName": person.last,
        "genderCode": person.gender,
        "genderDesc": _GENDERS[person.gender],
        "dateOfBirth": person.born,
        "nationalityCode": person.nationality_code,
        "nationalityDesc": person.nationality,
        "ownerStatusDesc": "เจ้าบ้าน" if person.head_of_house else "ผู้อาศัย",
        "statusOfPersonCode": 1 if person.dead else 0,
        "statusOfPersonDesc": _status(person),
        "dateOfMoveIn": person.moved_in,
        "age": _age(person.born, today),
        **_parent("father", person.father),
        **_parent("mother", person.mother),
        "fullnameAndRank": _full_name(person),
        "englishTitleDesc": english.title.upper() if english else "",
        "englishFirstName": english.first.upper() if english else "",
        "englishMiddleName": english.middle.upper() if english else "",
        "englishLastName": english.last.upper() if english else "",
    }


def _status(person: Person) -> str:
    if person.dead:
        return "บุคคลนี้เสียชีวิต"
    return "บุคคลนี้มีภูมิลำเนาอยู่ในบ้านนี้" if person.house else "บุคคลนี้มีชื่ออยู่ในทะเบียนบ้านกลาง"


def _age(born: int, today: int) -> int:
    return (today - born) // 10_000


def _parent(role: str, parent: Parent) -> Row:
    return {
        f"{role}PersonalID": int(parent.number),
        f"{role}Name": parent.name,
        f"{role}NationalityCode": parent.nationality_code,
        f"{role}NationalityDesc": parent.nationality,
    }


def _full_name(person: Person) -> str:
    names = " ".join(part for part in (person.first, person.middle, person.last) if part)
    return person.rank_name or f"{person.title}{names}"


def house_of(person: Person, _today: int) -> Row | None:
    """Service 10; None for somebody without a house."""
    return None if person.house is None else _house(person.house)


def _house(house: House) -> Row:
    return {
        "houseID": int(house.id),
        "houseNo": house.no,
        "houseType": 1,
        "houseTypeDesc": "บ้าน",
        "villageNo": house.village,
        "alleyWayCode": 0,
        "alleyWayDesc": "",
        "alleyCode": 0,
        "alleyDesc": house.soi,
        "roadCode": 0,
        "roadDesc": house.road,
        "subdistrictCode": 1,
        "subdistrictDesc": house.subdistrict,
        "districtCode": 1,
        "districtDesc": house.district,
        "provinceCode": 99,
        "provinceDesc": house.province,
        "rcodeCode": house.registry_code,
        "rcodeDesc": house.registry,
        "dateOfTerminate": 0,
    }


def changes_of(person: Person, today: int) -> Row | None:
    """Service 9; None for somebody who never changed a name."""
    if not person.changes:
        return None
    return {"allName": [_change(person, change, today) for change in person.changes], "total": len(person.changes)}


def _change(person: Person, change: Change, today: int) -> Row:
    house = person.house
    return {
        "pid": int(person.number),
        "docID": change.id,
        "docDate": change.on,
        "docPlace": "9999",
        "docPlaceDesc": change.place,
        "docPlaceProvince": "จำลองบุรี",
        "newName": change.first,
        "titleCode": person.title_code,
        "titleDesc": person.title,
        "firstName": change.first,
        "middleName": person.middle,
        "lastName": change.last,
        "fullNameAndRank": f"{person.title}{change.first} {change.last}",
        "genderCode": person.gender,
        "genderDesc": _GENDERS[person.gender],
        "dateOfBirth": person.born,
        "age": _age(person.born, today),
        "nationalityCode": person.nationality_code,
        "nationalityDesc": person.nationality,
        "hno": house.no if house else "",
        "hrcode": house.registry_code if house else "",
        "hrcodeDesc": house.registry if house else "",
        "thanonDesc": house.road if house else "",
        "trokDesc": "",
        "soiDesc": house.soi if house else "",
        "districtDesc": house.subdistrict if house else "",
        "amphorDesc": house.district if house else "",
        "provinceDesc": house.province if house else "",
        "requestID": change.id,
        "requestYear": change.on // 10_000,
        "requestDate": change.on,
        "fatherFirstName": person.father.name,
        "motherFirstName": person.mother.name,
        **({"causeOfChange": change.cause} if change.cause else {}),
    }


def card_of(person: Person, _today: int) -> Row | None:
    """Service 32; None for somebody who never had a card. Numbers as texts, as a service written by others may."""
    if not person.card_number:
        return None
    return {
        "documentNumber": person.card_number,
        "personalID": person.number,
        "blood": person.blood,
        "birthDate": person.born,
        "religion": person.religion,
        "religionOther": None,
        "sex": _GENDERS[person.gender],
        "cancelCause": _CANCELLED.get(person.card),
        "issueDate": person.issued,
        "issueTime": 93000,
        "foreignCountry": None,
        "foreignCountryCity": None,
        "expireDate": person.expires,
        "phoneNumber": person.phone or None,
        "document": {"countryDesc": "ไทย", "districtDesc": "ทดสอบ", "provinceDesc": "จำลองบุรี"},
        "nameTH": _thai_name(person),
        "nameEN": _english_name(person.english),
        "address": _address(person.house),
    }


def _thai_name(person: Person) -> Row:
    return {
        "title": person.title,
        "firstName": person.first,
        "middleName": person.middle,
        "lastName": person.last,
        "fullName": " ".join(part for part in (f"{person.title}{person.first}", person.middle, person.last) if part),
    }


def _english_name(english: EnglishName | None) -> Row | None:
    if english is None:
        return None
    return {"title": english.title, "firstName": english.first, "middleName": english.middle, "lastName": english.last}


def _address(house: House | None) -> Row:
    return {
        "houseNo": house.no if house else "",
        "villageNo": house.village if house else 0,
        "alleyDesc": house.soi if house else "",
        "alleyWayDesc": "",
        "roadDesc": house.road if house else "",
        "subdistrictDesc": house.subdistrict if house else "",
        "districtDesc": house.district if house else "",
        "provinceDesc": house.province if house else "",
    }


SERVICES: Mapping[int, Callable[[Person, int], Row | None]] = {1: person_of, 9: changes_of, 10: house_of, 32: card_of}
"""Service number -> its record of a person, None where it holds none."""


def with_texts(value: Any) -> Any:
    """The same record with every number as a text."""
    if isinstance(value, dict):
        return {key: with_texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [with_texts(one) for one in value]
    return str(value) if isinstance(value, int) else value
