"""``python -m tests.bench.picture``: the README's picture, `deploy/bench.svg`, drawn from `.bench/latest.json` and `.bench/full.json`.

Above, lookups a second of each side; below, every ratio against its aim. Plain SVG that follows the reader's light or dark.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from tests.bench.rounds import Row, holds

MEASURED, FULL = Path(".bench/latest.json"), Path(".bench/full.json")
DRAWN = Path("deploy/bench.svg")

SIDES = (
    ("one worker, 32 in flight: whole", "the gateway, every promise kept"),
    ("one worker, 32 in flight: peer", "FastAPI + SQLAlchemy, the main promises"),
    ("one worker, 32 in flight: bare", "bare grpc.aio + httpx, no promise"),
    ("one worker, 32 in flight: aiohttp", "bare grpc.aio + httpx-aiohttp, no promise"),
)
"""How the name of a rate begins -> what its bar is called."""

RATIOS = (
    ("whole gateway / bare grpc.aio", "whole / bare grpc.aio + httpx"),
    ("whole gateway / bare over", "whole / bare over httpx-aiohttp"),
    ("whole gateway / competent", "whole / FastAPI peer"),
    ("through / direct at an agency", "through / direct, agency of 100 ms"),
    ("300 closed-loop", "through / direct, 300 clients at once"),
    ("two workers / one worker, load", "two workers / one"),
    ("p50 through minus direct", "time added, in empty gRPC calls"),
    ("320 in flight from", "goodput in a storm / capacity"),
    ("5,000 idle", "memory a connection / bare server"),
    ("throughput at a log", "rate at 10 million entries / 10 thousand"),
)
"""How the name of a figure begins -> what its bar is called."""

_WIDTH, _LEFT, _RIGHT = 880, 320, 150
_STEP, _BAR, _TOP = 30, 16, 66
_SPAN = _WIDTH - _LEFT - _RIGHT
_MOST = 1.5  # a ratio bar ends here, in units of its aim
_STYLE = """
  text { font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 } .small { font-size: 12px; fill: #59636e } .name, .far { text-anchor: end }
  .ours { fill: #1a7f64 } .others { fill: #8c959f } .short { fill: #bc6c0d } .aim { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .ours { fill: #3fb68f } .others { fill: #6e7681 } .short { fill: #d9902f } .aim { stroke: #e6edf3 }
  }
"""


def drawn(measured: Mapping[str, Any]) -> str:
    """The picture as SVG text. ``measured``: what `.bench/latest.json` holds; figures that it lacks are left out."""
    rates, ratios = _found(measured["figures"], SIDES), _found(measured["figures"], RATIOS)
    middle = _TOP + _STEP * len(rates) + 50
    height = middle + 30 + _STEP * len(ratios) + 16
    parts = [*_rates(rates, measured.get("machine", {})), *_ratios(ratios, middle)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img">'
    title = "<title>Lookups a second of the gateway and of others, and every ratio against its aim</title>"
    return "\n".join([head, title, f"<style>{_STYLE}</style>", *parts, "</svg>"]) + "\n"


def _found(figures: Sequence[Row], names: Sequence[tuple[str, str]]) -> list[tuple[str, Row]]:
    pairs = ((label, next((each for each in figures if each["name"].startswith(begins)), None)) for begins, label in names)
    return [(label, figure) for label, figure in pairs if figure is not None]


def _rates(rates: Sequence[tuple[str, Row]], machine: Mapping[str, str]) -> Iterator[str]:
    yield _text(16, 26, "Lookups a second, one worker on one processor, 32 in flight", "title")
    told = (f"{name}: {machine[name]}" for name in ("processors", "disk sync") if name in machine)
    yield _text(16, 46, " · ".join(told), "small")
    most = max((figure["value"] for _, figure in rates), default=1)
    for number, (label, figure) in enumerate(rates):
        y = _TOP + _STEP * number
        width = _SPAN * figure["value"] / most
        yield from _bar(y, label, width, "others" if number else "ours")
        yield _text(_LEFT + width + 8, y + 13, f"{figure['value']:,.0f}", "value")


def _ratios(ratios: Sequence[tuple[str, Row]], top: int) -> Iterator[str]:
    yield _text(16, top, "Every ratio against its aim (dashed): longer is better", "title")
    aim_x = _LEFT + _SPAN / _MOST
    yield f'<line class="aim" x1="{aim_x:.0f}" x2="{aim_x:.0f}" y1="{top + 12}" y2="{top + 18 + _STEP * len(ratios)}"/>'
    for number, (label, figure) in enumerate(ratios):
        at_most = "at most" in figure["name"]
        reach = figure["aim"] / max(figure["value"], 1e-9) if at_most else figure["value"] / figure["aim"]
        told = f"{figure['value']:.2f}  ({'at most' if at_most else 'at least'} {figure['aim']:g})"
        y = top + 20 + _STEP * number
        yield from _bar(y, label, _SPAN * max(0.0, min(reach, _MOST)) / _MOST, "ours" if holds(figure) else "short")
        yield _text(_WIDTH - 16, y + 13, told, "far")


def _bar(y: int, label: str, width: float, kind: str) -> Iterator[str]:
    yield _text(_LEFT - 12, y + 13, label, "name")
    yield f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{max(2.0, width):.1f}" height="{_BAR}" rx="2"/>'


def _text(x: float, y: int, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y}">{escape(words)}</text>'


if __name__ == "__main__":
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    if FULL.exists():
        found["figures"] += json.loads(FULL.read_text(encoding="utf-8"))["figures"]
    DRAWN.write_text(drawn(found), encoding="utf-8")
