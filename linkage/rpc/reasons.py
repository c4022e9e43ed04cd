"""Reads THE error table, `reasons.toml`: for every `Reason` its code, who can mend it, and the officer's sentences.

The table is complete or the start fails; README.md prints it.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

import grpc

from linkage.errors import Reason


@dataclass(frozen=True, slots=True)
class Row:
    """How one reason is told. ``who`` can mend it: counter (its software), officer, agency, operator or nobody."""

    code: grpc.StatusCode
    who: str
    en: str
    th: str


def _load() -> dict[Reason, Row]:
    content = tomllib.loads(files("linkage.rpc").joinpath("reasons.toml").read_text(encoding="utf-8"))
    if set(content) != {reason.value for reason in Reason}:
        raise RuntimeError(f"reasons.toml and Reason differ in {sorted(set(content) ^ {r.value for r in Reason})}")
    return {Reason(name): Row(grpc.StatusCode[row["code"]], row["who"], row["en"], row["th"]) for name, row in content.items()}


TABLE: dict[Reason, Row] = _load()
