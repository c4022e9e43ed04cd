"""The sweeper closes intents whose outcome will never be known, and lets go of claims whose time is over."""

import asyncio

from linkage.audit.journal import Journal
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, LogCorrupt

_AT_ONCE = 128
_PURGES = 20


async def sweep(journal: Journal, before_ms: int, *, why: str) -> int:
    """Close, as `recovered`, every intent recorded at or before this time that is still open, and give their number.

    An outcome that comes later still finds its intent closed, and what it would have released is withheld.

    Raises:
        AuditUnavailable: not all could be closed.
        LogCorrupt: something is held to be open that the log does not hold as an open intent. Nothing was appended for it.
    """
    closed = 0
    refused: set[bytes] = set()
    while orphans := await journal.with_log(lambda log: log.open_intents(before_ms, _AT_ONCE)):
        for orphan in orphans:
            if orphan.eid in refused:  # whoever closes an intent takes it off the open ones in the same transaction
                raise LogCorrupt(f"open {orphan.index}: held to be open, but the log holds no such intent that is open")
        done = await asyncio.gather(*(journal.recover(orphan.eid, why) for orphan in orphans))
        refused.update(orphan.eid for orphan, own in zip(orphans, done, strict=True) if not own)
        closed += sum(done)
    return closed


class Sweeper:
    """Sweeps again and again. Any number of workers may: an intent is closed once."""

    def __init__(self, journal: Journal, clock: Clock, *, after: float, every: float = 10.0) -> None:
        """Close intents ``after`` seconds, which must be longer than the longest deadline; look ``every`` so many seconds."""
        self._journal = journal
        self._clock = clock
        self._after_ms = round(after * 1000)
        self._every = every

    async def sweep(self) -> int:
        """One round; gives the number of intents closed.

        Raises:
            AuditUnavailable: not now.
            LogCorrupt: as `sweep`.
        """
        now = self._clock.now_ms()
        closed = await sweep(self._journal, now - self._after_ms, why="no outcome in time")
        for _ in range(_PURGES):  # entries go between two of them
            if not await self._journal.with_log(lambda log: log.purge(now)):
                break
        return closed

    async def run(self) -> None:
        """Sweep until cancelled. A log that cannot be written is tried again; the health says why.

        One whose open intents are not those of its entries is not written any more.
        """
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.sweep()
            except LogCorrupt as cause:
                self._journal.poison(f"sweeper: {cause}")
                return
            except AuditUnavailable:
                continue
