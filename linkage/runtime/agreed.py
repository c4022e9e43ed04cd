"""What is agreed, as one gateway would read it: for the commands that show and check it without a gateway's keys or a log."""

import asyncio
from pathlib import Path

from linkage.catalogue.records import RecordKind, load_records
from linkage.clock import SystemClock
from linkage.runtime.observer import MeteringObserver
from linkage.settings import Settings
from linkage.sources.registry import Registry
from linkage.telemetry import Metrics


def load_kinds(settings: Settings, file: Path) -> tuple[RecordKind, ...]:
    """The record types of every source the settings name. Nobody is asked anything.

    Raises:
        SettingsInvalid: a source's settings, secrets or record types are wrong; every problem is in it.
    """
    return asyncio.run(_kinds(settings, file))


async def _kinds(settings: Settings, file: Path) -> tuple[RecordKind, ...]:
    sources = Registry.load(settings.sources, str(file), clock=SystemClock(), observer=MeteringObserver(Metrics()))
    try:
        return load_records([records.path for records in sources.records])
    finally:
        await sources.aclose()
