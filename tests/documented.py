"""`deploy/access-log.md`, read: which kinds and facts there are, and where each fact may stand."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from linkage.errors import LogCorrupt
from linkage.store.contract import StoreUnavailable
from linkage.store.sqlite_read import SqliteReader

PAGE = Path(__file__).parents[1] / "deploy" / "access-log.md"


@dataclass(frozen=True)
class Fact:
    """A row of the facts' table."""

    type: str
    always: frozenset[str]
    also: frozenset[str]


@dataclass(frozen=True)
class Documented:
    """The page's tables."""

    members: Mapping[str, str]
    kinds: tuple[str, ...]
    facts: Mapping[str, Fact]
    results: frozenset[str]
    sealed: Mapping[str, frozenset[str]]


@cache
def documented() -> Documented:
    facts = {name: Fact(kind, _marked(always), _marked(also)) for name, kind, always, also, _ in _rows("Fact")}
    return Documented(
        members={name: kind for name, kind, _ in _rows("Member")},
        kinds=tuple(kind for kind, _ in _rows("Kind")),
        facts=facts,
        results=frozenset(word for row in _rows("Result", plain=True) for word in _marked(row[0])),
        sealed={name: _marked(kinds) for name, kinds, _ in _rows("Sealed field")},
    )


def undocumented(leaf: Mapping[str, Any]) -> list[str]:
    """What of an entry the page does not say, or says otherwise; names only."""
    page, kind, facts = documented(), leaf["kind"], leaf["facts"]
    if kind not in page.kinds:
        return [f"{kind}: no such kind"]
    wrong = [
        f"{kind}: fact {name}" for name in facts if name not in page.facts or kind not in page.facts[name].always | page.facts[name].also
    ]
    wrong += [f"{kind}: lacks {name}" for name, fact in page.facts.items() if kind in fact.always and name not in facts]
    wrong += [f"{kind}: seals {name}" for name in leaf.get("sealed", {}).get("fields", {}) if kind not in page.sealed.get(name, ())]
    wrong += [f"{kind}: member {name}" for name in leaf if name not in page.members]
    if kind == "outcome" and facts["result"] not in page.results:
        wrong.append(f"{kind}: result {facts['result']}")
    return wrong


def check_log(log: Path) -> None:
    """Compare every entry of a world's log with the page; a log that was damaged on purpose is passed over."""
    try:
        with SqliteReader(log) as reader:
            leaves = reader.consistent(lambda each: [entry.leaf for entry in each.entries(0, 1_000_000)])
        entries = [orjson.loads(leaf) for leaf in leaves]
    except (LogCorrupt, StoreUnavailable, ValueError):
        return
    assert not (wrong := sorted({line for entry in entries for line in undocumented(entry)})), wrong


def _rows(heading: str, *, plain: bool = False) -> Iterator[tuple[str, ...]]:
    """The rows of the table whose first heading this is; the first cell without its backticks."""
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert table is not None, heading
    for line in table[1].splitlines():
        first, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        yield (first if plain else first.strip("`"), *cells)


def _marked(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([a-z_]+)`", cell))
