"""What a gateway is made of before it listens: every file, key and source, read and checked; all problems at once.

`serve --check` ends here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from linkage.catalogue.records import RecordKind, load_records
from linkage.clock import Clock, SystemClock
from linkage.errors import Problem, SettingsInvalid
from linkage.in_force import InForce
from linkage.keyring import KeyRing, load_keyring
from linkage.runtime.certificates import Certificates, Material
from linkage.runtime.files import load_files
from linkage.runtime.observer import MeteringObserver
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import Storage, storage_of
from linkage.runtime.witnesses import HttpCourier, couriers_of
from linkage.settings import Settings
from linkage.sources.registry import ClientMaker, Registry, client_for
from linkage.telemetry import Metrics
from linkage.tlog.log_keys import LogSigner

T = TypeVar("T")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key of the gateway itself."""

    signer: LogSigner
    encryption: KeyRing
    pseudonyms: KeyRing
    tokens: KeyRing


@dataclass(frozen=True, slots=True)
class Equipment:
    """Everything that was read."""

    settings: Settings
    metrics: Metrics
    keys: Keys
    sources: Registry
    record_kinds: tuple[RecordKind, ...]
    files: InForce
    certificates: Certificates
    storage: Storage
    couriers: tuple[HttpCourier, ...]


async def equip(settings: Settings, file: Path, clock: Clock, *, clients: ClientMaker = client_for) -> Equipment:
    """Read and check everything the settings name.

    Args:
        settings: as `linkage.settings.load` read them.
        file: the settings file, for problems.
        clock: the gateway's clock.
        clients: makes the HTTP clients; another one puts simulators in the agencies' place.

    Raises:
        SettingsInvalid: every problem of every file.
    """
    problems: list[Problem] = []
    metrics = Metrics()
    certificates = _try(problems, lambda: Certificates(settings.server, clock, _Watch(metrics), metrics.handshakes.inc))
    keys = _try(problems, lambda: _keys(settings))
    storage = _try(problems, lambda: storage_of(settings))
    couriers = _try(problems, lambda: couriers_of(settings.log, str(file)))
    sources = _try(
        problems,
        lambda: Registry.load(settings.sources, str(file), clock=clock, observer=MeteringObserver(metrics), client_for=clients),
    )
    kinds = _try(problems, lambda: load_records([records.path for records in sources.records])) if sources else None
    files = _try(problems, lambda: load_files(settings, kinds)) if kinds is not None else None
    if certificates is None or keys is None or storage is None or couriers is None or sources is None or kinds is None or files is None:
        if sources is not None:
            await sources.aclose()
        raise SettingsInvalid(tuple(problems))
    metrics.certificate_not_after.labels("server").set(certificates.current.not_after)
    return Equipment(settings, metrics, keys, sources, kinds, files, certificates, storage, couriers)


async def check(settings: Settings, file: Path) -> dict[str, int]:
    """Read and check everything without listening or touching the log; how many of each there are.

    Raises:
        SettingsInvalid: every problem of every file.
    """
    equipment = await equip(settings, file, SystemClock())
    await equipment.sources.aclose()
    files = equipment.files
    return {
        "agencies": len(files.register.agencies),
        "counters": len(files.register.counters),
        "agreements": len(files.book.agreements),
        "services": len(files.catalogue.services),
        "record_types": len(files.catalogue.records),
        "sources": len(settings.sources),
    }


def _try(problems: list[Problem], read: Callable[[], T]) -> T | None:
    """Read; note the problems of what cannot be read, and go on with the rest."""
    try:
        return read()
    except SettingsInvalid as failure:
        problems.extend(failure.problems)
        return None


def _keys(settings: Settings) -> Keys:
    problems: list[Problem] = []
    signer = _try(problems, lambda: load_signer(settings))
    encryption = _try(problems, lambda: load_keyring(settings.log.key_encryption_keys))
    pseudonyms = _try(problems, lambda: load_keyring(settings.log.pseudonym_keys))
    tokens = _try(problems, lambda: load_keyring(settings.tokens.keys))
    if signer is None or encryption is None or pseudonyms is None or tokens is None:
        raise SettingsInvalid(tuple(problems))
    return Keys(signer, encryption, pseudonyms, tokens)


class _Watch:
    """Makes visible what becomes of a changed server certificate. Called in threads of gRPC's."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __call__(self, what: Material | Problem) -> None:
        reloaded = self._metrics.reload_ok.labels("certificate")
        if isinstance(what, Material):
            reloaded.set(1)
            self._metrics.certificate_not_after.labels("server").set(what.not_after)
            _log.info("server certificate reloaded")
        else:
            reloaded.set(0)
            _log.error("server certificate refused; the old one goes on", file=what.file, key=what.key, expected=what.expected)
