"""One page of metrics for a gateway of several workers: each worker's own samples, labelled with its number, and the supervisor's."""

import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from linkage.runtime.supervisor import Cause, Supervisor

ANSWERS_S = 1.0
"""Seconds for which a worker is waited for; one that says nothing until then is left out, and counted."""

_LARGEST = 16 * 2**20
"""Bytes of a page that are read."""
_OF_THE_FIRST = frozenset(
    {"linkage_search_behind", "linkage_self_audit_progress", "linkage_self_audit_finished_seconds", "linkage_data_keys_to_rewrap"}
)
"""Gauges that worker 0 alone sets (`Post.keeps_house`): of any other they would say 0, which means that all is well."""


class WorkersPage(Collector):
    """Collects, whenever the page is asked for, what every worker shows on loopback."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._missed = 0

    def collect(self) -> Iterator[Metric]:
        """Every family once, with the samples of all workers that answered."""
        supervisor = self._supervisor
        asked = [(str(number), worker.page) for number, worker in supervisor.workers() if worker.page]
        asked += [(f"{number}-leaving", worker.page) for number, worker in supervisor.leaving() if worker.page]
        with ThreadPoolExecutor(max(1, len(asked))) as together:
            pages = list(together.map(lambda one: _page(one[1]), asked))
        families: dict[str, Metric] = {}
        for (number, _), page in zip(asked, pages, strict=True):
            self._missed += page is None
            for family in page or ():
                if family.name in _OF_THE_FIRST and number != "0":
                    continue
                whole = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    whole.add_sample(sample.name, {**sample.labels, "worker": number}, sample.value)
        yield from families.values()
        yield from self._own()

    def describe(self) -> Iterator[Metric]:
        """Its own families: which others there are, only workers know."""
        return self._own()

    def _own(self) -> Iterator[Metric]:
        supervisor = self._supervisor
        yield GaugeMetricFamily("linkage_workers", "Workers that serve.", value=len(supervisor.workers()))
        replaced = CounterMetricFamily("linkage_workers_replaced", "Workers that were replaced, by cause.", labels=["cause"])
        for cause in Cause:
            replaced.add_metric([cause.value], supervisor.replaced[cause])
        yield replaced
        yield GaugeMetricFamily("linkage_rolling_restart", "1 while a rolling restart is under way.", value=int(supervisor.rolling))
        yield CounterMetricFamily("linkage_workers_missed", "Pages of workers that did not come in time.", value=self._missed)


def show(listen: str, supervisor: Supervisor) -> Any:
    """Serve the page at host:port, in a thread; None where there is to be none."""
    if not listen:
        return None
    registry = CollectorRegistry()
    registry.register(WorkersPage(supervisor))
    host, _, port = listen.rpartition(":")
    page, _thread = prometheus_client.start_http_server(int(port), host, registry)
    return page


def _page(port: int) -> list[Metric] | None:
    """What a worker shows; None where it shows nothing, or somebody else has its port by now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERS_S)
    try:
        connection.request("GET", "/metrics", headers={"Accept": "text/plain; version=0.0.4"})
        return list(text_string_to_metric_families(connection.getresponse().read(_LARGEST).decode()))
    except (OSError, http.client.HTTPException, ValueError, LookupError):
        return None
    finally:
        connection.close()
