"""What a gateway does for its keys beside the requests: says in the log which are used, wraps anew, forgets what is over."""

import asyncio
from collections.abc import Callable

import structlog

from linkage.audit.journal import Journal
from linkage.audit.key_changes import epoch_begun, in_use, say_once
from linkage.audit.keys_apart import KeysApart
from linkage.audit.retention import forget_expired
from linkage.audit.rewrapping import expect_epochs, expect_keks, rewrap_some, say_ended
from linkage.audit.sealing import Sealing
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, Refusal
from linkage.runtime.equipment import Equipment
from linkage.settings import Settings
from linkage.store.backend import KeyStore
from linkage.telemetry import Metrics
from linkage.tlog.log_keys import LogVerifier

_log = structlog.get_logger()

EVERY_S = 30.0
_BREATH_S = 0.01
"""Between two batches, so that the journal's own keys are never kept waiting for many."""


def open_checked(open_keys: Callable[[], KeyStore], sealing: Sealing, settings: Settings) -> KeyStore:
    """Open the data keys, of which the rings can unwrap every one, and find everybody by.

    Raises:
        SettingsInvalid: a ring lacks a key that is needed.
        StoreUnavailable, StorePoisoned: as ``open_keys``.
    """
    keys = open_keys()
    try:
        expect_keks(sealing, keys, str(settings.log.key_encryption_keys))
        expect_epochs(sealing, keys, str(settings.log.pseudonym_keys))
    except BaseException:  # whatever it is: cleaned up after, and raised again
        keys.close()
        raise
    return keys


async def begin_care(
    journal: Journal, open_keys: Callable[[], KeyStore], sealing: Sealing, clock: Clock, equipment: Equipment
) -> "KeyCare":
    """Say in the log which keys this gateway starts with; gives what is to `run` from then on. Raises as `KeyCare.begin`."""
    care = KeyCare(journal, KeysApart(open_keys), sealing, clock, equipment.metrics)
    try:
        await care.begin(equipment.keys.signer.verifier)
    except BaseException:  # whatever it is: cleaned up after, and raised again
        await care.close()
        raise
    return care


class KeyCare:
    """Begin with `begin`, then `run`; `close` at the end. Any number of gateways may."""

    def __init__(self, journal: Journal, keys: KeysApart, sealing: Sealing, clock: Clock, metrics: Metrics) -> None:
        self._journal = journal
        self._keys = keys
        self._sealing = sealing
        self._clock = clock
        self._metrics = metrics
        self._epoch = ""
        self._ended_said = False

    async def begin(self, verifier: LogVerifier) -> None:
        """Say in the log what it has not said yet of the keys that this gateway starts with.

        Raises:
            AuditUnavailable: it cannot be said; the gateway must not serve.
        """
        for change in in_use(verifier, self._sealing):
            await say_once(self._journal, change.entry)
        self._epoch = self._sealing.epoch

    async def look(self) -> None:
        """One round: a new month's pseudonyms, data keys under older keys, data keys whose time is over.

        Raises:
            Refusal, AuditUnavailable: not now; what is left is for the next round.
        """
        if self._epoch != self._sealing.epoch:
            change = epoch_begun(self._sealing)
            await say_once(self._journal, change.entry)
            self._epoch = change.key_id
        await self._rewrap()
        if forgotten := await forget_expired(self._journal, self._keys, self._clock):
            self._metrics.data_keys_forgotten.inc(forgotten)
            _log.info("data keys whose time was over were forgotten", count=forgotten)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await self.look()
            except (AuditUnavailable, Refusal):
                _log.warning("the data keys could not be looked after; they will be in the next round")
            await asyncio.sleep(EVERY_S)

    async def close(self) -> None:
        """Close the connection to the data keys."""
        await self._keys.close()

    async def _rewrap(self) -> None:
        if len(self._sealing.keks) == 1:
            return
        while True:
            done, broken = await rewrap_some(self._keys, self._sealing)
            self._metrics.data_keys_to_rewrap.set(done + broken)
            if broken:
                _log.error("data keys do not unwrap; older sealing keys stay in use", count=broken)
            if not done:
                break
            await asyncio.sleep(_BREATH_S)
        if not broken and not self._ended_said:
            await say_ended(self._journal, self._sealing)
            self._ended_said = True
