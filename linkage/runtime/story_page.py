"""How the story is told: numbered steps in Thai and English, records as tables, refusals in colour."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from linkage.catalogue.records import RecordKind
from linkage.client.refused import Refused
from linkage.runtime.record_page import record_table
from linkage.terms import FieldName, Value

_INDENT = (0, 0, 0, 4)


class Page:
    """Prints to a console, or, ``quiet``, only remembers what there is to say as JSON."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self.steps: list[dict[str, Any]] = []

    def title(self, th: str, en: str) -> None:
        """The story's beginning."""
        self._print(Panel.fit(Text(th, style="bold") + Text(f"\n{en}", style="dim"), border_style="cyan"))

    def setting(self, text: str) -> None:
        """A line about what is being set up."""
        self._print(Text(text, style="dim"))

    def step(self, th: str, en: str) -> None:
        """The next step."""
        self.steps.append({"step": len(self.steps) + 1, "th": th, "en": en, "said": []})
        self._print(Text(f"\n{len(self.steps):>2}  ", style="bold cyan") + Text(th, style="bold"))
        self._print(Padding(Text(en, style="dim"), _INDENT))

    def good(self, word: str, th: str, en: str) -> None:
        """An answer as it was hoped for."""
        self._said(word, th, en, "bold green")

    def no(self, word: str, th: str, en: str) -> None:
        """An answer that is a no, or nobody's answer."""
        self._said(word, th, en, "bold yellow")

    def refused(self, refusal: Refused) -> None:
        """A refusal, with the sentences that the officer reads."""
        self._said(refusal.reason, refusal.sentence_th, refusal.sentence_en, "bold red")

    def record(self, values: Mapping[FieldName, Value | None], kind: RecordKind) -> None:
        """A record."""
        self._print(Padding(record_table(values, kind), _INDENT))

    def show(self, what: RenderableType, word: str) -> None:
        """Something that is printed as it is; ``word`` is what is remembered of it."""
        if word:
            self._remember(word)
        self._print(Padding(what, _INDENT))

    def note(self, text: str) -> None:
        """Something the reader should notice."""
        self._remember(text)
        self._print(Padding(Text(text, style="italic"), _INDENT))

    def lines(self, *lines: str) -> None:
        """Lines to copy, never broken by us."""
        if not self._quiet:
            for line in lines:
                self._console.print(Text(line), soft_wrap=True)

    def _said(self, word: str, th: str, en: str, style: str) -> None:
        self._remember(word)
        self._print(Padding(Text(word, style=style) + Text(f"  {th}") + Text(f"\n{en}", style="dim"), _INDENT))

    def _remember(self, text: str) -> None:
        if self.steps:
            self.steps[-1]["said"].append(text)

    def _print(self, what: Any) -> None:
        if not self._quiet:
            self._console.print(what)
