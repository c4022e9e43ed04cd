"""While a gateway runs, it must be the only one of its name, and its databases must answer: looked at again and again."""

import asyncio
from collections.abc import Callable

from linkage.audit.journal import Journal
from linkage.runtime.storage import Hold
from linkage.store.lock import StoreLocked

EVERY_S = 1.0


class Presence:
    """Looks after what keeps other gateways away."""

    def __init__(self, hold: Hold, journal: Journal, free_bytes: Callable[[], int | None]) -> None:
        """Watch ``hold``; should it be lost to another gateway, ``journal`` records nothing more, and the gateway ends.

        ``free_bytes``: what is left on the log's disk, None where that is another machine's.
        """
        self._hold = hold
        self._journal = journal
        self.free_bytes = free_bytes
        self.trouble = ""
        """Why the databases cannot be used now; empty while they answer."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                self.trouble = await asyncio.to_thread(self._hold.look)
            except StoreLocked as cause:
                self._journal.poison(str(cause))
                return
