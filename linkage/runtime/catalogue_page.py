"""The catalogue for people's eyes: what a service takes, and what each paper can be replaced by."""

from collections.abc import Iterator, Sequence

from google.type import date_pb2
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from linkage.v1 import catalogue_pb2 as pb

_SURE = {
    pb.SURENESS_CONFIRMED: "",
    pb.SURENESS_SECONDARY: "จากแหล่งอื่น / secondary",
    pb.SURENESS_RECALLED: "จากความจำ / recalled",
    pb.SURENESS_UNKNOWN: "ไม่ทราบ / unknown",
}
"""What is said of a fact; of one that was seen on an agency's page, nothing."""

_CLASS = {
    pb.FIELD_CLASS_ORDINARY: ("ทั่วไป", "ordinary", ""),
    pb.FIELD_CLASS_SENSITIVE: ("อ่อนไหว ม.26", "sensitive", "bold yellow"),
    pb.FIELD_CLASS_IMAGE: ("ภาพใบหน้า", "image", "bold yellow"),
}
_CONNECTED = "green"
_ELSEWHERE = "yellow"


def services_table(services: Sequence[pb.ServiceSummary]) -> RenderableType:
    """Every service with its id, and how many of its documents need no copy here."""
    table = _table("รหัส / id", "งานบริการ / service", "หน่วยงาน / agency", "ลดสำเนาได้ / needless")
    table.columns[0].no_wrap = True
    for one in services:
        needless = Text(f"{one.documents_connected} / {one.documents}", style=_CONNECTED if one.documents_connected else "")
        name = _both(one.name)
        if one.HasField("area"):
            name.append(f"\n{one.area.th}", style="italic dim")
        table.add_row(Text(one.service, style="dim" if one.invented else ""), name, _both(one.agency.name), needless)
    return table


def service_page(entry: pb.GuideEntry) -> RenderableType:
    """One service with everything the guide says of it."""
    parts: list[RenderableType] = [
        Text(entry.summary.name.th, style="bold"),
        Text(entry.summary.name.en, style="bold"),
        _facts(entry),
        Text(),
    ]
    if entry.documents:
        parts.append(_documents(entry))
    else:
        parts.append(_both(entry.no_documents))
    parts += [Text(), *(Text(line, style="dim") for line in _origins(entry))]
    if entry.summary.invented:
        parts.append(Text("บริการสมมุติ ไม่มีอยู่จริง / invented: there is no such service", style="bold yellow"))
    return Group(*parts)


def record_types_page(types: Sequence[pb.RecordType]) -> RenderableType:
    """Every record type with its fields."""
    parts: list[RenderableType] = []
    for one in types:
        parts.append(Text.assemble((one.record_type, "bold"), f"  {one.title.th} / {one.title.en}"))
        about = ", ".join(pb.SubjectKind.Name(kind).removeprefix("SUBJECT_KIND_").lower() for kind in one.subjects)
        naming = pb.SubjectNaming.Name(one.subject_naming).removeprefix("SUBJECT_NAMING_").lower().replace("_", " ")
        parts.append(Text(f"{one.legal_owner}; about: {about}; answers name: {naming}", style="dim"))
        if one.assumed:
            parts.append(Text(one.assumed, style="yellow"))
        table = _table("field", "รายการ", "label", "ชนิด / kind", "ประเภท / class")
        for field in one.fields:
            th, en, style = _CLASS[field.field_class]
            kind = pb.ValueKind.Name(field.kind).removeprefix("VALUE_KIND_").lower()
            table.add_row(Text(field.name), Text(field.label.th), Text(field.label.en), Text(kind), Text(f"{th} / {en}", style))
        parts += [table, Text()]
    return Group(*parts)


