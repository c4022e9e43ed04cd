"""The conformance kit: named checks that every adapter passes before it is asked about anybody, over real sockets.

    assert await failures("dopa") == ()             # in an adapter's tests: by name, or by the folder it is written in

Each check is a small function with its ``because``; `CHECKS` holds all of them.
"""

from linkage.sources.conformance import (  # noqa: I001 (the order in which checks are shown)
    papers,
    simulators,
    answers,
    subjects,
    presence,
    unavailable,
    conduct,
    discretion,
    certificate,
)
from linkage.sources.conformance.check import CHECKS, CannotBeTold, Check, Outcome, Result
from linkage.sources.conformance.run import failures, run_checks

__all__ = [
    "CHECKS",
    "CannotBeTold",
    "Check",
    "Outcome",
    "Result",
    "answers",
    "certificate",
    "conduct",
    "discretion",
    "failures",
    "papers",
    "presence",
    "run_checks",
    "simulators",
    "subjects",
    "unavailable",
]
