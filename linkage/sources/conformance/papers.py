"""What an adapter says of itself: record types, settings, origins, README, fixtures."""

import re
import tomllib
import types
import typing
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from linkage.catalogue.records import load_records
from linkage.errors import SettingsInvalid
from linkage.sources.adapter import Fetches, LogsIn, Probes, Verifies
from linkage.sources.address import origin
from linkage.sources.conformance.check import CannotBeTold, check
from linkage.sources.conformance.gate import Gate
from linkage.sources.conformance.place import Place

LEAST_PEOPLE = 15

OURS = "linkage"
"""The distribution whose adapters must bring people enough for a demonstration."""

_SECRET = re.compile(r"secret|password|passphrase|passwd|api_?key|private_key|(^|_)token$|credential")
_BESIDE = re.compile(r"_(?:url|name|id|header|param|path|seconds|type|scheme)$")


@check(
    "records-are-right",
    because="The catalogue, the agreements and the counters know a record only by what its file declares.",
    remedy="Mend records.toml; every type is named <source>.<name> after the adapter.",
)
async def records_are_right(place: Place) -> AsyncIterator[str]:
    adapter = place.adapter()
    if adapter.records_file is None:
        if isinstance(adapter, Fetches):
            yield "it fetches records, and names no records_file"
        elif not isinstance(adapter, Verifies | LogsIn | Probes):
            yield "it has no ability: it neither fetches, verifies, logs in nor probes"
        return
    try:
        kinds = load_records([adapter.records_file])
    except SettingsInvalid as failure:
        for problem in failure.problems:
            yield f"{problem.key}: got {problem.got}, expected {problem.expected}"
        return
    if not kinds:
        yield "records.toml declares no record type"
    for kind in kinds:
        if kind.source != place.candidate.name:
            yield f"{kind.type} is named after another source than {place.candidate.name}"


@check(
    "settings-refuse-unknown-keys",
    because="A misspelt setting must stop the start, not silently leave the default in force.",
    remedy='Give the settings model, and every model inside it, model_config = ConfigDict(extra="forbid", frozen=True).',
)
async def settings_refuse_unknown_keys(place: Place) -> AsyncIterator[str]:
    for where, model in _models("", place.adapter().Settings):
        if model.model_config.get("extra") != "forbid":
            yield f"{where or 'the settings model'} takes keys that nobody knows"


@check(
    "secrets-are-files",
    because="A secret written into the settings ends in backups, in terminals and in other people's reading.",
    remedy="Make each secret a pathlib.Path named *_file, and read the file at each use.",
)
async def secrets_are_files(place: Place) -> AsyncIterator[str]:
    for where, model in _models("", place.adapter().Settings):
        for name, field in model.model_fields.items():
            at = f"{where}.{name}".lstrip(".")
            is_path = Path in _types_in(field.annotation)
            if is_path != name.endswith("_file"):
                yield f"{at}: a path is named *_file, and only a path"
            elif not is_path and _SECRET.search(name) and not _BESIDE.search(name) and str in _types_in(field.annotation):
                yield f"{at} looks like a secret, and is a text in the settings"


def _models(where: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield where, model
    for name, field in model.model_fields.items():
        for inner in _types_in(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _models(f"{where}.{name}".lstrip("."), inner)


def _types_in(annotation: Any) -> set[Any]:
    """Every type named in an annotation, also inside unions, containers and Annotated."""
    if typing.get_origin(annotation) in (None, typing.Literal):
        return {annotation} if not isinstance(annotation, types.GenericAlias) else set()
    return {one for inner in typing.get_args(annotation) for one in _types_in(inner)}


@check(
    "origins-are-named",
    because="The client is pinned to these origins before anybody is asked about anyone.",
    remedy="Let base_urls give linkage.sources.address.origin of every URL in the settings, from the settings alone.",
)
async def origins_are_named(place: Place) -> AsyncIterator[str]:
    async with Gate(1) as gate:
        adapter = place.adapter()
        settings = place.settings(adapter, gate.url)
        first, again = adapter.base_urls(settings), adapter.base_urls(settings)
        asked = len(gate.seen)
    if asked:
        yield "base_urls asks the agency"
    if first != again:
        yield "base_urls gives another answer the second time"
    if not first:
        yield "base_urls names no origin"
    for one in first:
        if not _is_origin(one):
            yield "base_urls names something else than an origin (https://host or https://host:port)"


def _is_origin(text: object) -> bool:
    try:
        return isinstance(text, str) and origin(text) == text
    except ValueError:
        return False


# ---- README and fixtures -----------------------------------------------------------------------------------------------


@check(
    "readme-lists-every-field",
    because="An agreement is negotiated from the README: a field that is not in it is a field nobody agreed to.",
    remedy="Write every record type, and a row with the name, both labels, kind and class of every field, names in `backquotes`.",
)
async def readme_lists_every_field(place: Place) -> AsyncIterator[str]:
    text = _readme(place)
    for kind in place.kinds:
        if f"`{kind.type}`" not in text:
            yield f"{kind.type} is not in the README"
        section = text.partition(f"`{kind.type}`")[2] or text
        missing = [field.name for field in kind.fields.values() if f"`{field.name}`" not in section]
        unlabelled = [field.name for field in kind.fields.values() if field.label_th not in section or field.label_en not in section]
        if missing:
            yield f"{kind.type}: the README does not name {', '.join(missing)}"
        if unlabelled:
            yield f"{kind.type}: the README lacks a label of {', '.join(unlabelled)}"


@check(
    "readme-lists-every-setting",
    because="An operator who sets up a source has only the README.",
    remedy="Write every key of the settings model in `backquotes`, with its default and its meaning.",
)
async def readme_lists_every_setting(place: Place) -> AsyncIterator[str]:
    names = {name for _, model in _models("", place.adapter().Settings) for name in model.model_fields}
    for one in _missing(place, names):
        yield f"the README does not name the setting {one}"


@check(
    "readme-lists-every-knob",
    because="Whoever rehearses a failure must find the knob that makes it.",
    remedy="Write every knob of the simulator in `backquotes`.",
)
async def readme_lists_every_knob(place: Place) -> AsyncIterator[str]:
    for one in _missing(place, set(type(place.simulator.knobs).model_fields) - {"huge_bytes"}):
        yield f"the README does not name the knob {one}"


def _missing(place: Place, names: Collection[str]) -> list[str]:
    text = _readme(place)
    return sorted(name for name in names if f"`{name}`" not in text)


def _readme(place: Place) -> str:
    for folder in place.candidate.folders:
        if (folder / "README.md").is_file():
            return (folder / "README.md").read_text(encoding="utf-8")
    return ""


@check(
    "simulator-has-people-enough",
    because="A demonstration with three people shows three cases; agencies have more.",
    remedy=f"Bring at least {LEAST_PEOPLE} invented people or bodies in the simulator's fixtures.",
)
async def simulator_has_people_enough(place: Place) -> AsyncIterator[str]:
    if place.candidate.package != OURS:
        raise CannotBeTold("asked of the adapters in this repository only")
    files = [file for folder in place.candidate.folders for file in (*folder.glob("fixtures/*.toml"), *folder.glob("people.toml"))]
    worlds = [world for name in ("people", "bodies") if isinstance(world := getattr(place.simulator, name, None), Sized)]
    found = max([sum(map(_rows, files)), *map(len, worlds)])
    if found < LEAST_PEOPLE:
        yield f"{found} people or bodies"


def _rows(file: Path) -> int:
    content: Mapping[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return sum(len(value) for value in content.values() if isinstance(value, list) and all(isinstance(row, dict) for row in value))
