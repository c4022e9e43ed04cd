"""Where a process stands among those of its gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Post:
    """A worker's place beside its siblings; the process that started them holds the log's lock."""

    number: int
    """From 0. A successor has its predecessor's."""
    boot: str
    """The id of its start in the log, 32 hexadecimal digits."""
    after: frozenset[str]
    """Such ids of workers that have ended, whose open intents it is to close."""
    began: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What it must find as its gateway did, as `linkage.runtime.alike.alike` says it."""

    @property
    def keeps_house(self) -> bool:
        """Whether it does what one worker does for all: ask the witnesses, keep the search index, look after keys, read the log again."""
        return self.number == 0
