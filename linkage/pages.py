"""Pages: the TOML files an operator writes (register, agreements, services, record types), each checked whole.

Every problem of every page is collected before anything is refused, so that a file is mended in one go. A key nobody knows is a
problem: a misspelt restriction must never read as none.
"""

import hashlib
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from linkage.errors import Problem
from linkage.settings import problems_of

HIDDEN = "a text not shown"
"""Stands for what came where a mistyped value could name a person."""


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("text without line breaks and control characters")
    return text


Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
"""An id of ours: 1 to 64 of ``a-z 0-9 _ . -``, beginning with a letter or digit."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A name in lower snake case, at most 64 characters."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True), AfterValidator(_one_line)]
"""One printable line, 1 to 300 characters."""


class Written(BaseModel):
    """One table of a page: types as TOML writes them, no key that is not named here."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


W = TypeVar("W", bound=Written)


@dataclass(frozen=True, slots=True)
class Entry(Generic[W]):
    """A table that is in order, and where it stands (``agency[doe]``)."""

    where: str
    table: W


@dataclass(frozen=True, slots=True)
class Page:
    """A page that could be read; its problems go to the list it was opened with."""

    file: str
    sha256: str
    """Of the file's bytes, lower-case hex: what ``sha256sum`` says."""
    content: Mapping[str, Any]
    problems: list[Problem]

    def report(self, key: str, got: str, expected: str) -> None:
        self.problems.append(Problem(self.file, key, got, expected))

    def tables(self, kind: str, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The tables ``[[kind]]`` as written, each with where it stands, called by its key ``name``."""
        for number, table in enumerate(self._array(kind), start=1):
            if isinstance(table, dict):
                called = table.get(name)
                yield f"{kind}[{called if isinstance(called, str) and called.isprintable() else f'#{number}'}]", table

    def entries(self, kind: str, schema: type[W], *, name: str) -> list[Entry[W]]:
        """The tables ``[[kind]]`` that follow the schema. Those that do not, and repeated names, are reported."""
        array = self.content.get(kind, [])
        if not isinstance(array, list) or not all(isinstance(table, dict) for table in array):
            self.report(kind, type(array).__name__, f"tables written as [[{kind}]]")
        kept: dict[str, Entry[W]] = {}
        for where, table in self.tables(kind, name):
            entry = self.entry(where, table, schema)
            if entry is not None:
                if getattr(entry, name) in kept:
                    self.report(f"{where}.{name}", "a name used before", f"each {name} once")
                kept[getattr(entry, name)] = Entry(where, entry)
        return list(kept.values())

    def entry(self, where: str, table: Mapping[str, Any], schema: type[W], *, shown: bool = True) -> W | None:
        """One table by its schema, or None with its problems reported; ``shown=False`` keeps what was written out of them."""
        try:
            return schema.model_validate(table)
        except ValidationError as failure:
            for p in problems_of(self.file, failure):
                key = ".".join(part for part in (where, p.key) if part and part != "file")
                self.report(key, p.got if shown else HIDDEN, p.expected)
            return None

    def declared(self, kind: str, name: str) -> frozenset[str]:
        """The names of all tables ``[[kind]]``, also of those with other problems, so that one mistake is reported once."""
        return frozenset(table[name] for _, table in self.tables(kind, name) if isinstance(table.get(name), str))

    def refer(self, kind: str, name: str, key: str, known: Collection[str] | None, expected: str) -> None:
        """Report what ``key`` of any table ``[[kind]]`` names and nobody knows. ``known`` None: cannot be told, nothing is reported."""
        if known is None:
            return
        for where, table in self.tables(kind, name):
            for text in texts(table.get(key)):
                if text not in known:
                    self.report(f"{where}.{key}", repr(text)[:80], expected)

    def _array(self, kind: str) -> list[Any]:
        array = self.content.get(kind)
        return array if isinstance(array, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """The texts in a value that should be a text or a list of texts; what is neither was reported by the schema."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def read_page(path: Path, problems: list[Problem], *, keys: Collection[str]) -> Page | None:
    """Read a TOML file whose top-level keys are ``keys``; None, with the problem reported, where it cannot be read."""
    try:
        content = path.read_bytes()
        table = tomllib.loads(content.decode("utf-8"))
    except OSError as failure:
        problems.append(Problem(str(path), "file", failure.strerror or "unreadable", "a readable TOML file"))
        return None
    except (ValueError, RecursionError) as failure:
        problems.append(Problem(str(path), "file", _where(failure), "TOML in UTF-8"))
        return None
    page = Page(str(path), hashlib.sha256(content).hexdigest(), table, problems)
    for key in table.keys() - set(keys):
        page.report(key, "a key nobody knows", " or ".join(sorted(keys)))
    return page


def pages_of(path: Path) -> list[Path]:
    """The files that make up what may be one file or a folder of them: the file itself, or the folder's ``*.toml`` in the order of their names.

    Raises:
        OSError: the folder cannot be read.
    """
    return sorted(path.glob("*.toml")) if path.is_dir() else [path]


def digest_of(path: Path, pages: Sequence[Page]) -> str:
    """SHA-256, lower-case hex: of the file, or of what ``sha256sum *.toml`` prints in the folder. Empty where the file could not be read."""
    if not path.is_dir():
        return pages[0].sha256 if pages else ""
    listing = "".join(f"{page.sha256}  {Path(page.file).name}\n" for page in pages)
    return hashlib.sha256(listing.encode()).hexdigest()


def _where(failure: Exception) -> str:
    """What is wrong and in which line; of bytes that are no UTF-8 only the position."""
    if isinstance(failure, UnicodeDecodeError):
        return f"bytes that are not UTF-8 at offset {failure.start}"
    if isinstance(failure, RecursionError):
        return "tables nested too deeply"
    return str(failure) if isinstance(failure, tomllib.TOMLDecodeError) else "a number of thousands of digits"
