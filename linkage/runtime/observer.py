"""Tells metrics and log lines how sources fare."""

from functools import lru_cache

import structlog

from linkage.sources.breaker import BreakerState
from linkage.sources.resilience import Observation
from linkage.telemetry import Metrics
from linkage.terms import SourceName

_log = structlog.get_logger()


class MeteringObserver:
    """Counts every call at a source; says when a breaker changes."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._seconds = lru_cache(maxsize=256)(metrics.agency_seconds.labels)
        self._states: dict[SourceName, BreakerState] = {}

    def asked(self, observation: Observation) -> None:
        """A call is over."""
        self._seconds(observation.source).observe(observation.elapsed_ms / 1000)
        if observation.why:
            _log.warning(
                "agency did not answer",
                source=observation.source,
                method=observation.operation,
                why=observation.why,
                attempts=observation.attempts,
                ms=observation.elapsed_ms,
            )

    def breaker(self, source: SourceName, state: BreakerState) -> None:
        """The breaker of a source is now in this state."""
        self._metrics.agency_up.labels(source).set(state is BreakerState.CLOSED)
        if self._states.get(source, BreakerState.CLOSED) is not state:
            _log.warning("breaker", source=source, state=state.value)
        self._states[source] = state
