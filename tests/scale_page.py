"""`deploy/scale.md`: its numbers are what its own commands say. ``python -m tests.scale_page`` writes them anew after new measurements."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from typer.testing import CliRunner

from linkage.cli.main import app
from linkage.planning import read_figures, shown

PAGE = Path(__file__).parents[1] / "deploy" / "scale.md"
_COMMANDS = re.compile(r"^linkage (plan .*?)\s+# (.+)$", re.MULTILINE)
_PART = "<!-- {name} -->\n{text}<!-- /{name} -->\n"


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def commands(text: str) -> list[tuple[str, list[str]]]:
    """The page's commands, each with its name: what stands behind the `#`."""
    return [(name, shlex.split(words)) for words, name in _COMMANDS.findall(text)]


def written_anew(text: str) -> str:
    """The page with its tables as commands and figures have them now."""
    for name, rows in (("plans", _plans(text)), ("figures", _figures())):
        found = re.search(_PART.format(name=name, text="(?:.*\n)*?"), text)
        if found is None:
            raise ValueError(f"no part {name}")
        before, _, rest = text.partition(found[0])
        text = before + _PART.format(name=name, text="\n".join(rows) + "\n") + rest
    return text


def _plans(text: str) -> Iterator[str]:
    named = commands(text)
    plans = [_lines(words) for _, words in named]
    yield from _head(["", *(name for name, _ in named)])
    for key, (what, _) in plans[0].items():
        yield _row([what, *(lines[key][1] for lines in plans)])


def _lines(words: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Of a command: each line's key, what it is, and its number with the unit."""
    said = CliRunner().invoke(app, [*words, "--json"]).stdout
    return {line["key"]: (line["what"], f"{shown(line['value'])} {line['unit']}".strip()) for line in json.loads(said)["lines"]}


def _figures() -> Iterator[str]:
    figures = read_figures()
    yield f"Measured {figures.day.isoformat()} on {figures.machine}."
    yield ""
    yield from _head(["figure", "value", "of what", "how"])
    for name, what, one in figures.each():
        yield _row([f"`{name}`", f"{shown(one.value)} {one.unit}", what, one.how])


def _head(cells: Sequence[str]) -> Iterator[str]:
    yield _row(cells)
    yield _row(["---"] * len(cells))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(written_anew(page()), encoding="utf-8")
