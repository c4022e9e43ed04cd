"""A bundle for people's eyes: each record as it comes, and at the end what is still needed on paper."""

from rich.table import Table
from rich.text import Text

from linkage.v1 import lookup_pb2 as pb

_STYLES = {"found": "bold green", "not_found": "bold yellow", "refused": "bold red", "unavailable": "bold yellow"}
_WORDS = {
    pb.PAPER_NEED_NO_COPY: ("ไม่ต้องใช้", "no copy", "bold green"),
    pb.PAPER_NEED_NO_COPY_IF: ("ดูข้อมูลก่อน", "check", "bold cyan"),
    pb.PAPER_NEED_ASK: ("ขอเอกสาร", "ask", "bold red"),
    pb.PAPER_NEED_ASK_IF: ("ถ้าเข้าเงื่อนไข", "ask if", "bold yellow"),
}


def result_of(record: pb.BundledRecord) -> str:
    """What became of a record: FOUND, NOT_FOUND, or the reason it was refused or is unavailable for."""
    result = record.WhichOneof("result") or ""
    return getattr(record, result).reason if result in ("refused", "unavailable") else result.upper()


def record_line(record: pb.BundledRecord, after_s: float | None = None) -> Text:
    """One record, as it comes: type, result and, where it is known, after how long; below it the sentence in Thai."""
    style = _STYLES.get(record.WhichOneof("result") or "", "bold")
    line = Text(f"{record.record_type:<24} ", style="cyan") + Text(f"{result_of(record):<20}", style=style)
    if after_s is not None:
        line += Text(f" after {after_s:.1f} s", style="dim")
    return line + Text(f"\n  {record.sentence.th}")


def papers_table(summary: pb.BundleSummary) -> Table:
    """Every document of the service: whether to ask for it, and why."""
    table = Table(show_edge=False, header_style="dim", pad_edge=False, padding=(0, 2))
    for heading in ("เอกสาร / document", "สำเนา / copy", "เพราะ / because"):
        table.add_column(heading, overflow="fold")
    for document in summary.documents:
        th, en, style = _WORDS.get(document.need, ("?", "?", "bold"))
        table.add_row(
            Text(document.name_th) + Text(f"\n{document.name_en}", style="dim"),
            Text(th, style=style) + Text(f"\n{en}", style="dim"),
            Text(document.because.th) + Text(f"\n{document.because.en}", style="dim"),
        )
    return table


def counts_line(summary: pb.BundleSummary) -> Text:
    """How many records ended how."""
    counts = (
        ("found", summary.found),
        ("not found", summary.not_found),
        ("refused", summary.refused),
        ("unavailable", summary.unavailable),
    )
    return Text(", ".join(f"{number} {word}" for word, number in counts), style="dim")
