"""What a witness answers, and what that means for the log. Pure but for `Courier`, which somebody who speaks HTTP provides."""

from dataclasses import dataclass
from typing import Protocol

from linkage.errors import LinkageError
from linkage.tlog.cosignature import CosignerKey
from linkage.tlog.errors import TlogInvalid
from linkage.tlog.witness_wire import SIZE_TYPE, parse_cosignature, parse_size


class Undelivered(LinkageError):
    """No whole answer came: the message is a few fixed words."""


class Failed(LinkageError):
    """An answer came that is none of a witness's: the message is a few fixed words. No cosignature, and no reason for an alarm."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. ``content_type`` is without parameters, lower case."""

    status: int
    content_type: str
    body: bytes


class Courier(Protocol):
    """Carries requests to one witness and bounds its answers in size and time."""

    @property
    def name(self) -> str:
        """What the settings call the witness."""
        ...

    @property
    def key(self) -> CosignerKey:
        """The key whose cosignatures count."""
        ...

    async def submit(self, body: bytes) -> Answer:
        """Send a request to add a checkpoint; `Undelivered` if no whole answer comes in time."""
        ...

    async def latest(self, origin: str) -> bytes:
        """The newest checkpoint that the witness shows of this log; `Undelivered` if it shows none."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The checkpoint is cosigned, by this signature line."""

    line: str


@dataclass(frozen=True, slots=True)
class Behind:
    """The witness has seen another size than we said."""

    size: int


@dataclass(frozen=True, slots=True)
class Fork:
    """The checkpoint does not follow what the witness has seen."""

    why: str


def read_answer(answer: Answer, note: str, key: CosignerKey, old: int, size: int) -> Cosigned | Behind | Fork:
    """Say what the answer to a request means.

    Args:
        answer: as it came.
        note: the checkpoint that was sent.
        key: the witness's.
        old: the size that was said to be the witness's.
        size: the checkpoint's.

    Raises:
        Failed: it is no answer of a witness with this key.
    """
    match answer.status:
        case 200:
            try:
                return Cosigned(parse_cosignature(answer.body, note, key))
            except TlogInvalid:
                raise Failed("wrong cosignature") from None
        case 409:
            return _conflict(answer, old, size)
        case 422:
            return Fork("says that the log does not follow what it has seen")
        case 400 | 403 | 404:
            raise Failed({400: "says malformed", 403: "says key not trusted", 404: "says origin unknown"}[answer.status])
        case _:
            raise Failed("another status")


def _conflict(answer: Answer, old: int, size: int) -> Behind | Fork:
    try:
        seen = parse_size(answer.body) if answer.content_type == SIZE_TYPE else None
    except TlogInvalid:
        seen = None
    if seen is None:
        raise Failed("conflict without a size")
    if seen == old == size:  # some say it so where two roots have one size, though 422 is the word for it
        return Fork("has seen another root of the same size")
    if seen == old:
        raise Failed("contradicts itself")
    return Behind(seen)
