"""Writes the folder of a new adapter from the templates beside this module: a Python project, or a manifest without Python.

What is written conforms from the first minute, so that every later failure is about what was changed.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from linkage.errors import Problem, SettingsInvalid
from linkage.sources.installed import ADAPTERS

PYTHON = "python"
REST = "rest"

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 30
_SUFFIX = ".template"
_PACKAGE = "package"
"""The templates' folder that becomes the Python package."""


def write_adapter(name: str, into: Path, *, kind: str) -> Path:
    """Write a new adapter's folder, ``into/name``, and give it.

    Args:
        name: the source's name: 2 to 30 of ``a-z 0-9 _``, beginning with a letter; not one that is installed.
        into: an existing folder, or one that is made.
        kind: `PYTHON` or `REST`.

    Raises:
        SettingsInvalid: the name is none, or the folder holds something already. Nothing has been written then.
    """
    _check_name(name)
    folder = into / name
    _check_folder(folder)
    names = _names(name)
    for place, template in _templates(files(__package__) / "templates" / kind, Path()):
        written = folder / _placed(place, names)
        try:
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(Template(template).substitute(names), encoding="utf-8")
        except OSError as failure:
            raise _wrong(str(written), failure.strerror or "unwritable", "a place that can be written") from failure
    return folder


def _check_name(name: str) -> None:
    if not 2 <= len(name) <= _LONGEST or _NAME.fullmatch(name) is None:
        expected = f"2 to {_LONGEST} of a-z 0-9 _, beginning with a letter, e.g. land_tax: the source's name in settings and record types"
        raise _wrong("NAME", repr(name)[:80], expected)
    if entry_points(group=ADAPTERS, name=name):
        raise _wrong("NAME", f"{name!r}, which is installed already", "a name that no installed adapter has")


def _check_folder(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        got = "a folder with something in it" if folder.is_dir() else "a file of that name"
        raise _wrong(str(folder), got, "a folder that is new or empty: nothing is overwritten")


def _names(name: str) -> Mapping[str, str]:
    hyphened = name.replace("_", "-")
    return {
        "name": name,
        "Name": "".join(part.capitalize() for part in name.split("_")),
        "package": f"linkage_{name}",
        "distribution": f"linkage-{hyphened}",
        "host": hyphened,
    }


def _templates(folder: Traversable, place: Path) -> Iterator[tuple[Path, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _templates(entry, place / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield place / entry.name.removesuffix(_SUFFIX), entry.read_text(encoding="utf-8")


def _placed(place: Path, names: Mapping[str, str]) -> Path:
    first, *rest = place.parts
    return Path(names["package"] if first == _PACKAGE else first, *rest)


def _wrong(key: str, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem("adapter new", key, got, expected),))
