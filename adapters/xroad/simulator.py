"""The example's Security Server and the register behind it, for the simulator's entry point."""

from adapters.xroad.adapter import MANIFEST
from linkage.clock import Clock
from linkage.sources.rest.xroad.simulator import SecurityServer


class XRoadSimulator(SecurityServer):
    """Knows the people of ``people.toml``."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(MANIFEST, clock=clock)
