"""Entries of the log and accesses to a person's data, for people's eyes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, starmap
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from linkage.buddhist import thai_date
from linkage.clock import thai_day, thai_time
from linkage.told import english_date
from linkage.v1 import audit_pb2 as pb
from linkage.v1 import catalogue_pb2

_SEAL = {
    pb.SEAL_STATE_FORGOTTEN: Text("ลืมแล้ว / forgotten", style="yellow"),
    pb.SEAL_STATE_BROKEN: Text("เปิดไม่ได้ / broken", style="bold red"),
}
"""What is said of what is sealed; of what is as it should be, nothing."""
_BAD = frozenset({"refused", "failed", "unavailable", "unanswered", "no_match", "cancelled"})


def entries_table(entries: Sequence[tuple[pb.EntrySummary, Mapping[str, Any]]]) -> RenderableType:
    """Entries as a list shows them, each with its facts, on a few lines; two columns, so that a terminal of 80 shows all of it."""
    table = Table(header_style="bold", show_lines=True)
    table.add_column("เวลา รายการ\ntime, entry", no_wrap=True)
    table.add_column("ใคร ที่ไหน อะไร เพื่ออะไร ผล\nwho, where, what, what for, result", overflow="fold")
    for one, facts in entries:
        table.add_row(_entry(one), _lines(chain(_who(one), _what(one), _of_kind(facts), _result(one))))
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
        when = _when(access.at) if th else _english(access.at)
        parts.append(Text(f"{number}. {when}  {access.entry_id}", style="dim"))
        if th:
            parts.append(Text(access.told.th))
        if en:
            parts.append(Text(access.told.en))
    if not accesses:
        parts.append(Text(" / ".join(_said("ไม่พบรายการ", "none", th=th, en=en))))
    return Group(*parts)


def recorded_page(size: int, index: int, *, th: bool, en: bool) -> Text:
    """How far the list goes, and where the log says that it was read."""
    thai = f"บันทึกมี {size:,} รายการ การอ่านครั้งนี้บันทึกไว้เป็นรายการที่ {index}"
    lines = _said(thai, f"the log had {size:,} entries; this reading is recorded at {index}", th=th, en=en)
    return Text("\n".join(lines), style="dim")


def more_page(token: str, *, th: bool, en: bool) -> Text:
    """How to ask for the rest."""
    said = " / ".join(_said("ยังมีต่อ ใช้คำสั่งเดิมกับ", "more: the same command with", th=th, en=en))
    return Text(f"{said} --page-token {token}")


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


def _said(thai: str, english: str, *, th: bool, en: bool) -> Sequence[str]:
    return [text for text, wanted in ((thai, th), (english, en)) if wanted]


def _entry(one: pb.EntrySummary) -> Text:
    text = Text(_when(one.recorded_at)).append(f"\n{one.index}  {one.kind}", style="bold")
    text.append(f"\n{one.entry_id}", style="dim not bold")
    if one.HasField("closing_index"):
        text.append(f"\n{one.closed_by} {one.closing_index}", style="not bold")
    return text


def _who(one: pb.EntrySummary) -> Iterator[str | Text]:
    yield " ".join(filter(None, (one.officer or _short(one.auditor), one.officer_issuer)))
    where = _short(one.counter)
    yield where if where.startswith(f"{one.centre}/") else f"{one.centre} {where}".strip()


def _short(uri: str) -> str:
    """What a counter's or an auditor's URI name says beyond the gateway's own domain: cm-01/counter/3, auditor/labour."""
    return uri.partition("://")[2].partition("/")[2].removeprefix("centre/") or uri


def _what(one: pb.EntrySummary) -> Iterator[str | Text]:
    agencies = f"{one.recipient or '–'} → {one.source or '–'}" if one.recipient or one.source else ""
    yield f"{one.method}  {agencies}".strip()
    yield one.service
    if one.record_types:
        yield f"{', '.join(one.record_types)}: {', '.join(one.fields)}"


def _of_kind(facts: Mapping[str, Any]) -> Iterator[str | Text]:
    """What a reading looked for, and which key began or ended."""
    if isinstance(sought := facts.get("sought"), Mapping):
        yield f"ค้น / sought: {', '.join(starmap(_criterion, sought.items())) or '–'}"
    if "key_use" in facts:
        yield " ".join(str(facts.get(name, "")) for name in ("key_use", "key_id", "key_state"))


def _criterion(name: str, value: object) -> str:
    if isinstance(value, int) and name.endswith("_ms"):
        return f"{name.removesuffix('_ms')} {thai_date(thai_day(value))} {thai_time(value)}"
    return name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {value}"


def _result(one: pb.EntrySummary) -> Iterator[str | Text]:
    open_intent = one.kind == "intent" and not one.closed_by
    word = one.result or one.closed_by or ("ยังไม่มีผล / open" if open_intent else "")
    said = ": ".join(filter(None, (word, one.reason)))
    yield Text(said, style="bold yellow" if one.result in _BAD or one.reason or open_intent else "")
    yield _SEAL.get(one.seal, "")


def _lines(lines: Iterable[str | Text]) -> Text:
    return Text("\n").join(line if isinstance(line, Text) else Text(line) for line in lines if line)


def _english(at: Timestamp) -> str:
    ms = at.seconds * 1000
    return f"{english_date(thai_day(ms))} {thai_time(ms)}"


def _when(at: Timestamp) -> str:
    ms = at.seconds * 1000 + at.nanos // 1_000_000
    return f"{thai_date(thai_day(ms))} {thai_time(ms)}"
