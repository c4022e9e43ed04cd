"""What operators see: log lines and metrics, neither of which can hold a citizen's number or a record value.

Log lines are JSON on standard error. Only the keys of `ALLOWED` pass; any other key is dropped and its name reported, and any run
of thirteen digits is masked, so that a careless call cannot break the promise. Metric labels are names from the register, the
settings and the contract, never from a request.
"""

import logging
import re
import sys
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

ALLOWED = frozenset(
    {
        *("event", "level", "timestamp", "request_id", "entry_id", "method", "code", "reason", "who", "exception", "where"),
        *("counter", "centre", "recipient", "source", "adapter", "service", "record_type", "result", "why", "attempts", "ms"),
        *("index", "size", "findings", "file", "key", "expected", "listen", "version", "pid", "signal", "count", "bytes_free"),
        *("not_after", "state", "problems", "replica", "seconds", "witness", "worker", "status"),
    }
)
"""Keys a log line may have."""

_THIRTEEN_DIGITS = re.compile(r"\d{13}|\d-\d{4}-\d{5}-\d{2}-\d")


def _only_allowed(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    kept = {key: _masked(value) for key, value in event.items() if key in ALLOWED}
    dropped = sorted(set(event) - set(kept))
    return {**kept, "dropped_keys": dropped} if dropped else kept


def _masked(value: Any) -> Any:
    text = value if isinstance(value, (int, float, bool)) else str(value)
    return _THIRTEEN_DIGITS.sub("*************", str(text)) if _THIRTEEN_DIGITS.search(str(text)) else text


def configure_logging(stream: TextIO | None = None) -> None:
    """Set up structlog, and silence libraries that write addresses of requests. ``stream``: None for standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.JSONRenderer(),  # ASCII: U+2028 must not begin a new line
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    for name in ("httpx", "httpcore", "aiohttp", "asyncio", "grpc", "uvicorn"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Every metric of a worker, on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.calls = Counter("linkage_calls_total", "Calls by method and gRPC code.", ["method", "code"], registry=r)
        self.call_seconds = Histogram("linkage_call_seconds", "Time of a call.", ["method"], buckets=_SECONDS, registry=r)
        self.refusals = Counter("linkage_refusals_total", "Refusals by reason.", ["reason"], registry=r)
        self.places_taken = Gauge("linkage_places_taken", "Places taken; a bundle takes one for each record.", registry=r)
        self.admissions = Counter(
            "linkage_admissions_total",
            "Calls at the door: admitted, or refused for `full` or `share`; a bundle that is let in and then refused for its weight is in both.",
            ["result"],
            registry=r,
        )
        self.refusals_kept = Counter(
            "linkage_refusals_kept_total", "Refusals for want of a place, told late to callers that do not wait.", registry=r
        )
        self.unknown_methods = Counter("linkage_unknown_methods_total", "Calls of methods that do not exist.", registry=r)
        self.misuses = Counter("linkage_misuses_total", "Calls that misused their connection, by how.", ["how"], registry=r)
        self.handshakes = Counter("linkage_handshakes_total", "TLS handshakes begun: connections that were accepted.", registry=r)
        self.verdicts = Counter("linkage_verdicts_total", "Verdicts by source.", ["source", "verdict"], registry=r)
        self.answers = Counter("linkage_answers_total", "Answers of agencies.", ["source", "answer"], registry=r)
        self.agency_seconds = Histogram("linkage_agency_seconds", "Time an agency took.", ["source"], buckets=_SECONDS, registry=r)
        self.agency_up = Gauge("linkage_agency_up", "1 while the agency's breaker is closed.", ["source"], registry=r)
        self.source_granted = Gauge(
            "linkage_source_granted", "1 while the agency grants us the record type, by its last word.", ["source", "type"], registry=r
        )
        self.wrong_person = Counter("linkage_wrong_person_total", "ALARM: records about another person, withheld.", ["source"], registry=r)
        self.excess_fields = Counter("linkage_excess_fields_total", "Fields an agency sent unasked, dropped.", ["source"], registry=r)
        self._of_the_log(r)
        self._of_keys_and_files(r)
        self._of_witnesses(r)

    def _of_the_log(self, r: CollectorRegistry) -> None:
        self.search_behind = Gauge("linkage_search_behind", "Entries the search index lacks; -1 while it cannot be used.", registry=r)
        self.log_size = Gauge("linkage_log_size", "Entries in the access log.", registry=r)
        self.log_ok = Gauge("linkage_log_ok", "1 while the access log can record.", registry=r)
        self.log_queue = Gauge("linkage_log_queue", "Entries waiting to be recorded.", registry=r)
        self.log_commit_ms = Gauge("linkage_log_commit_milliseconds", "Time of the last commit.", registry=r)
        self.disk_free = Gauge(
            "linkage_log_disk_free_bytes", "Bytes free on the log's disk; NaN where that is another machine's.", registry=r
        )
        self.self_audit_progress = Gauge("linkage_self_audit_progress", "How far the re-reading of the whole log is, 0 to 1.", registry=r)
        self.self_audit_entries = Counter("linkage_self_audit_entries_total", "Entries of the log that were re-read.", registry=r)
        self.self_audit_finished = Gauge(
            "linkage_self_audit_finished_seconds",
            "Unix time at which the whole log was last found sound; 0: not since the start.",
            registry=r,
        )
        self.self_audit_findings = Counter(
            "linkage_self_audit_findings_total", "ALARM: the log does not verify; the gateway ends.", registry=r
        )
        self.recovered = Counter("linkage_recovered_total", "Intents closed as recovered: their outcome is unknown.", registry=r)

    def _of_keys_and_files(self, r: CollectorRegistry) -> None:
        self.certificate_not_after = Gauge("linkage_certificate_not_after_seconds", "Unix time at which it expires.", ["which"], registry=r)
        self.data_keys_to_rewrap = Gauge(
            "linkage_data_keys_to_rewrap", "Data keys still wrapped under an older sealing key, counted up to 256.", registry=r
        )
        self.data_keys_forgotten = Counter(
            "linkage_data_keys_forgotten_total", "Data keys destroyed because their time was over.", registry=r
        )
        self.reload_ok = Gauge("linkage_reload_ok", "1 while the newest version of the files is in force.", ["which"], registry=r)

    def _of_witnesses(self, r: CollectorRegistry) -> None:
        self.witness_tries = Counter(
            "linkage_witness_tries_total", "Submissions by witness and what came of them.", ["witness", "result"], registry=r
        )
        self.witness_age = Gauge("linkage_witness_age_seconds", "Time since the witness cosigned last.", ["witness"], registry=r)
        self.witness_size = Gauge("linkage_witness_size", "Entries that the witness has cosigned.", ["witness"], registry=r)
        self.witness_ok = Gauge("linkage_witness_ok", "1 while enough witnesses have cosigned freshly.", registry=r)
