"""Finds adapters and their simulators: installed ones by entry-point name, others in the folder they are written in.

A folder is either a project, whose ``pyproject.toml`` names the adapter as it will when installed, or a manifest
(`linkage.sources.rest`). An entry point may name a package that holds a manifest instead of a class.
"""

import importlib
import inspect
import sys
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from linkage.errors import Problem, SettingsInvalid
from linkage.sources import rest
from linkage.sources.adapter import Adapter
from linkage.sources.simulation import Simulator

ADAPTERS = "linkage.adapters"
SIMULATORS = "linkage.simulators"
MANIFEST = "manifest.toml"

INSTALLED = "installation"
"""The ``file`` of a problem that lies in what is installed."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An adapter that was found. ``make`` and ``make_simulator`` give a new one at every call.

    ``make_simulator`` may raise `SettingsInvalid`: a simulator is loaded only where one is wanted.

    ``folders``: where its README and fixtures stand, the nearest first. ``package`` and ``version`` are the distribution's; empty where
    it has none.
    """

    name: str
    folders: tuple[Path, ...]
    make: Callable[[], Adapter]
    make_simulator: Callable[[], Simulator] | None
    package: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry point of the group ``linkage.adapters``: what it leads to, or why it leads nowhere."""

    name: str
    package: str
    version: str
    candidate: Candidate | None
    problem: str = ""


def list_installed() -> tuple[Listed, ...]:
    """Every installed adapter, by name. One that cannot be loaded does not hide the others."""
    return tuple(_listed(point) for point in sorted(entry_points(group=ADAPTERS), key=lambda point: point.name))


def _listed(point: EntryPoint) -> Listed:
    package, version = _distribution(point)
    try:
        return Listed(point.name, package, version, _candidate(point, "adapter", INSTALLED))
    except SettingsInvalid as failure:
        return Listed(point.name, package, version, None, "; ".join(problem.got for problem in failure.problems))


def find(path_or_name: str | Path) -> Candidate:
    """An adapter by the name it is installed under, or by its folder, before it is installed.

    Raises:
        SettingsInvalid: there is none, or it cannot be loaded.
    """
    if isinstance(path_or_name, Path) or any(mark in path_or_name for mark in "/\\") or Path(path_or_name).is_dir():
        return in_folder(Path(path_or_name))
    return installed(path_or_name, key="adapter", file=INSTALLED)


def installed(name: str, *, key: str, file: str) -> Candidate:
    """The installed adapter of that name. ``key`` and ``file`` say where it is named, for problems.

    Raises:
        SettingsInvalid: none or several have the name, or it cannot be loaded.
    """
    points = tuple(entry_points(group=ADAPTERS))
    named = [point for point in points if point.name == name]
    if len(named) != 1:
        names = ", ".join(sorted({point.name for point in points})) or "none is installed"
        expected = f"an installed adapter: {names}" if not named else "one installed adapter of that name, not several"
        raise _wrong(file, key, repr(name), expected)
    return _candidate(named[0], key, file)


def _candidate(point: EntryPoint, key: str, file: str) -> Candidate:
    loaded = _loaded(point, key, file)
    package, version = _distribution(point)
    make, folders = _adapter_maker(loaded, point, key, file)
    return Candidate(point.name, folders, make, _simulator_maker(point.name, file), package, version)


def _adapter_maker(loaded: object, point: EntryPoint, key: str, file: str) -> tuple[Callable[[], Adapter], tuple[Path, ...]]:
    if (folder := _manifest_of(loaded)) is not None:
        return lambda: rest.load_adapter(folder), (folder,)
    if not (isinstance(loaded, type) and issubclass(loaded, Adapter)):
        got = f"{point.value}, a package without {MANIFEST}" if isinstance(loaded, ModuleType) else f"{point.value}, which is none"
        raise _wrong(file, key, got, "a subclass of linkage.sources.adapter.Adapter")
    return _new_maker(loaded, point, key, file), _folders_of(loaded)


def _new_maker(kind: type[Adapter], point: EntryPoint, key: str, file: str) -> Callable[[], Adapter]:
    if inspect.isabstract(kind):
        missing = ", ".join(sorted(kind.__abstractmethods__))
        raise _wrong(file, key, f"{point.value}, which lacks {missing}", "an adapter with every method of its abilities")
    return kind


def _simulator_maker(name: str, file: str) -> Callable[[], Simulator] | None:
    point = next(iter(entry_points(group=SIMULATORS, name=name)), None)
    return None if point is None else lambda: _simulator_of(point, file)


def _simulator_of(point: EntryPoint, file: str) -> Simulator:
    """Loaded only when it is wanted: a gateway does without."""
    loaded = _loaded(point, "simulator", file)
    if (folder := _manifest_of(loaded)) is not None:
        return rest.load_simulator(folder)
    if not callable(loaded):
        raise _wrong(file, "simulator", f"{point.value}, which is none", "a class or function that makes a simulator without arguments")
    made: Simulator = loaded()
    return made


# ---- not installed ---------------------------------------------------------------------------------------------------


def in_folder(folder: Path) -> Candidate:
    """The adapter that a folder holds: a manifest, a project that is not installed (imported from there), or an installed one's own.

    Raises:
        SettingsInvalid: it holds neither, several, or what cannot be loaded.
    """
    folder = folder.resolve()
    if (folder / MANIFEST).is_file():
        name = rest.load_adapter(folder).manifest.source
        return Candidate(name, (folder,), lambda: rest.load_adapter(folder), lambda: rest.load_simulator(folder))
    project, file = folder / "pyproject.toml", str(folder / "pyproject.toml")
    if not project.is_file():
        here = next((one.candidate for one in list_installed() if one.candidate and one.candidate.folders[0] == folder), None)
        if here is not None:
            return here
        raise _wrong(str(folder), "folder", "neither of them", f"pyproject.toml or {MANIFEST} in it")
    written = _read(project).get("project", {})
    points = {group: _points(written, group, file) for group in (ADAPTERS, SIMULATORS)}
    if len(points[ADAPTERS]) != 1:
        key = f'project.entry-points."{ADAPTERS}"'
        raise _wrong(file, key, f"{len(points[ADAPTERS])} adapters", "one: NAME = 'package:Class'")
    _import_from(folder)
    point = points[ADAPTERS][0]
    make, folders = _adapter_maker(_loaded(point, f'project.entry-points."{ADAPTERS}"', file), point, "adapter", file)
    simulator = next((one for one in points[SIMULATORS] if one.name == point.name), None)
    make_simulator = None if simulator is None else lambda: _simulator_of(simulator, file)
    beside = (*(one for one in folders if one != folder), folder)
    return Candidate(point.name, beside, make, make_simulator, str(written.get("name", "")), str(written.get("version", "")))


def _read(project: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(project.read_text(encoding="utf-8"))
    except OSError as failure:
        raise _wrong(str(project), "file", failure.strerror or "unreadable", "a readable TOML file") from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise _wrong(str(project), "file", str(failure), "TOML in UTF-8") from failure


def _points(written: Any, group: str, file: str) -> tuple[EntryPoint, ...]:
    table = written.get("entry-points", {}).get(group, {}) if isinstance(written, dict) else {}
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise _wrong(file, f'project.entry-points."{group}"', "something else", "a table of NAME = 'package:Class'")
    return tuple(EntryPoint(name, value, group) for name, value in table.items())


def _import_from(folder: Path) -> None:
    """Put a project first where Python looks for modules: its own package wins over an older one that is installed."""
    for place in (folder, folder / "src"):
        if place.is_dir() and str(place) not in sys.path:
            sys.path.insert(0, str(place))
    importlib.invalidate_caches()


# ---- loading ---------------------------------------------------------------------------------------------------------


def _loaded(point: EntryPoint, key: str, file: str) -> object:
    failure, loaded = _tried(point.load)
    if failure is not None:
        said = f": {failure}" if isinstance(failure, ImportError) else ""
        got = f"{point.value}, which cannot be imported ({type(failure).__name__}{said})"
        raise _wrong(file, key, got, "an adapter that can be imported") from failure
    return loaded


def simulator_of(candidate: Candidate) -> Simulator | None:
    """A new simulator of an adapter; None where it has none.

    Raises:
        SettingsInvalid: it cannot be loaded or made, whatever it raised.
    """
    if candidate.make_simulator is None:
        return None
    failure, made = _tried(candidate.make_simulator)
    if isinstance(failure, SettingsInvalid):
        raise failure
    if failure is not None:
        raise _wrong(
            INSTALLED, "simulator", f"{type(failure).__name__}, raised as it was made", "a simulator made without arguments"
        ) from failure
    return made


def _tried(make: Callable[[], T]) -> tuple[BaseException | None, T | None]:
    """Run somebody else's code, which may raise anything at all, and hand over what it raised."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(make)
        failure = done.exception()
    return failure, None if failure is not None else done.result()


def _manifest_of(loaded: object) -> Path | None:
    if not isinstance(loaded, ModuleType):
        return None
    return next((Path(place) for place in getattr(loaded, "__path__", ()) if (Path(place) / MANIFEST).is_file()), None)


def _folders_of(kind: type) -> tuple[Path, ...]:
    """The folder of the class's package, and every folder above it that is still part of a package of its own."""
    return tuple(_upwards(Path(inspect.getfile(kind)).resolve().parent))


def _upwards(folder: Path) -> Iterator[Path]:
    yield folder
    while (folder / "__init__.py").is_file():
        folder = folder.parent
        if (folder / "__init__.py").is_file():
            yield folder


def _distribution(point: EntryPoint) -> tuple[str, str]:
    dist = point.dist
    return ("", "") if dist is None else (dist.name, dist.version)


def _wrong(file: str, key: str, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(file, key, got, expected),))
