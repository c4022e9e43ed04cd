"""Reads what a single lookup and a bundle ask alike: fields, and juristic persons."""

from collections.abc import Sequence
from typing import cast

from linkage.rpc.reading import Reading, is_identifier
from linkage.terms import FieldName, JuristicPerson
from linkage.v1 import lookup_pb2

_MOST_FIELDS = 200


def read_fields(reading: Reading, where: str, fields: Sequence[str]) -> tuple[FieldName, ...]:
    """The fields of one record, each once."""
    if not 1 <= len(fields) <= _MOST_FIELDS:
        reading.wrong(where, f"1 to {_MOST_FIELDS} fields are required")
        return ()
    names = cast("tuple[FieldName, ...]", tuple(fields))
    if len(set(names)) != len(names):
        reading.wrong(where, "each field once")
    for i in [i for i, name in enumerate(names) if not is_identifier(name)]:
        reading.identifier(f"{where}[{i}]", names[i])
    return names


def juristic_in(reading: Reading, where: str, body: lookup_pb2.JuristicPerson) -> JuristicPerson:
    """A juristic person, and the ground on which the visit's person acts for it."""
    return JuristicPerson(
        reading.juristic_number(f"{where}.juristic_number", body.juristic_number), reading.identifier(f"{where}.ground", body.ground)
    )