def _facts(entry: pb.GuideEntry) -> Table:
    table = Table(show_header=False, show_edge=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("หน่วยงาน / agency", _names([entry.summary.agency]))
    if [each.agency for each in entry.offered_by] != [entry.summary.agency.agency]:
        table.add_row("ยื่นได้ที่ / offered by", _names(entry.offered_by))
    if entry.summary.HasField("area"):
        table.add_row("พื้นที่ / area", _both(entry.summary.area))
    for number, step in enumerate(entry.steps, start=1):
        doubt = _doubt(entry, entry.steps_sureness) if number == len(entry.steps) else pb.SURENESS_CONFIRMED
        span = _span(step.span)
        said = pb.Wording(th=f"{number}. {step.text.th}{f' ({span})' if span else ''}", en=step.text.en)
        table.add_row("ขั้นตอน / steps" if number == 1 else "", _both(said, doubt))
    for label, fact in (("ระยะเวลา / time", entry.time), ("ค่าธรรมเนียม / fee", entry.fee), ("กฎหมาย / law", entry.law)):
        table.add_row(label, _both(fact.text, _doubt(entry, fact.sureness)))
    return table


def _documents(entry: pb.GuideEntry) -> Table:
    table = _table("เอกสาร / document", "ผู้ออก / issued by", "ฉบับจริง+สำเนา", "ใช้ข้อมูลใดแทน / instead")
    for one in entry.documents:
        name = _both(one.name, _doubt(entry, one.sureness))
        if one.HasField("condition"):
            name.append_text(Text(f"\n{one.condition.th}\n{one.condition.en}", style="italic dim"))
        if one.optional:
            name.append_text(Text("\nถ้ามี / if any", style="italic dim"))
        table.add_row(name, _both(one.issued_by), Text(f"{one.originals} + {one.copies}"), _instead(one))
        table.add_section()
    return table


def _instead(document: pb.Document) -> Text:
    if not document.needs:
        return Text(f"กระดาษ: {document.paper.th}\n") + Text(f"paper: {document.paper.en}", style="dim")
    said = Text()
    for number, need in enumerate(document.needs):
        said.append("\n" if number else "")
        said.append(need.record_type, style=_CONNECTED if need.connected else _ELSEWHERE)
        said.append(f" ({', '.join(need.fields)})", style="dim")
        if not need.connected:
            said.append("\nยังไม่เชื่อมโยงที่นี่ ใช้กระดาษ / not connected here: paper", style=_ELSEWHERE)
    if document.not_found_settles:
        said.append('\nคำตอบว่า "ไม่พบ" ก็ไม่ต้องใช้เอกสาร / "not found" settles it, too', style="dim")
    return said


def _origins(entry: pb.GuideEntry) -> Iterator[str]:
    yield f"ตรวจสอบเมื่อ / checked on {_day(entry.checked_on)}; คู่มือของหน่วยงานอาจเปลี่ยนแล้ว / the agency's own guide may have changed"
    for origin in entry.origins:
        kind = pb.OriginKind.Name(origin.kind).removeprefix("ORIGIN_KIND_").lower()
        yield f"  {kind}: {origin.where}{f' ({_day(origin.published)})' if origin.HasField('published') else ''}"


def _span(span: pb.Span) -> str:
    match span.WhichOneof("unit"):
        case "minutes":
            return f"{span.minutes} นาที / min"
        case "days":
            return f"{span.days} วัน / days"
        case _:
            return ""


def _both(text: pb.Wording, sureness: pb.Sureness.ValueType = pb.SURENESS_CONFIRMED) -> Text:
    said = Text.assemble(text.th, "\n", (text.en, "dim"))
    doubt = _SURE.get(sureness, "")
    return said.append(f" [{doubt}]", style="yellow dim") if doubt else said


def _doubt(entry: pb.GuideEntry, sureness: pb.Sureness.ValueType) -> pb.Sureness.ValueType:
    """What an invented service says of itself is beyond doubt."""
    return pb.SURENESS_CONFIRMED if entry.summary.invented else sureness


def _names(agencies: Sequence[pb.CatalogueAgency]) -> Text:
    return Text(", ".join(f"{each.name.th} ({each.agency})" for each in agencies))


def _day(day: date_pb2.Date) -> str:
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def _table(*headings: str) -> Table:
    table = Table(show_edge=False, header_style="dim", pad_edge=False, padding=(0, 1))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
