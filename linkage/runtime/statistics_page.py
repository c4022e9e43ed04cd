"""Statistics for people's eyes, as JSON and as CSV. Thai tables show the Buddhist year; JSON and CSV have the Common Era, ``YYYY-MM``."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from linkage.audit.asked import Came
from linkage.audit.statistics import VERDICTS, Availability, Figures, Month, Statistics, percentile, together
from linkage.buddhist import thai_month
from linkage.in_force import InForce
from linkage.terms import RecipientId, ServiceId, Verdict

_NOT = (Verdict.NO_MATCH.value, Verdict.NOT_FOUND.value, Verdict.CARD_NOT_VALID.value, Verdict.DECEASED.value)
_NOBODY = ("ไม่ระบุ", "not named")


@dataclass(frozen=True, slots=True)
class Names:
    """What centres, services and sources are called, where register and catalogue still know them."""

    files: InForce

    def centre(self, name: str) -> tuple[str, str]:
        """In Thai and English."""
        known = self.files.register.centres.get(name)
        return (known.name_th, known.name_en) if known else (name, name) if name else _NOBODY

    def service(self, name: str) -> tuple[str, str]:
        """In Thai and English."""
        known = self.files.catalogue.services.get(ServiceId(name))
        return (known.name.th, known.name.en) if known else (name, name) if name else _NOBODY

    def source(self, name: str) -> tuple[str, str]:
        """In Thai and English."""
        known = self.files.register.agencies.get(RecipientId(name))
        return (known.name_th, known.name_en) if known else (name, name)


def statistics_page(statistics: Statistics, names: Names) -> dict[str, Any]:
    """As JSON: rows by month, centre and service, the total of each month and centre, the total of all, and the sources."""
    rows = sorted(statistics.figures.items())
    return {
        "rows": [
            {
                "month": str(month),
                "centre": centre,
                "centre_name": _both(names.centre(centre)),
                "service": service,
                "service_name": _both(names.service(service)),
                **_figures(figures),
            }
            for (month, centre, service), figures in rows
        ],
        "centres": [
            {
                "month": str(month),
                "centre": centre,
                "centre_name": _both(names.centre(centre)),
                **_figures(together(one for _, one in group)),
            }
            for (month, centre), group in groupby(rows, key=lambda row: row[0][:2])
        ],
        "total": _figures(together(statistics.figures.values())),
        "sources": [
            {"month": str(month), "source": source, "source_name": _both(names.source(source)), **_availability(one)}
            for (month, source), one in sorted(statistics.sources.items())
        ],
    }


def statistics_csv(statistics: Statistics) -> str:
    """As CSV: a row for each month, centre and service, then one for each month and source, with the columns of the others empty."""
    rows = [
        {"month": str(month), "centre": centre, "service": service, **_flat(_figures(figures))}
        for (month, centre, service), figures in sorted(statistics.figures.items())
    ]
    sources = [{"month": str(month), "source": source, **_availability(one)} for (month, source), one in sorted(statistics.sources.items())]
    columns = ["month", "centre", "service", "source", *_flat(_figures(Figures())), *_availability(Availability())]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows([*rows, *sources])
    return text.getvalue()


def statistics_tables(statistics: Statistics, names: Names) -> Iterator[Table]:
    """For each month: visits and verifications, records and copies, times; then the sources."""
    rows = sorted(statistics.figures.items())
    for month, of_month in groupby(rows, key=lambda row: row[0][0]):
        figures = [(names.centre(centre), names.service(service), one) for (_, centre, service), one in of_month]
        title = f"{thai_month(month.year, month.month)} / {month}"
        yield _table(f"การรับบริการและการยืนยันตัวบุคคล / visits and verifications, {title}", _VISITS, figures)
        yield _table(f"ข้อมูลจากหน่วยงานและสำเนา / records and copies, {title}", _RECORDS, figures)
        yield _table(f"เวลาตอบ (มิลลิวินาที) / time of an answer (ms), {title}", _TIMES, figures)
        sources = [(source, one) for (other, source), one in sorted(statistics.sources.items()) if other == month]
        if sources:
            yield _sources(f"หน่วยงานที่ตอบไม่ได้ / sources that did not answer, {title}", sources, names)


def _both(name: tuple[str, str]) -> dict[str, str]:
    return {"th": name[0], "en": name[1]}


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "visits": figures.visits,
        "verifications": {verdict: figures.verifications[verdict] for verdict in VERDICTS},
        "records": {ended.value: figures.records[ended] for ended in Came},
        "bundles": figures.bundles,
        "copies_not_needed": figures.copies_not_needed,
        "copies_in_all": figures.copies_in_all,
        "answer_ms": _times(figures.answer_ms),
        "whole_ms": _times(figures.whole_ms),
    }


def _times(times: Mapping[int, int]) -> dict[str, int | None]:
    return {"count": sum(times.values()), "median": percentile(times, 0.5), "p95": percentile(times, 0.95)}


def _availability(one: Availability) -> dict[str, Any]:
    return {
        "asked": one.asked,
        "unavailable": one.unavailable,
        "unavailable_share": round(one.share, 4),
        "longest_s": round(one.longest_ms / 1000, 1),
    }


def _flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in figures.items():
        flat |= {f"{name}_{inner}": each for inner, each in value.items()} if isinstance(value, dict) else {name: value}
    return flat


_Columns = Sequence[tuple[str, str, Any]]

_VISITS: _Columns = (
    ("รับบริการ", "visits", lambda f: f.visits),
    ("ตรง", "match", lambda f: f.verifications[Verdict.MATCH.value]),
    ("ไม่ผ่าน", "no\nmatch", lambda f: sum(f.verifications[one] for one in _NOT)),
    ("ตรวจไม่ได้", "unavail.", lambda f: f.verifications[Verdict.UNAVAILABLE.value]),
    ("ปฏิเสธ", "refused", lambda f: f.verifications["refused"]),
    ("ค้าง", "unfin.", lambda f: f.verifications["unfinished"]),
)
_RECORDS: _Columns = (
    ("พบ", "found", lambda f: f.records[Came.FOUND]),
    ("ไม่พบ", "not\nfound", lambda f: f.records[Came.NOT_FOUND]),
    ("ตรวจไม่ได้", "unavail.", lambda f: f.records[Came.UNAVAILABLE]),
    ("ปฏิเสธ", "refused", lambda f: f.records[Came.REFUSED]),
    ("ค้าง", "unfin.", lambda f: f.records[Came.UNFINISHED]),
    ("ไม่ต้องใช้\nสำเนา", "copies not\nneeded", lambda f: f"{f.copies_not_needed:,} / {f.copies_in_all:,}"),
)
_TIMES: _Columns = (
    ("จำนวน", "answers", lambda f: sum(f.answer_ms.values())),
    ("หน่วยงาน", "agency,\nmedian", lambda f: percentile(f.answer_ms, 0.5)),
    ("", "agency,\n95 %", lambda f: percentile(f.answer_ms, 0.95)),
    ("ทั้งหมด", "whole,\nmedian", lambda f: percentile(f.whole_ms, 0.5)),
    ("", "whole,\n95 %", lambda f: percentile(f.whole_ms, 0.95)),
)


def _narrow(title: str, *, show_footer: bool = False) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        footer_style="bold",
        show_footer=show_footer,
        box=SIMPLE,
        pad_edge=False,
        collapse_padding=True,
    )


_Row = tuple[tuple[str, str], tuple[str, str], Figures]


def _table(title: str, columns: _Columns, rows: Sequence[_Row]) -> Table:
    table = _narrow(title, show_footer=True)
    table.add_column("ศูนย์ และบริการ\ncentre and service", "รวม / total", overflow="fold", min_width=16)
    whole = together(figures for _, _, figures in rows)
    for th, en, of in columns:
        table.add_column(f"{th}\n{en}", _cell(of(whole)), justify="right", min_width=5)
    for centre, at_centre in groupby(rows, key=lambda row: row[0]):
        services = list(at_centre)
        several = together(figures for _, _, figures in services)
        table.add_row(Text(f"{centre[0]}\n{centre[1]}", style="bold"), *(Text(_cell(of(several)), style="bold") for _, _, of in columns))
        for _, service, figures in services:
            table.add_row(Text(f"  {service[0]}\n  {service[1]}"), *(_cell(of(figures)) for _, _, of in columns))
    return table


def _sources(title: str, sources: Sequence[tuple[str, Availability]], names: Names) -> Table:
    table = _narrow(title)
    table.add_column("หน่วยงาน\nsource", overflow="fold", min_width=16)
    for heading in ("ถาม\nasked", "ตอบไม่ได้\nunavail.", "ร้อยละ\n%", "นานสุด\nlongest"):
        table.add_column(heading, justify="right")
    for source, one in sources:
        name = names.source(source)
        table.add_row(
            Text(f"{name[0]}\n{name[1]} ({source})"),
            f"{one.asked:,}",
            f"{one.unavailable:,}",
            f"{one.share:.1%}",
            longest_text(one),
        )
    return table


def _cell(value: int | str | None) -> str:
    return "–" if value is None else value if isinstance(value, str) else f"{value:,}"


def longest_text(one: Availability) -> str:
    """The longest stretch without an answer; of a single question nobody knows how long it would have lasted."""
    if one.longest_ms:
        return _span(one.longest_ms)
    return "1×" if one.unavailable else "–"


def _span(ms: int) -> str:
    """Hours, minutes and seconds."""
    seconds = ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def months_text(first: Month, last: Month) -> str:
    """A stretch of months, in both eras."""
    if first == last:
        return f"{thai_month(first.year, first.month)} / {first}"
    return f"{thai_month(first.year, first.month)} – {thai_month(last.year, last.month)} / {first} – {last}"
