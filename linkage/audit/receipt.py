"""Receipts: an entry's exact bytes and the proof that the log holds them, good for ever and offline.

`ReceiptBook` gives them again later, under the newest checkpoint, through a connection that cannot write.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self, TypeVar

from linkage.errors import LogCorrupt
from linkage.ids import id_text
from linkage.store.backend import LogReader
from linkage.store.contract import Placed
from linkage.tlog.proof import write_proof
from linkage.tlog.tree import consistency_path, inclusion_path

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of one entry: its id (lower-case UUID), its index, its bytes, and a c2sp.org/tlog-proof@v1 with its final newline."""

    entry_id: str
    index: int
    leaf: bytes
    tlog_proof: str

    @classmethod
    def of(cls, placed: Placed) -> Self:
        """The receipt of an entry just written, under the checkpoint of its own batch."""
        return cls(id_text(placed.eid), placed.index, placed.leaf, placed.batch.proof(placed.index))


class ReceiptBook:
    """Reads what the log can prove, in one thread of its own, so that no reader keeps the writer waiting."""

    def __init__(self, open_reader: Callable[[], LogReader], on_corrupt: Callable[[LogCorrupt], None] = lambda _: None) -> None:
        """Take what opens a reader of the log; it is opened at the first question.

        ``on_corrupt`` is called on the event loop when a reading finds that the log is not as it was written.
        """
        self._open_reader = open_reader
        self._on_corrupt = on_corrupt
        self._reader: LogReader | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="receipts")

    async def checkpoint(self) -> str:
        """The newest signed checkpoint, with its final newline.

        Raises:
            AuditUnavailable: the log cannot be read now.
            LogCorrupt: it is not as it was written.
        """
        return await self._ask(lambda log: log.head().note)

    async def of_request(self, request_id: bytes) -> tuple[Receipt, ...]:
        """The entries one request left, in log order, proved under the newest checkpoint; empty if there are none.

        Raises:
            AuditUnavailable: the log cannot be read now.
            LogCorrupt: it is not as it was written.
        """
        return await self._ask(lambda log: _receipts(log, request_id))

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the log of ``old`` entries is a prefix of the log of ``new``.

        Raises:
            ProofInvalid: not 0 <= old <= new <= the newest checkpoint's size.
            AuditUnavailable: the log cannot be read now.
            LogCorrupt: it is not as it was written.
        """
        return await self._ask(lambda log: tuple(consistency_path(old, new, log.node, largest=log.head().size)))

    async def close(self) -> None:
        """Close the reader and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _ask(self, question: Callable[[LogReader], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, question)
        except LogCorrupt as cause:
            self._on_corrupt(cause)
            raise

    def _answer(self, question: Callable[[LogReader], _T]) -> _T:
        if self._reader is None:
            self._reader = self._open_reader()
        return self._reader.consistent(question)

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _receipts(log: LogReader, request_id: bytes) -> tuple[Receipt, ...]:
    head = log.head()
    return tuple(
        Receipt(id_text(e.eid), e.index, e.leaf, write_proof(e.index, inclusion_path(e.index, head.size, log.node), head.note))
        for e in log.of_request(request_id)
    )
