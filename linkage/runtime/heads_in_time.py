"""HTTP connections that may not be silent: uvicorn waits for a request's head without end."""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


class HeadsInTime(H11Protocol):
    """A connection that is closed when the head of a request, above all of the first, takes too long to come whole."""

    HEAD_S: ClassVar[float] = 10.0
    """Seconds for a request's head."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As uvicorn makes it."""
        super().__init__(*args, **kwargs)
        self._too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        """Where a head is still to come, begin to count, unless that has begun; between whole requests uvicorn's own timeout counts."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._expect_nothing()
        elif self._too_late is None:
            self._too_late = self.loop.call_later(self.HEAD_S, self.transport.close)

    def _expect_nothing(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None
