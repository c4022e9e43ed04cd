"""What is agreed, as one gateway would read it: for the commands that show and check it without a gateway's keys or a log."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from linkage.catalogue.records import RecordKind, load_records
from linkage.clock import SystemClock
from linkage.runtime.observer import MeteringObserver
from linkage.settings import Settings
from linkage.sources.registry import Registry
from linkage.telemetry import Metrics
from linkage.terms import SourceName


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What the sources that the settings name can disclose."""

    kinds: tuple[RecordKind, ...]
    assumed: Mapping[SourceName, str]
    """What is assumed of an agency's interface, for those that do not publish theirs."""


def load_disclosed(settings: Settings, file: Path) -> Disclosed:
    """What every source of the settings can disclose. Nobody is asked anything.

    Raises:
        SettingsInvalid: a source's settings, secrets or record types are wrong; every problem is in it.
    """
    return asyncio.run(_disclosed(settings, file))


def load_kinds(settings: Settings, file: Path) -> tuple[RecordKind, ...]:
    """The record types alone.

    Raises:
        SettingsInvalid: as `load_disclosed`.
    """
    return load_disclosed(settings, file).kinds


async def _disclosed(settings: Settings, file: Path) -> Disclosed:
    sources = Registry.load(settings.sources, str(file), clock=SystemClock(), observer=MeteringObserver(Metrics()))
    try:
        return Disclosed(load_records([records.path for records in sources.records]), sources.assumed)
    finally:
        await sources.aclose()
