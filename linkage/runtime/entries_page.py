"""Entries of the log and accesses to a person's data, for people's eyes."""

from collections.abc import Iterator, Sequence

from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from linkage.buddhist import thai_date
from linkage.clock import thai_day, thai_time
from linkage.v1 import audit_pb2 as pb
from linkage.v1 import catalogue_pb2

_SEAL = {
    pb.SEAL_STATE_FORGOTTEN: Text("ลืมแล้ว / forgotten", style="yellow"),
    pb.SEAL_STATE_BROKEN: Text("เปิดไม่ได้ / broken", style="bold red"),
}
"""What is said of what is sealed; of what is as it should be, nothing."""
_BAD = frozenset({"refused", "failed", "unavailable", "unanswered", "no_match", "cancelled"})


def entries_table(entries: Sequence[pb.EntrySummary]) -> RenderableType:
    """Entries as a list shows them, each on a few lines; two columns, so that a terminal of 80 shows all of it."""
    table = Table(header_style="bold", show_lines=True)
    table.add_column("เวลา รายการ\ntime, entry", no_wrap=True)
    table.add_column("ใคร ที่ไหน อะไร เพื่ออะไร ผล\nwho, where, what, what for, result", overflow="fold")
    for one in entries:
        table.add_row(Group(_when(one.recorded_at), _entry(one)), Group(_lines(_who(one)), _lines(_what(one)), _result(one)))
    return table


def accesses_page(
    accesses: Sequence[pb.Access], agencies: Sequence[catalogue_pb2.CatalogueAgency], *, th: bool, en: bool
) -> RenderableType:
    """Accesses to one person's data, in plain words, as they can be printed and handed to the person."""
    parts: list[RenderableType] = []
    names = [one.name for one in agencies]
    if th:
        parts.append(Text("การเข้าถึงข้อมูลส่วนบุคคลของท่าน", style="bold"))
        parts.append(Text(f"ในนามของหรือจากหน่วยงาน: {', '.join(name.th for name in names)}"))
    if en:
        parts.append(Text("Accesses to your personal data", style="bold"))
        parts.append(Text(f"in the name of, or at: {', '.join(name.en for name in names)}"))
    for number, access in enumerate(accesses, start=1):
        parts.append(Text())
        parts.append(Text(f"{number}. {_when(access.at)}  {access.entry_id}", style="dim"))
        if th:
            parts.append(Text(access.told.th))
        if en:
            parts.append(Text(access.told.en))
    if not accesses:
        parts.append(Text("ไม่พบรายการ / none"))
    return Group(*parts)


def entry_page(one: pb.LoggedEntry) -> RenderableType:
    """One entry, whole."""
    head = Text(f"{one.receipt.index}  {one.kind}  {_when(one.recorded_at)}", style="bold")
    head.append(f"  {one.receipt.entry_id}", style="dim not bold")
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for fact in one.facts:
        table.add_row(f"  {fact.name}", Text(fact.json))
    if one.sealed_fields:
        state = _SEAL.get(one.seal, Text("มีกุญแจอยู่ / its key is there"))
        table.add_row("  sealed", Text(", ".join(one.sealed_fields) + ": ").append(state))
    return Group(head, table)


def _entry(one: pb.EntrySummary) -> Text:
    text = Text(f"{one.index}  {one.kind}", style="bold")
    text.append(f"\n{one.entry_id}", style="dim not bold")
    if one.HasField("closing_index"):
        text.append(f"\n{one.closed_by} {one.closing_index}", style="not bold")
    return text


def _who(one: pb.EntrySummary) -> Iterator[str]:
    yield " ".join(filter(None, (one.officer or one.auditor, one.officer_issuer)))
    yield one.counter
    yield one.centre


def _what(one: pb.EntrySummary) -> Iterator[str]:
    yield one.method
    if one.recipient or one.source:
        yield f"{one.recipient or '–'} → {one.source or '–'}"
    yield one.service
    if one.record_types:
        yield f"{', '.join(one.record_types)}: {', '.join(one.fields)}"


def _result(one: pb.EntrySummary) -> Text:
    open_intent = one.kind == "intent" and not one.closed_by
    word = one.result or one.closed_by or ("–" if not open_intent else "ยังไม่มีผล / open")
    text = Text(word, style="bold yellow" if one.result in _BAD or one.reason or open_intent else "")
    if one.reason:
        text.append(f"\n{one.reason}", style="not bold")
    if one.seal in _SEAL:
        text.append("\n").append(_SEAL[one.seal])
    return text


def _lines(lines: Iterator[str]) -> Text:
    return Text("\n".join(filter(None, lines)))


def _when(at: Timestamp) -> str:
    ms = at.seconds * 1000 + at.nanos // 1_000_000
    return f"{thai_date(thai_day(ms))} {thai_time(ms)}"
