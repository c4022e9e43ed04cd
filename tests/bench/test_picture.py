"""The README's picture shows what was measured."""

import xml.etree.ElementTree as ET
from pathlib import Path

from tests.bench.picture import DRAWN, RATIOS, SIDES, drawn
from tests.bench.rounds import row

SVG = "{http://www.w3.org/2000/svg}"


def test_every_side_and_every_ratio_has_a_bar_and_a_name() -> None:
    figures = [row(f"{begins}, calls a second", 100.0) for begins, _ in SIDES]
    figures += [row(f"{begins} and so on", 2.0, 1.0) for begins, _ in RATIOS]
    picture = ET.fromstring(drawn({"figures": figures, "machine": {"processors": "2 x <one & another>", "disk sync": "1 ms"}}))
    words = {text.text for text in picture.iter(f"{SVG}text")}
    assert {label for _, label in (*SIDES, *RATIOS)} <= words
    assert "processors: 2 x <one & another> · disk sync: 1 ms" in words
    assert len(list(picture.iter(f"{SVG}rect"))) == len(SIDES) + len(RATIOS)


def test_bars_are_as_long_as_their_figures_and_one_that_falls_short_shows_it() -> None:
    reached, short = row(f"{RATIOS[0][0]}", 2.0, 2.0), row(f"{RATIOS[1][0]}", 1.0, 2.0)
    best, most = row(f"{RATIOS[5][0]}", 9.0, 2.0), row(f"{RATIOS[6][0]}, at most", 2.0, 1.0)
    picture = ET.fromstring(drawn({"figures": [reached, short, best, most]}))
    bars = [(bar.get("class"), float(bar.get("width", 0))) for bar in picture.iter(f"{SVG}rect")]
    whole = bars[0][1]
    assert [kind for kind, _ in bars] == ["ours", "short", "ours", "short"]
    assert [round(width / whole, 2) for _, width in bars] == [1.0, 0.5, 1.5, 0.5]


def test_what_was_not_measured_is_left_out() -> None:
    picture = ET.fromstring(drawn({"figures": [row(SIDES[0][0], 5.0)]}))
    assert len(list(picture.iter(f"{SVG}rect"))) == 1


def test_the_picture_in_the_repository_is_one_that_this_drew() -> None:
    text = (Path(__file__).parents[2] / DRAWN).read_text(encoding="utf-8")
    assert len(list(ET.fromstring(text).iter(f"{SVG}rect"))) >= len(SIDES)
    assert drawn({"figures": []}).split("</style>")[0].partition("<style>")[2] in text
