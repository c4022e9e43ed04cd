"""What a place to keep the log in has to offer: a log to append to, a reader that cannot write, a store of data keys.

Two backends do, SQLite and PostgreSQL, and share no code; tests/store runs one suite over both. All of it is plain synchronous code
for one thread at a time.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar

from linkage.store.contract import Draft, Head, OpenIntent, Result, StoredEntry

_T = TypeVar("_T")


class LogReader(Protocol):
    """A view of a log that cannot write; never in the writer's way. ``with`` closes it."""

    def __enter__(self) -> Self:
        """The reader itself."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close it."""
        ...

    def close(self) -> None:
        """Close the connection; the reader is of no use afterwards."""
        ...

    def consistent(self, question: Callable[[Self], _T]) -> _T:
        """Ask a question whose reads all see the log as it is at the first of them. Keep it short on a log in use.

        Everything below is asked within it.

        Raises:
            StoreUnavailable: the log cannot be read now.
            LogCorrupt: the database is not sound, or the question found something missing.
        """
        ...

    def head(self) -> Head:
        """The head row, unverified; `LogCorrupt` if there is none of this schema version."""
        ...

    def node(self, level: int, index: int) -> bytes:
        """The hash of a node, level 0 being a leaf's own; `LogCorrupt` naming it if it is not there."""
        ...

    def nodes(self, level: int, first: int, count: int) -> Sequence[tuple[int, bytes]]:
        """Stored nodes (index, hash) of a level of 1 or more, from index ``first`` on, at most ``count``, by index."""
        ...

    def entries(self, first: int, count: int) -> Iterator[StoredEntry]:
        """Entries from index ``first`` on, at most ``count``, in log order."""
        ...

    def at(self, indexes: Collection[int]) -> Sequence[StoredEntry]:
        """The entries at these indexes, in log order; those that are not there are left out."""
        ...

    def of_request(self, eid: bytes) -> tuple[StoredEntry, ...]:
        """The entries of one request: that of this id, and the one that closed it. Empty if there is none."""
        ...

    def checkpoints(self, first: int, count: int) -> Sequence[tuple[int, bytes, str, int]]:
        """Checkpoints ever signed (size, root, note, time in ms) of ``first`` entries or more, at most ``count``, smallest first."""
        ...

    def stray(self, size: int) -> str:
        """What stands beyond a log of ``size`` entries (a leaf, node or checkpoint), in a few words; empty if nothing does."""
        ...

    def open_intents(self, before_ms: int, at_most: int) -> tuple[OpenIntent, ...]:
        """Intents recorded at or before this time that nothing has closed, oldest first."""
        ...

    def unfounded(self) -> OpenIntent | None:
        """The first of what is held to be an open intent that the entries do not say is one; None if there is none."""
        ...


class LogStore(Protocol):
    """A log opened for appending. Several processes may append to one log."""

    @property
    def head(self) -> Head:
        """The newest head this process knows; another process may have moved it on."""
        ...

    @property
    def poison(self) -> str:
        """Why nothing is written by this object any more; empty while it can write."""
        ...

    def reader(self) -> LogReader:
        """A new read-only connection to the same log."""
        ...

    def trouble(self) -> str:
        """Why an intent would be refused now, in a few words; empty if nothing is known. Cheap: for health checks, from any thread."""
        ...

    def lost(self) -> str:
        """Why nothing can be written any more, whatever is waited for; empty if nothing is known. Cheap, and for any thread."""
        ...

    def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Write one batch, durable on return; one result for each draft, in order.

        Raises:
            StoreUnavailable: certainly nothing was written; a later batch may succeed.
            StorePoisoned: unknown what was written, or the log is not as it was left; every later batch raises it, too.
        """
        ...

    def open_intents(self, before_ms: int, at_most: int) -> tuple[OpenIntent, ...]:
        """Intents recorded at or before this time that nothing has closed; `StoreUnavailable` if they cannot be read."""
        ...

    def purge(self, now_ms: int, at_most: int = 1000) -> int:
        """Delete rows of claims whose time is over, up to so many of each kind; gives their number.

        Raises:
            StoreUnavailable: not now.
            StorePoisoned: as `append`.
        """
        ...

    def close(self) -> None:
        """Close the log; `StoreUnavailable` if something was left to the next start, which nothing is lost by."""
        ...


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A wrapped data key.

    ``kek`` is the id of the key that wraps it. ``pseudonym`` is the keyed hash of the person's number under the pseudonym key
    ``epoch``: what a search finds the row by. Both are None until the person is known. ``made_ms``, ``expires_ms``: Unix time in
    ms; from ``expires_ms`` on the key is to be forgotten, None: kept until somebody asks for it.
    """

    id: bytes
    wrapped: bytes = field(repr=False)
    kek: str
    pseudonym: bytes | None = field(repr=False)
    epoch: str | None
    made_ms: int
    expires_ms: int | None = None


class KeyStore(Protocol):
    """The wrapped data keys, apart from the log. For one thread at a time; several processes may share the store."""

    def lost(self) -> str:
        """Why no key can be stored any more; empty if nothing is known. Cheap, and for any thread: for health checks."""
        ...

    def put(self, rows: Iterable[KeyRow]) -> None:
        """Store rows, durable on return. A row whose id is there already gains its pseudonym and changes in nothing else.

        Raises:
            StoreUnavailable: not known to be stored; a later call with the same rows may succeed, and does no harm if they are there.
            StorePoisoned: unknown what was stored, now or in an earlier call.
        """
        ...

    def get(self, key_id: bytes) -> KeyRow | None:
        """The row of this id, None if it was never there or is forgotten; `StoreUnavailable` if it cannot be read."""
        ...

    def of_pseudonym(self, pseudonym: bytes) -> Sequence[KeyRow]:
        """The rows of one person under one pseudonym key, oldest id first; `StoreUnavailable` if they cannot be read."""
        ...

    def epochs(self) -> tuple[str, ...]:
        """The epochs of the pseudonyms that are there, sorted: what a search has to go through. `StoreUnavailable` as `get`."""
        ...

    def keks(self) -> tuple[str, ...]:
        """The ids of the keys that wrap what is there, sorted; `StoreUnavailable` if they cannot be read."""
        ...

    def not_under(self, kek: str, at_most: int) -> Sequence[KeyRow]:
        """Rows that another key than ``kek`` wraps, at most so many; `StoreUnavailable` if they cannot be read."""
        ...

    def rewrap(self, rows: Iterable[KeyRow]) -> None:
        """Replace ``wrapped`` and ``kek`` of rows that are there, durable on return; a row that is gone stays gone. Raises as `put`."""
        ...

    def expired(self, now_ms: int, at_most: int) -> tuple[bytes, ...]:
        """Ids of keys whose time is over at ``now_ms``, at most so many; `StoreUnavailable` if they cannot be read."""
        ...

    def holds_any(self) -> bool:
        """Whether any key was ever put here and not forgotten; `StoreUnavailable` if it cannot be read."""
        ...

    def forget(self, key_ids: Iterable[bytes]) -> None:
        """Delete rows and overwrite their place where the store can. What they sealed cannot be read any more. Raises as `put`."""
        ...

    def close(self) -> None:
        """Close the store."""
        ...
