"""A record's values keep their types on the wire."""

from decimal import Decimal

import pytest

from linkage.rpc.encode import encode_record, timestamp
from linkage.terms import FieldName, Image, PartialDate, RecordType, SourceName, Value
from linkage.v1 import record_pb2


def written_value(value: Value) -> record_pb2.Value:
    record = encode_record(RecordType("dopa.person"), SourceName("dopa"), [(FieldName("it"), value)], 0)
    return record.fields[0].value


@pytest.mark.parametrize(
    ("value", "kind", "wire"),
    [
        ("สมมติ", "text", "สมมติ"),
        ("", "text", ""),
        (True, "flag", True),
        (False, "flag", False),
        (Decimal("0012.500"), "number", "12.500"),
        (Decimal("1E+3"), "number", "1000"),
        (Decimal("-0.1"), "number", "-0.1"),
    ],
)
def test_plain_values(value: Value, kind: str, wire: object) -> None:
    written = written_value(value)

    assert kind == written.WhichOneof("kind")
    got = getattr(written, kind)
    assert wire == (got.value if kind == "number" else got)


@pytest.mark.parametrize("date", [(1940, 2, 29), (1987, 1, 0), (1939, 0, 0)])
def test_a_date_keeps_what_is_unknown_as_zero(date: tuple[int, int, int]) -> None:
    written = written_value(PartialDate(*date)).date

    assert date == (written.year, written.month, written.day)


def test_lists_and_groups_nest_and_an_absent_value_is_a_field_without_one() -> None:
    value: Value = ({"name": "ก", "on": PartialDate(2000), "left": None}, {})

    written = written_value(value)

    first = written.list.values[0].group.fields
    assert ["name", "on", "left"] == [field.name for field in first]
    assert [True, True, False] == [field.HasField("value") for field in first]
    assert "group" == written.list.values[1].WhichOneof("kind")
    assert record_pb2.Value.FromString(written.SerializeToString()) == written


def test_an_image_keeps_its_bytes_and_media_type() -> None:
    written = written_value(Image("image/jpeg", b"\xff\xd8")).image

    assert ("image/jpeg", b"\xff\xd8") == (written.media_type, written.content)


def test_what_is_no_value_is_a_defect_that_names_the_type_alone() -> None:
    with pytest.raises(TypeError, match="float") as error:
        written_value(1100000000016.0)  # type: ignore[arg-type]

    assert "1100000000016" not in str(error.value)


def test_a_record_says_where_and_when_it_came_from() -> None:
    record = encode_record(RecordType("dopa.person"), SourceName("dopa"), [(FieldName("first_name"), None)], 1_767_225_600_123)

    assert ("dopa.person", "dopa", 123_000_000) == (record.record_type, record.source, record.received_at.nanos)
    assert (0, 999_000_000) == (timestamp(999).seconds, timestamp(999).nanos)
