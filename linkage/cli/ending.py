"""How every command ends: what went wrong becomes one printed page, as text or JSON, and one exit code."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from linkage.client import Refused
from linkage.errors import AuditUnavailable, LogCorrupt, Problem, Reason, SettingsInvalid
from linkage.store.lock import StoreLocked
from linkage.tlog.errors import TlogInvalid


class Exit(IntEnum):
    """What a command says to the shell."""

    CLEAN = 0
    FINDING = 1
    """The question was answered, and the answer is no: a refusal, no match, not found, a log that does not verify."""
    USAGE = 2
    """The command or a file of the operator's is wrong."""
    UNAVAILABLE = 3
    """Nobody can tell now. Never take it for a no."""

    CLOSED_PIPE = 141
    """Whoever read the output has stopped, as `head` does: what a shell says of a program that the signal ended. Never an answer."""


class _Terminal(Console):
    """A console that does not answer for whoever stopped reading it."""

    def on_broken_pipe(self) -> None:
        """See `Console.on_broken_pipe`, which ends with 1."""
        _leave()


def _leave() -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else what is still buffered fails once more at the end
    raise SystemExit(Exit.CLOSED_PIPE)


out = _Terminal(highlight=False, soft_wrap=False)
err = _Terminal(stderr=True, highlight=False)

_UNAVAILABLE = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED"})
_USAGE = frozenset({"INVALID_ARGUMENT", "UNIMPLEMENTED"})
_OTHERS = frozenset({"officer", "agency", "operator"})
"""Who can mend a refusal, where it is somebody else than whoever gave the command."""


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
    echo(f"{json.dumps(page, ensure_ascii=False, indent=2)}\n")


def echo(text: str) -> None:
    """Print a text as it is, for a file or another program."""
    try:
        typer.echo(text, nl=False)
    except BrokenPipeError:
        _leave()


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
    if refused.violations and refused.reason == Reason.MALFORMED_REQUEST:  # what was typed, to whoever typed it
        for wrong in refused.violations:
            err.print(Text(f"{wrong.field.rpartition('.')[2].replace('_', ' ')}: {wrong.description}", style="bold red"))
    else:
        whose = f", to be mended by: {refused.who}" if refused.who in _OTHERS else ""
        err.print(Text(refused.reason, style="bold red"), Text(f"({refused.code}{whose})"))
        err.print(Text(refused.sentence_th))
        err.print(Text(refused.sentence_en))
        for wrong in refused.violations:
            err.print(Text(f"  {wrong.field}: {wrong.description}", style="yellow"))
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
