"""The data keys for what is done beside the requests: a connection of its own, in a thread of its own, never in the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from linkage.store.backend import KeyStore
from linkage.store.contract import StorePoisoned

_T = TypeVar("_T")


class KeysApart:
    """Opens the key store when it is first asked, and again after it was lost."""

    def __init__(self, open_keys: Callable[[], KeyStore]) -> None:
        """``open_keys`` opens the store; nobody else uses the object it gives."""
        self._open = open_keys
        self._store: KeyStore | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keys")

    async def ask(self, question: Callable[[KeyStore], _T]) -> _T:
        """Ask the store, or have it do something; keep it short, others write to it between two calls.

        Raises:
            StoreUnavailable, StorePoisoned: as the store does; it can be tried again.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._asked, question)

    async def close(self) -> None:
        """Close the store; what is under way is finished."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._thread.shutdown()

    def _asked(self, question: Callable[[KeyStore], _T]) -> _T:
        if self._store is None:
            self._store = self._open()
        try:
            return question(self._store)
        except StorePoisoned:
            self._let_go()
            raise

    def _let_go(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()
