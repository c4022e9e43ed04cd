"""From written fields to readers, with every problem reported where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from linkage.pages import Page
from linkage.sources.rest.dates import DateFormat, Era
from linkage.sources.rest.expressions import Expression
from linkage.sources.rest.manifest import AboutAt, NameAt, NumberAt
from linkage.sources.rest.mapping import Field, Kind
from linkage.sources.rest.written import WrittenAbout, WrittenField, WrittenItem, WrittenName
from linkage.terms import FieldName

NOTHING = Expression("@")
"""Stands where an expression could not be compiled; the manifest is refused then."""

_BELONGS = {
    "format": Kind.DATE,
    "era": Kind.DATE,
    "partial": Kind.DATE,
    "yes": Kind.FLAG,
    "no": Kind.FLAG,
    "separator": Kind.NUMBER,
    "media_type": Kind.IMAGE,
}
"""A key and the only kind it belongs to."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles what a page holds; what it cannot goes to the page's problems."""

    page: Page

    def expression(self, key: str, text: str | None) -> Expression | None:
        """An expression; None where none is written, `NOTHING` where it does not compile."""
        if text is None:
            return None
        try:
            return Expression(text)
        except ValueError as wrong:
            self.page.report(key, repr(text)[:80], str(wrong))
            return NOTHING

    def condition(self, key: str, text: str | None) -> Expression | None:
        """An expression that holds or does not."""
        compiled = self.expression(key, text)
        if compiled is not None and compiled != NOTHING and not compiled.is_condition:
            self.page.report(key, repr(text)[:80], "a comparison: only what comes to true holds, and a value alone never does")
        return compiled

    def field(self, key: str, name: str, written: WrittenField, declared: Kind | None) -> Field:
        """A field of this kind; a member of a group says its own, text where it does not."""
        if declared is not None and written.kind not in (None, declared):
            self.page.report(f"{key}.kind", repr(str(written.kind)), f"{declared}, as records.toml says, or nothing")
        kind = declared or written.kind or Kind.TEXT
        self._belongings(key, written, kind)
        return Field(
            name=FieldName(name),
            path=self.expression(f"{key}.path", written.path) or NOTHING,
            kind=kind,
            none=frozenset(written.none),
            absent_means_none=written.absent_means_none,
            dates=self._dates(key, written) if kind is Kind.DATE else None,
            yes=frozenset(written.yes),
            no=frozenset(written.no),
            separator=written.separator,
            media_type=written.media_type,
            members=self._members(key, written.fields or {}),
            item=self._item(key, name, written.item) if written.item is not None else None,
        )

    def about(self, key: str, written: WrittenAbout | None) -> AboutAt:
        """Whom a reply names."""
        if written is None:
            return AboutAt()
        numbers = tuple(
            NumberAt(
                self.expression(f"{key}.number.{place}.path", one.path) or NOTHING,
                self.expression(f"{key}.number.{place}.each", one.each),
            )
            for place, one in enumerate(written.number)
        )
        name = self._name(f"{key}.name", written.name) if written.name is not None else None
        born = self.field(f"{key}.birth_date", "birth_date", written.birth_date, Kind.DATE) if written.birth_date is not None else None
        return AboutAt(numbers, name, born)

    def _name(self, key: str, written: WrittenName) -> NameAt:
        in_parts = written.first is not None and written.last is not None and written.full is None
        whole = written.full is not None and written.first is None and written.last is None and written.middle is None
        if not in_parts and not whole:
            self.page.report(key, "neither or both", "first and last (and middle), or full")
        return NameAt(
            self.expression(f"{key}.first", written.first),
            self.expression(f"{key}.last", written.last),
            self.expression(f"{key}.middle", written.middle),
            self.expression(f"{key}.full", written.full),
            tuple(sorted(written.titles, key=len, reverse=True)),
        )

    def _members(self, key: str, written: Mapping[str, WrittenField]) -> tuple[Field, ...]:
        return tuple(self.field(f"{key}.fields.{name}", name, one, None) for name, one in written.items())

    def _item(self, key: str, name: str, written: WrittenItem) -> Field:
        if written.kind in (Kind.LIST, Kind.GROUP):
            self.page.report(f"{key}.item.kind", repr(str(written.kind)), "a kind of a plain value (fields are for items that are groups)")
        self._belongings(f"{key}.item", written, written.kind)
        dates = self._dates(f"{key}.item", written) if written.kind is Kind.DATE else None
        return Field(
            FieldName(name),
            NOTHING,
            written.kind,
            dates=dates,
            yes=frozenset(written.yes),
            no=frozenset(written.no),
            separator=written.separator,
        )

    def _belongings(self, key: str, written: WrittenField | WrittenItem, kind: Kind) -> None:
        """Every key where it belongs, and what a kind needs."""
        given = written.model_fields_set
        for name, only in _BELONGS.items():
            if name in given and kind is not only:
                self.page.report(f"{key}.{name}", f"it beside a {kind}", f"it only where the kind is {only}")
        if kind is Kind.DATE and not {"format", "era"} <= given:
            self.page.report(key, "a date without them", f"format and era ({', '.join(Era)})")
        if set(written.yes) & set(written.no):
            self.page.report(key, "a word for both", "different words for yes and no")
        if isinstance(written, WrittenField):
            self._parts(key, written, kind)

    def _parts(self, key: str, written: WrittenField, kind: Kind) -> None:
        has = (bool(written.fields), written.item is not None)
        fits = {Kind.GROUP: has == (True, False), Kind.LIST: has in ((True, False), (False, True))}.get(kind, has == (False, False))
        if not fits:
            wanted = {Kind.GROUP: "fields", Kind.LIST: "either fields or item"}.get(kind, "neither fields nor item")
            self.page.report(key, f"other parts for a {kind}", wanted)

    def _dates(self, key: str, written: WrittenField | WrittenItem) -> DateFormat | None:
        if written.format is None or written.era is None:
            return None
        try:
            return DateFormat.of(written.format, written.era, partial=written.partial)
        except ValueError as wrong:
            self.page.report(f"{key}.format", repr(written.format)[:80], str(wrong))
            return None
