"""What is coming at the agencies, looked at apart from every question: when their certificates end, and what they still grant us.

At the start and then hourly. Whatever goes wrong here is told, and stops nothing: neither the look at another agency, nor the next
look, nor a citizen's question. Nobody is asked about anyone.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Collection, Mapping
from typing import Protocol

import structlog

from linkage.catalogue.records import RecordKind
from linkage.clock import Clock, utc
from linkage.ids import id_text, new_id
from linkage.settings import Source
from linkage.sources.adapter import Probed, Unavailable
from linkage.sources.connected import ConnectedSource
from linkage.sources.registry import Registry
from linkage.telemetry import Metrics
from linkage.terms import RecipientId, RecordType, SourceName
from linkage.transport import NotSent, tls_context

_log = structlog.get_logger()

EVERY_S = 3600.0

WARN_S = 30 * 86_400
"""Seconds before a certificate's end from which on every look warns."""

_TIMEOUT_S = 10.0


class ReadExpiry(Protocol):
    """`linkage.transport.expiry.read_expiry`."""

    def __call__(self, origin: str, tls: ssl.SSLContext, *, timeout: float) -> Awaitable[int]: ...


class Outlook:
    """Looks at every source.

    Args:
        sources: those that are connected.
        settings: the settings' ``sources``, for the certificates each is asked with.
        metrics: told of what is seen.
        clock: says how near an end is.
        kinds: every record type of the catalogue; a source may speak of its own alone.
        read: reads a certificate's end; None: certificates are not looked at.
    """

    def __init__(
        self,
        sources: Registry,
        settings: Mapping[str, Source],
        metrics: Metrics,
        clock: Clock,
        *,
        kinds: Collection[RecordKind],
        read: ReadExpiry | None,
    ) -> None:
        self._sources = sources
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._kinds = kinds
        self._read = read
        self._granted: dict[tuple[SourceName, RecipientId], Mapping[RecordType, bool]] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look at everything once."""
        sources = tuple(self._sources.sources.values())
        looks = [(one.name, self._certificates(one)) for one in sources] + [(one.name, self._grants(one)) for one in sources if one.probes]
        ended = await asyncio.gather(*(look for _, look in looks), return_exceptions=True)
        for (name, _), failure in zip(looks, ended, strict=True):
            if failure is not None:
                _log.error("an agency could not be looked at", source=name, exception=type(failure).__name__)

    # ---- certificates

    async def _certificates(self, source: ConnectedSource) -> None:
        origins = sorted(origin for origin in source.origins if origin.startswith("https://"))
        if self._read is None or not origins:
            return
        written = self._settings[source.name]
        try:
            tls = tls_context(ca=written.ca, certificate=written.client_certificate, key=written.client_key)
        except OSError:
            _log.warning("certificates towards an agency cannot be read now", source=source.name)
            return
        await asyncio.gather(*(self._certificate(source.name, origin, tls, self._read) for origin in origins))

    async def _certificate(self, source: SourceName, origin: str, tls: ssl.SSLContext, read: ReadExpiry) -> None:
        try:
            not_after = await read(origin, tls, timeout=_TIMEOUT_S)
        except NotSent as failure:
            _log.warning("an agency's certificate cannot be read", source=source, where=origin, why=failure.why)
            return
        self._metrics.certificate_not_after.labels(f"{source} {origin}").set(not_after)
        left = not_after - self._clock.now_ms() // 1000
        if left < WARN_S:
            ends = f"{utc(not_after * 1000):%Y-%m-%d}"
            _log.warning("an agency's certificate ends soon", source=source, where=origin, not_after=ends, seconds=left)

    # ---- grants

    async def _grants(self, source: ConnectedSource) -> None:
        for recipient in sorted(source.recipients):  # one after another: the places in the source's line are for citizens
            await self._grants_to(source, recipient)
        every = [held for (name, _), held in self._granted.items() if name == source.name]
        for kind in {kind for held in every for kind in held}:
            self._metrics.source_granted.labels(source.name, kind).set(all(held.get(kind, True) for held in every))

    async def _grants_to(self, source: ConnectedSource, recipient: RecipientId) -> None:
        kinds = frozenset(kind.type for kind in self._kinds if kind.source == source.name)
        said = (await source.probe(kinds, recipient, id_text(new_id(self._clock)), _TIMEOUT_S)).value
        if not isinstance(said, Probed):
            why = said.why if isinstance(said, Unavailable) else said.cause.value
            _log.warning("an agency does not say what it grants", source=source.name, recipient=recipient, why=why)
            return
        before = self._granted.get((source.name, recipient), {})
        for kind, granted in said.granted.items():
            if before.get(kind) is not granted:
                tell = _log.info if granted else _log.warning
                state = "granted" if granted else "not granted"
                tell("what an agency grants", source=source.name, recipient=recipient, record_type=kind, state=state)
        self._granted[source.name, recipient] = said.granted
