"""A ``responseData`` of Linkage Center, of any record type, into an answer of ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.dopa import records_house, records_id_card, records_name_change, records_person
from adapters.dopa.settings import HOUSE, ID_CARD, NAME_CHANGE, PERSON
from adapters.dopa.values import Fields, Record, as_record
from linkage.sources.adapter import About, Found, Malformed, NotFound, Unavailable
from linkage.terms import CitizenNumber, FieldName, RecordType


def _only(records: Sequence[Record]) -> Record:
    if len(records) != 1:
        raise Malformed("expected one record in responseData")
    return records[0]


@dataclass(frozen=True, slots=True)
class _Shape:
    fields: Fields
    about: Callable[[Sequence[Record], CitizenNumber], About]
    choose: Callable[[Sequence[Record]], Record] = _only
    is_empty: Callable[[Record], bool] = lambda _record: False


SHAPES: Mapping[RecordType, _Shape] = {
    PERSON: _Shape(records_person.FIELDS, records_person.about),
    HOUSE: _Shape(records_house.FIELDS, records_house.about),
    NAME_CHANGE: _Shape(records_name_change.FIELDS, records_name_change.about, is_empty=records_name_change.is_empty),
    ID_CARD: _Shape(records_id_card.FIELDS, records_id_card.about, choose=records_id_card.latest),
}
"""Record type -> how its ``responseData`` is read."""


def answer(
    record_type: RecordType, wanted: Sequence[FieldName], response_data: object, asked: CitizenNumber
) -> Found | NotFound | Unavailable:
    """Read one record: of the fields asked for, those that the reply speaks of, and no other.

    A history that counts zero items is the service saying that there is none. Null, an empty array and an object without a single
    value say nothing.

    Raises:
        Malformed: not the shape or the values that the service's documents name.
    """
    shape = SHAPES[record_type]
    if response_data in (None, {}, []):  # what a service that broke leaves behind, too
        return Unavailable("empty answer")
    items = response_data if isinstance(response_data, list) else [response_data]
    records = [as_record("responseData", item) for item in items]
    record = shape.choose(records)
    if shape.is_empty(record):
        return NotFound()
    if not any(wire.key in record for wire in shape.fields.values()):
        raise Malformed("expected fields of the record in responseData")
    if all(record.get(wire.key) in (None, "") for wire in shape.fields.values()):
        return Unavailable("empty answer")
    wires = [(name, shape.fields[name]) for name in wanted]
    return Found(
        fields={name: wire.of(record) for name, wire in wires if wire.optional or wire.key in record},
        about=shape.about(records, asked),
        also_sent=_unasked(shape.fields, wanted, record),
    )


def _unasked(fields: Fields, wanted: Sequence[FieldName], record: Record) -> tuple[FieldName, ...]:
    """Fields that came with a value, be it zero or false, and were not asked for.

    One value of the wire may be several fields of ours. A list that was asked for in part came whole, and its other parts are named;
    a single value that was asked for under one name did not come unasked under another.
    """
    in_part = {name for name in wanted if isinstance(record.get(fields[name].key), (list, dict))}
    asked = {fields[name].key for name in wanted if name not in in_part}
    came = {key for key, value in record.items() if value or value == 0} - asked
    return tuple([name for name, wire in fields.items() if wire.key in came and name not in in_part])
