"""What the contract carries comes out as what was put in."""

from decimal import Decimal

import pytest

from linkage.client import record_values
from linkage.client.values import ValueKindUnknown
from linkage.rpc.encode import encode_record
from linkage.runtime.record_page import plain, shown
from linkage.terms import FieldName, Image, PartialDate, RecordType, SourceName, Value
from linkage.v1 import record_pb2

EVERY_KIND: dict[FieldName, Value | None] = {
    FieldName("text"): "สมมติ",
    FieldName("number"): Decimal("12.50"),
    FieldName("flag"): False,
    FieldName("date"): PartialDate(1957, 0, 0),
    FieldName("image"): Image("image/jpeg", b"\xff\xd8"),
    FieldName("list"): ("a", PartialDate(2000, 1, 2)),
    FieldName("group"): {"inner": True, "absent": None},
    FieldName("absent"): None,
}


def test_every_kind_of_value_survives_the_wire() -> None:
    record = encode_record(RecordType("dopa.person"), SourceName("dopa"), list(EVERY_KIND.items()), 0)

    assert EVERY_KIND == record_values(record_pb2.Record.FromString(record.SerializeToString()))


def test_a_kind_of_value_nobody_here_knows_is_never_read_as_empty() -> None:
    record = record_pb2.Record(fields=[record_pb2.Field(name="new", value=record_pb2.Value())])

    with pytest.raises(ValueKindUnknown):
        record_values(record)


def test_an_officer_reads_a_date_in_both_eras_and_an_unknown_day_is_left_out() -> None:
    assert "15 ม.ค. 2530 (1987-01-15)" == shown(PartialDate(1987, 1, 15))
    assert "ม.ค. 2530 (1987-01)" == shown(PartialDate(1987, 1))
    assert "2530 (1987)" == shown(PartialDate(1987))
    assert "1940-02-01" == shown(PartialDate(1940, 2, 1)), "before 1941 the Thai year began in April"


def test_a_machine_reads_every_kind_of_value_as_json() -> None:
    values = {str(name): plain(value) for name, value in EVERY_KIND.items()}

    assert ("12.50", False, "1957-00-00", None) == (values["number"], values["flag"], values["date"], values["absent"])
    assert {"inner": True, "absent": None} == values["group"]
    assert ["a", "2000-01-02"] == values["list"]
    assert {"media_type": "image/jpeg", "content": "/9g="} == values["image"]
