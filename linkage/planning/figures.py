"""What one call, one entry, one connection costs, as it was measured: one TOML file, so that an operator's own measurements can take its place.

Each figure says how it was measured, and the file on which machine and day. A unit that is not the one the arithmetic expects is refused.
"""

import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from linkage.errors import Problem, SettingsInvalid
from linkage.settings import problems_of


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Figure(_Written):
    """One measured figure."""

    value: float = Field(gt=0, allow_inf_nan=False)
    unit: str
    how: str = Field(min_length=1, max_length=400)


def _in(unit: str) -> Callable[[Figure], Figure]:
    def check(figure: Figure) -> Figure:
        if figure.unit != unit:
            raise ValueError(f"the unit must be {unit}")
        return figure

    return check


Microseconds = Annotated[Figure, AfterValidator(_in("µs"))]
Milliseconds = Annotated[Figure, AfterValidator(_in("ms"))]
Megabytes = Annotated[Figure, AfterValidator(_in("MB"))]
Kilobytes = Annotated[Figure, AfterValidator(_in("kB"))]
Bytes = Annotated[Figure, AfterValidator(_in("bytes"))]
PerSecond = Annotated[Figure, AfterValidator(_in("entries/s"))]
Count = Annotated[Figure, AfterValidator(_in("sessions"))]


class LogFigures(_Written):
    """What the log costs on one backend."""

    entry: Bytes = Field(description="an entry with its indexes and its share of the tree")
    checkpoint: Bytes = Field(description="a signed checkpoint: one to each batch")
    data_key: Bytes = Field(description="a visit's data key with its indexes")
    alone: PerSecond = Field(description="entries a second into one log, each committed by itself, from several processes")
    gathered: PerSecond = Field(description="entries a second into one log in batches of 16, from several processes")


class Figures(_Written):
    """Everything that a plan reckons with."""

    machine: str = Field(min_length=1, max_length=400)
    day: date
    verification: Microseconds = Field(description="processor time of the gateway for a verification by card")
    lookup: Microseconds = Field(description="processor time of the gateway for a record asked for by itself")
    bundle_record: Microseconds = Field(description="processor time of the gateway for a record of a bundle of six")
    handshake: Microseconds = Field(description="processor time of the gateway for a new connection with mutual TLS")
    own_time: Milliseconds = Field(description="what a lookup takes at an agency that answers at once")
    worker: Megabytes = Field(description="memory of a worker in use")
    connection: Kilobytes = Field(description="memory of an idle connection")
    verification_wire: Bytes = Field(description="between counter and gateway, both directions, for a verification")
    lookup_wire: Bytes = Field(description="between counter and gateway, both directions, for a record")
    verification_agency_wire: Bytes = Field(description="between gateway and agencies, both directions, for a verification")
    lookup_agency_wire: Bytes = Field(description="between gateway and agencies, both directions, for a record")
    handshake_wire: Bytes = Field(description="between counter and gateway, both directions, for a new connection")
    index_entry: Bytes = Field(description="an entry's part of the search index")
    sessions: Count = Field(description="database sessions of one worker")
    disk_sync: Milliseconds = Field(description="the disk's own sync of 4 KiB, where both logs were")
    sqlite: LogFigures
    postgres: LogFigures

    def each(self) -> Iterator[tuple[str, str, Figure]]:
        """Every figure: its name in the file, what it is of, and the figure."""
        for prefix, table in (("", self), ("sqlite.", self.sqlite), ("postgres.", self.postgres)):
            for name, field in type(table).model_fields.items():
                figure = getattr(table, name)
                if isinstance(figure, Figure):
                    yield f"{prefix}{name}", field.description or "", figure


def read_figures(path: Path | None = None) -> Figures:
    """The figures of a file, or those that came with this release.

    Raises:
        SettingsInvalid: the file is missing, is not TOML, or says something wrong; every problem is in it.
    """
    name = "figures.toml" if path is None else str(path)
    try:
        content = tomllib.loads((files(__package__).joinpath(name) if path is None else path).read_text(encoding="utf-8"))
    except OSError as failure:
        raise SettingsInvalid((Problem(name, "file", failure.strerror or "unreadable", "a readable TOML file"),)) from failure
    except (ValueError, RecursionError) as failure:
        raise SettingsInvalid((Problem(name, "file", str(failure)[:200], "TOML in UTF-8"),)) from failure
    try:
        return Figures.model_validate(content)
    except ValidationError as failure:
        raise SettingsInvalid(problems_of(name, failure)) from failure
