"""A record for people's eyes, and as plain JSON."""

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from linkage.catalogue.records import RecordKind
from linkage.terms import FieldName, Image, PartialDate, Value

_MONTHS = ("", "ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.")
_CALENDAR_CHANGED = 1941
"""Common Era year from which the Thai year begins in January; before it only the Common Era is shown."""


def record_table(values: Mapping[FieldName, Value | None], kind: RecordKind | None = None) -> Table:
    """A table of fields in the order asked. ``kind``: where the Thai and English labels stand; None: the fields' names alone."""
    table = Table(show_edge=False, header_style="dim", pad_edge=False, padding=(0, 2))
    for heading in ("รายการ", "field", "ค่า / value") if kind else ("field", "value"):
        table.add_column(heading, overflow="fold")
    for name, value in values.items():
        labels = (kind.fields[name].label_th, kind.fields[name].label_en) if kind else (name,)
        table.add_row(*(Text(label) for label in labels), Text("-", style="dim") if value is None else Text(shown(value)))
    return table


def shown(value: Value) -> str:
    """One value as an officer reads it; a date in both eras."""
    match value:
        case bool():
            return "ใช่ / yes" if value else "ไม่ใช่ / no"
        case PartialDate():
            return _date(value)
        case Image(media_type, content):
            return f"{media_type}, {len(content)} bytes"
        case tuple():
            return "; ".join(shown(inner) for inner in value)
        case Mapping():
            return ", ".join(f"{name}: {shown(inner)}" for name, inner in value.items() if inner is not None)
        case _:
            return str(value)


def plain(value: Value | None) -> Any:
    """One value as JSON has it: a date as ``YYYY-MM-DD`` with 00 for unknown parts, a number as text, an image in base64."""
    match value:
        case PartialDate(year, month, day):
            return f"{year:04d}-{month:02d}-{day:02d}"
        case Decimal():
            return format(value, "f")
        case Image(media_type, content):
            return {"media_type": media_type, "content": base64.b64encode(content).decode()}
        case tuple():
            return [plain(inner) for inner in value]
        case Mapping():
            return {name: plain(inner) for name, inner in value.items()}
        case _:
            return value


def _date(date: PartialDate) -> str:
    common = "-".join(f"{part:02d}" for part in (date.year, date.month, date.day) if part)
    if date.year < _CALENDAR_CHANGED:
        return common
    thai = " ".join(part for part in (str(date.day) if date.day else "", _MONTHS[date.month], str(date.year + 543)) if part)
    return f"{thai} ({common})"
