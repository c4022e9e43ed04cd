"""How every command ends: what went wrong becomes one printed page, as text or JSON, and one exit code."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from linkage.client import Refused
from linkage.errors import AuditUnavailable, LogCorrupt, Problem, SettingsInvalid
from linkage.store.lock import StoreLocked
from linkage.tlog.errors import TlogInvalid

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)


class Exit(IntEnum):
    """What a command says to the shell."""

    CLEAN = 0
    FINDING = 1
    """The question was answered, and the answer is no: a refusal, no match, not found, a log that does not verify."""
    USAGE = 2
    """The command or a file of the operator's is wrong."""
    UNAVAILABLE = 3
    """Nobody can tell now. Never take it for a no."""


_UNAVAILABLE = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED"})
_USAGE = frozenset({"INVALID_ARGUMENT", "UNIMPLEMENTED"})


@contextmanager
def ending(*, as_json: bool) -> Iterator[None]:
    """Run a command's body; print what stops it and leave with its exit code."""
    try:
        yield
    except SettingsInvalid as failure:
        show_problems(failure.problems, as_json=as_json)
        raise typer.Exit(Exit.USAGE) from failure
    except Refused as failure:
        show_refused(failure, as_json=as_json)
        raise typer.Exit(exit_of(failure)) from failure
    except (TlogInvalid, LogCorrupt) as failure:
        show_failure("does not verify", str(failure), as_json=as_json)
        raise typer.Exit(Exit.FINDING) from failure
    except (AuditUnavailable, StoreLocked) as failure:
        show_failure("unavailable", str(failure), as_json=as_json)
        raise typer.Exit(Exit.UNAVAILABLE) from failure


def exit_of(refused: Refused) -> Exit:
    """The exit code of a refusal."""
    if refused.code in _UNAVAILABLE:
        return Exit.UNAVAILABLE
    return Exit.USAGE if refused.code in _USAGE else Exit.FINDING


def say(page: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    typer.echo(json.dumps(page, ensure_ascii=False, indent=2))


def show_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Print every problem of every file: to standard error as a table, or as JSON."""
    if as_json:
        say({"problems": [{"file": p.file, "key": p.key, "got": p.got, "expected": p.expected} for p in problems]})
        return
    many = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    table = Table(title=many, title_style="bold red", title_justify="left", header_style="bold")
    for heading in ("file", "key", "got", "expected"):
        table.add_column(heading, overflow="fold")
    for problem in problems:
        table.add_row(*(Text(text) for text in (problem.file, problem.key, problem.got, problem.expected)))
    err.print(table)


def refused_page(refused: Refused) -> dict[str, Any]:
    """A refusal as JSON."""
    return {
        "reason": refused.reason,
        "code": refused.code,
        "who": refused.who,
        "source": refused.source,
        "request_id": refused.request_id,
        "sentence": {"th": refused.sentence_th, "en": refused.sentence_en},
        "retry_after": refused.retry_after,
        "violations": [{"field": v.field, "description": v.description} for v in refused.violations],
    }


def show_refused(refused: Refused, *, as_json: bool) -> None:
    """Print a refusal."""
    if as_json:
        say({"refused": refused_page(refused)})
        return
    err.print(Text(refused.reason, style="bold red"), Text(f"({refused.code}, to be mended by: {refused.who})"))
    err.print(Text(refused.sentence_th))
    err.print(Text(refused.sentence_en))
    for violation in refused.violations:
        err.print(Text(f"  {violation.field}: {violation.description}", style="yellow"))
    if refused.retry_after is not None:
        err.print(Text(f"Try again after {refused.retry_after:g} s."))
    if refused.request_id:
        err.print(Text(f"request id: {refused.request_id}", style="dim"))


def show_failure(what: str, why: str, *, as_json: bool) -> None:
    """Print what stopped a command."""
    if as_json:
        say({"failure": {"what": what, "why": why}})
    else:
        err.print(Text(f"{what}: ", style="bold red") + Text(why))
