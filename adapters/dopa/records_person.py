"""``dopa.person``: the civil registration record (ทะเบียนราษฎร, service 1). It names the person, but does not echo the number."""

from collections.abc import Sequence

from adapters.dopa.about import birth_date_of, name_of
from adapters.dopa.values import Fields, Record, Wire, date, fields, number, person_number, text
from linkage.sources.adapter import About
from linkage.terms import CitizenNumber

FIELDS: Fields = fields(
    title_code=Wire("titleCode", text),
    title=Wire("titleDesc", text),
    title_name=Wire("titleName", text),
    title_sex_code=Wire("titleSex", text),
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
    age=Wire("age", number),
    nationality_code=Wire("nationalityCode", text),
    nationality=Wire("nationalityDesc", text),
    owner_status=Wire("ownerStatusDesc", text),
    person_status_code=Wire("statusOfPersonCode", text),
    person_status=Wire("statusOfPersonDesc", text),
    moved_in_on=Wire("dateOfMoveIn", date),
    father_number=Wire("fatherPersonalID", person_number),
    father_name=Wire("fatherName", text),
    father_nationality_code=Wire("fatherNationalityCode", text),
    father_nationality=Wire("fatherNationalityDesc", text),
    mother_number=Wire("motherPersonalID", person_number),
    mother_name=Wire("motherName", text),
    mother_nationality_code=Wire("motherNationalityCode", text),
    mother_nationality=Wire("motherNationalityDesc", text),
)


def about(records: Sequence[Record], _asked: CitizenNumber) -> About:
    """Name and birth date; the record has no number of its own."""
    return About(name=name_of(records[0]), birth_date=birth_date_of(records[0], "dateOfBirth"))
