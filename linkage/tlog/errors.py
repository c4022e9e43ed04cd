"""What hostile bytes meet here: one named error, with what was got and what was expected.

``got`` describes (a length, a count, a position) and never repeats what came: notes and proofs arrive from strangers.
"""

from linkage.errors import LinkageError


class TlogInvalid(LinkageError):
    """The root of this room's errors: something that should be a note or a proof is not, or does not hold."""

    def __init__(self, what: str, *, got: str, expected: str) -> None:
        super().__init__(f"{what}: got {got}, expected {expected}")
        self.what = what
        self.got = got
        self.expected = expected


class NoteInvalid(TlogInvalid):
    """A key, a signed note or a checkpoint is malformed, or carries no good signature of a known key."""


class EmptyRootWrong(NoteInvalid):
    """A checkpoint of size 0 with another root than the empty tree's: well formed, and never true."""


class RequestInvalid(TlogInvalid):
    """What should be a request to a witness, or its reply, is malformed."""


class PolicyInvalid(TlogInvalid):
    """A policy file is malformed, or a checkpoint does not meet its policy."""


class ProofInvalid(TlogInvalid):
    """An inclusion or consistency proof is malformed or does not lead to the root it should."""


class TileInvalid(TlogInvalid):
    """A tile, an entry bundle or the path of one is malformed."""
