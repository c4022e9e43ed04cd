"""The keys of one log: usually one, two while one follows the other. All have the log's name; every current one signs every checkpoint.

A verifier says for which sizes each key counts. As text it is one line for each key, the current one first:
``<vkey> <first size> <last size, or - while it signs>``, or a vkey alone; empty lines and lines that begin with ``#`` are passed over.
"""

from dataclasses import dataclass, field
from typing import Self

from linkage.tlog.encoding import from_decimal
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.note import Signer, VerifierKey

MAX_KEYS = 64
"""Keys that one log may have had."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key, and the sizes of the log that it may vouch for, both included. ``last_size`` None: it signs still."""

    key: VerifierKey
    first_size: int = 0
    last_size: int | None = None

    @property
    def text(self) -> str:
        """The key's line: vkey, first size, last size or ``-``."""
        return f"{self.key.text} {self.first_size} {'-' if self.last_size is None else self.last_size}"

    def counts_at(self, size: int) -> bool:
        """Whether the key may vouch for a log of this size."""
        return self.first_size <= size and (self.last_size is None or size <= self.last_size)


@dataclass(frozen=True, slots=True)
class LogVerifier:
    """Every key that a log is known by, the current one first. `NoteInvalid` for none, too many, several names, or one key twice."""

    keys: tuple[LogKey, ...]
    known: tuple[VerifierKey, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= MAX_KEYS:
            raise NoteInvalid("log keys", got=f"{len(self.keys)}", expected=f"1 to {MAX_KEYS}")
        if len({each.key.name for each in self.keys}) != 1:
            raise NoteInvalid("log keys", got="several names", expected="one name: the log's")
        if len({each.key.key_id for each in self.keys}) != len(self.keys):
            raise NoteInvalid("log keys", got="a key twice", expected="each key once")
        object.__setattr__(self, "known", tuple(each.key for each in self.keys))

    @classmethod
    def of(cls, key: VerifierKey) -> Self:
        """A log that only ever had this key."""
        return cls((LogKey(key),))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a list of keys, or a vkey alone.

        Raises:
            NoteInvalid: no key, or a line is none; the message names the line and does not repeat it.
        """
        lines = enumerate(text.splitlines(), start=1)
        return cls(tuple(_log_key(line.strip(), number) for number, line in lines if line.strip() and not line.startswith("#")))

    @property
    def name(self) -> str:
        """The log's origin: the name that all of its keys have."""
        return self.keys[0].key.name

    @property
    def current(self) -> VerifierKey:
        """The newest key."""
        return self.keys[0].key

    @property
    def text(self) -> str:
        """The newest key's vkey."""
        return self.current.text

    @property
    def lines(self) -> str:
        """All keys, as `parse` reads them."""
        return "".join(f"{each.text}\n" for each in self.keys)

    def counts(self, key: VerifierKey, size: int) -> bool:
        """Whether this key, one of the log's, may vouch for a log of this size."""
        return any(each.key == key and each.counts_at(size) for each in self.keys)


class LogSigner:
    """The private keys that sign a log now, the current one first, and the verifier that knows these and the log's earlier keys."""

    __slots__ = ("signers", "verifier")

    def __init__(self, signers: tuple[Signer, ...], verifier: LogVerifier | None = None) -> None:
        """Take the keys that sign; ``verifier``: what is known of the log's keys, None where these are all and sign from size 0 on.

        Raises:
            NoteInvalid: no key, keys of several names, one twice; or the verifier does not know one of them, or says it is retired.
        """
        self.signers = signers
        self.verifier = verifier or LogVerifier(tuple(LogKey(signer.verifier) for signer in signers))
        signing = {each.key for each in self.verifier.keys if each.last_size is None}
        if not signers or signing != {signer.verifier for signer in signers} or self.verifier.current != signers[0].verifier:
            raise NoteInvalid(
                "log keys", got="others than those that sign", expected="every key that signs, and no other without a last size"
            )

    @classmethod
    def of(cls, signer: Signer) -> Self:
        """A log that only ever had this key."""
        return cls((signer,))

    def __repr__(self) -> str:
        return f"LogSigner({self.verifier.name!r}, {len(self.signers)})"

    def sign(self, text: str) -> str:
        """The note of ``text``, which ends in a newline, with a signature of every key; `NoteInvalid` as `Signer.sign`."""
        first, *more = self.signers
        note = first.sign(text)
        return note + "".join(signer.sign(text)[len(text) + 1 :] for signer in more)


def _log_key(line: str, number: int) -> LogKey:
    vkey, *sizes = line.split(" ")
    if not sizes:
        return LogKey(VerifierKey.parse(vkey))
    first = from_decimal(sizes[0])
    last = None if sizes[-1] == "-" else from_decimal(sizes[-1])
    if len(sizes) != 2 or first is None or (last is None and sizes[1] != "-") or (last is not None and last < first):
        raise NoteInvalid(f"log key, line {number}", got="another form", expected="vkey, first size, last size or -, one space between")
    return LogKey(VerifierKey.parse(vkey), first, last)
