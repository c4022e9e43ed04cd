"""Findings for people's eyes, and as plain JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from linkage.audit.rules import Finding
from linkage.clock import thai_day, thai_time, utc
from linkage.identity.register import Register
from linkage.ids import id_text

_SHOWN = 3
"""Entries of a finding that the table names."""


def findings_table(findings: Sequence[Finding], register: Register) -> Table:
    """A table, one finding a row: when, by whom and where; why in both languages, and which entries stand behind it."""
    table = Table(show_lines=True, header_style="bold")
    table.add_column("เมื่อ ใคร ที่ไหน\nwhen, who, where", overflow="fold", width=30)
    table.add_column("ข้อสังเกต\nfinding", overflow="fold", min_width=40)
    for one in findings:
        why = Text(one.rule.value, style="bold yellow") + Text(f"\n{one.why.th}\n{one.why.en}\n", style="default")
        table.add_row(Text("\n".join([_when(one), *_who(one), *_where(one, register)])), why + Text(_entries(one), style="dim"))
    return table


def findings_page(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The same as JSON; times in UTC, ISO 8601."""
    return [
        {
            "rule": one.rule.value,
            "why": {"th": one.why.th, "en": one.why.en},
            "officer": None if one.officer is None else {"iss": one.officer[0], "sub": one.officer[1]},
            "counters": list(one.counters),
            "centres": list(one.centres),
            "first": _iso(one.first_ms),
            "last": _iso(one.last_ms),
            "figure": one.figure,
            "threshold": one.threshold,
            "figures": dict(one.figures),
            "entries": [{"index": entry.index, "id": id_text(entry.eid)} for entry in one.entries],
            "more_entries": one.more_entries,
        }
        for one in findings
    ]


def _iso(ms: int) -> str:
    return utc(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(ms: int) -> str:
    return f"{thai_day(ms)} {thai_time(ms)}"


def _when(one: Finding) -> str:
    first, last = _moment(one.first_ms), _moment(one.last_ms)
    return first if first == last else f"{first} –\n{last}"


def _who(one: Finding) -> Sequence[str]:
    return () if one.officer is None else one.officer[::-1]


def _where(one: Finding, register: Register) -> Sequence[str]:
    centres = [f"{register.centres[name].name_th} ({name})" if name in register.centres else name for name in one.centres]
    return [*centres, *(counter.rpartition("/centre/")[2] for counter in one.counters)]


def _entries(one: Finding) -> str:
    """The first entries behind a finding, by index and id, and how many more."""
    named = [f"{entry.index} {id_text(entry.eid)}" for entry in one.entries[:_SHOWN]]
    more = len(one.entries) - len(named) + one.more_entries
    return "\n".join([*named, *([f"+ {more:,}"] if more else [])])
