"""The search, off the event loop: a thread that answers, and one that keeps the index up with the log."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from linkage.audit.indexing import keep_up
from linkage.audit.sealing import Sealing
from linkage.audit.seals import Seals
from linkage.audit.search import Page, Query, Searcher, Shown
from linkage.errors import AuditUnavailable, LogCorrupt, Reason, Refusal
from linkage.store.backend import KeyStore, LogReader
from linkage.store.contract import StoreUnavailable
from linkage.store.search_find import Term
from linkage.store.search_index import IndexUnavailable, SearchIndex

_T = TypeVar("_T")

EVERY_S: Final = 1.0
_SLICE_S: Final = 0.5
"""Seconds of one turn of keeping up: a gateway that stops waits no longer than that."""


class SearchRoom:
    """Answers searches. Log, index and data keys are opened at the first question, each in the thread that uses it."""

    def __init__(
        self,
        open_reader: Callable[[], LogReader],
        open_keys: Callable[[], KeyStore],
        index: Path,
        sealing: Sealing,
        on_corrupt: Callable[[LogCorrupt], None] = lambda _: None,
    ) -> None:
        """Take what opens the log and the data keys, and where the index is.

        ``on_corrupt`` is called on the event loop when a reading finds that the log is not as it was written.
        """
        self._open_reader = open_reader
        self._open_keys = open_keys
        self._path = index
        self._sealing = sealing
        self._on_corrupt = on_corrupt
        self._answering = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._keeping_up = ThreadPoolExecutor(1, thread_name_prefix="search-index")
        self._searcher: Searcher | None = None
        self._own: tuple[SearchIndex, LogReader] | None = None

    async def size(self) -> int:
        """See `Searcher.size`; every method here raises as the searcher's, and SEARCH_UNAVAILABLE where the index cannot be used."""
        return await self._ask(lambda searcher: searcher.size())

    async def known(self, terms: frozenset[Term]) -> frozenset[Term]:
        """Those of these terms that some entry has ever named."""
        return await self._ask(lambda searcher: frozenset(filter(searcher.knows, terms)))

    async def knows_visit(self, visit: bytes) -> bool:
        """See `Searcher.knows_visit`."""
        return await self._ask(lambda searcher: searcher.knows_visit(visit))

    async def page(self, query: Query) -> Page:
        """See `Searcher.page`."""
        return await self._ask(lambda searcher: searcher.page(query))

    async def of_request(self, eid: bytes) -> tuple[Shown, ...]:
        """See `Searcher.of_request`."""
        return await self._ask(lambda searcher: searcher.of_request(eid))

    async def run(self, told: Callable[[int | None], None] = lambda _: None) -> None:
        """Keep the index up with the log, until cancelled. What cannot be read now is read later.

        ``told`` is told, after each turn, how many entries are missing from the index; None where log or index cannot be used now.
        """
        loop = asyncio.get_running_loop()
        while True:
            missing: int | None
            try:
                missing = await loop.run_in_executor(self._keeping_up, self._keep_up)
            except LogCorrupt as cause:
                self._on_corrupt(cause)
                return
            except AuditUnavailable:
                missing = None
            told(missing)
            await asyncio.sleep(0 if missing else EVERY_S)

    async def come_up(self, told: Callable[[int], None], *, anew: bool = False) -> None:
        """Read into the index whatever is missing now, however long that takes; ``told`` is told how many entries are left.

        ``anew``: drop first whatever the index holds.

        Raises:
            Refusal: SEARCH_UNAVAILABLE.
            StoreUnavailable, LogCorrupt: the log cannot be read.
        """
        loop = asyncio.get_running_loop()
        try:
            if anew:
                await loop.run_in_executor(self._keeping_up, self._drop)
            while missing := await loop.run_in_executor(self._keeping_up, self._keep_up):
                told(missing)
        except IndexUnavailable as cause:
            raise Refusal(Reason.SEARCH_UNAVAILABLE, retry_after=1.0, detail="the index cannot be used") from cause

    async def close(self) -> None:
        """Close everything and end the threads."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._keeping_up, self._close_own)
        await loop.run_in_executor(self._answering, self._close_searcher)
        self._keeping_up.shutdown()
        self._answering.shutdown()

    async def _ask(self, question: Callable[[Searcher], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._answering, self._answer, question)
        except LogCorrupt as cause:
            self._on_corrupt(cause)
            raise
        except IndexUnavailable as cause:
            raise Refusal(Reason.SEARCH_UNAVAILABLE, retry_after=1.0, detail="the index cannot be used") from cause

    # ---- in the threads --------------------------------------------------------------------------------------------

    def _answer(self, question: Callable[[Searcher], _T]) -> _T:
        try:
            return question(self._opened())
        except IndexUnavailable:
            raise
        except StoreUnavailable:  # a connection that was cut off does not heal, a new one may do
            self._close_searcher()
            return question(self._opened())

    def _opened(self) -> Searcher:
        if self._searcher is None:
            reader = self._open_reader()
            try:
                seals = Seals(self._sealing, self._open_keys())
            except AuditUnavailable:
                reader.close()
                raise
            self._searcher = Searcher(reader, SearchIndex(self._path), seals)
        return self._searcher

    def _drop(self) -> None:
        index = SearchIndex(self._path)
        try:
            index.begin(b"")  # of no log: the next look begins anew
        finally:
            index.close()

    def _keep_up(self) -> int:
        if self._own is None:
            self._own = SearchIndex(self._path), self._open_reader()
        try:
            return keep_up(*self._own, seconds=_SLICE_S)
        except AuditUnavailable:
            self._close_own()
            raise

    def _close_own(self) -> None:
        if self._own is not None:
            for each in self._own:
                each.close()
        self._own = None

    def _close_searcher(self) -> None:
        if self._searcher is not None:
            self._searcher.close()
        self._searcher = None
