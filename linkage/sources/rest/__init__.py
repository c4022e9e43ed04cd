"""Agencies without Python: a folder with ``manifest.toml``, ``records.toml``, ``people.toml`` and ``README.md``, run by one adapter.

`written` holds the format, key by key; `adapters/README.md` shows it in use. A manifest is no code: whoever writes one cannot make the
gateway do anything but ask the origins that it pins, and read what they answer. An agency may be asked over HTTPS, or through X-Road
(`linkage.sources.rest.xroad`).
"""

from pathlib import Path

from linkage.clock import Clock
from linkage.sources.rest.adapter import ManifestAdapter, adapter_for
from linkage.sources.rest.manifest import X_ROAD
from linkage.sources.rest.reading import read_manifest
from linkage.sources.rest.simulator import ManifestSimulator, RestKnobs
from linkage.sources.rest.xroad.adapter import x_road_adapter_for
from linkage.sources.rest.xroad.simulator import SecurityServer

__all__ = ["ManifestAdapter", "ManifestSimulator", "RestKnobs", "load_adapter", "load_simulator"]


def load_adapter(folder: Path) -> ManifestAdapter:
    """The adapter of a manifest's folder.

    Raises:
        SettingsInvalid: with every problem of ``manifest.toml`` and ``records.toml``.
    """
    read = read_manifest(folder)
    return (x_road_adapter_for if read.protocol == X_ROAD else adapter_for)(read)()


def load_simulator(folder: Path, *, clock: Clock | None = None) -> ManifestSimulator:
    """The simulator of a manifest's folder.

    Raises:
        SettingsInvalid: with every problem of its files.
    """
    read = read_manifest(folder)
    return (SecurityServer if read.protocol == X_ROAD else ManifestSimulator)(read, clock=clock)
