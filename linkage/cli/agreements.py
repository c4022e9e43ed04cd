"""`linkage agreements`: check what is agreed, and show it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from linkage.agreements.model import Agreement
from linkage.cli.ending import Exit, ending, out, say, show_problems
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.clock import SystemClock, thai_day
from linkage.errors import SettingsInvalid
from linkage.in_force import InForce
from linkage.runtime.agreed import load_kinds
from linkage.runtime.files import load_files
from linkage.settings import load

app = typer.Typer(no_args_is_help=True, help="Check what is agreed, and show it.")


@app.command()
def check(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Check register, services and agreements against each other and against what the sources can disclose. Problems: exit code 1."""
    with ending(as_json=as_json):
        settings = load(config)
        kinds = load_kinds(settings, config)
        try:
            files = load_files(settings, kinds)
        except SettingsInvalid as failure:
            show_problems(failure.problems, as_json=as_json)
            raise typer.Exit(Exit.FINDING) from failure
        over = sorted(one.id for one in files.book.agreements if not one.in_force(_today()))
        if as_json:
            say({"ok": True, "agreements": len(files.book.agreements), "not_in_force": over, "digest": files.book.digest})
            return
        out.print(Text("in order: ", style="bold green") + Text(f"{len(files.book.agreements)} agreements"))
        if over:
            out.print(Text(f"not in force today: {', '.join(over)}", style="yellow"))


@app.command()
def show(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show every agreement: who may ask whom for what, why, and until when."""
    with ending(as_json=as_json):
        settings = load(config)
        files = load_files(settings, load_kinds(settings, config))
        if as_json:
            say({"digest": files.book.digest, "agreements": [_page(one) for one in files.book.agreements]})
            return
        for one in files.book.agreements:
            out.print(_table(one, files))


def _today() -> Any:
    return thai_day(SystemClock().now_ms())


def _page(one: Agreement) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "recipient": one.recipient,
        "acting": sorted(one.acting),
        "source": one.source,
        "services": sorted(one.services),
        "records": {kind: sorted(fields) for kind, fields in one.records.items()},
        "evidence": [assurance.name for assurance in sorted(one.evidence)],
        "login": one.login,
        "least_assurance": one.least_assurance.name,
        "legal_basis": one.legal_basis,
        "valid_from": one.valid_from.isoformat(),
        "valid_until": one.valid_until.isoformat(),
        "in_force": one.in_force(_today()),
        "grounds": sorted(one.grounds),
        "exceptions": [{"name": e.name, "label_th": e.label_th, "label_en": e.label_en} for e in one.exceptions.values()],
        "quota": asdict(one.quota),
        "digest": one.digest,
    }


def _table(one: Agreement, files: InForce) -> Table:
    in_force = one.in_force(_today())
    title = Text(f"{one.id}  {one.title}", style="bold" if in_force else "dim strike")
    table = Table(title=title, title_justify="left", show_header=False, show_edge=False, pad_edge=False, padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, text in _rows(one, files):
        table.add_row(label, Text(text))
    table.add_row("", "")
    return table


def _rows(one: Agreement, files: InForce) -> Iterator[tuple[str, str]]:
    agencies, services = files.register.agencies, files.catalogue.services
    yield "recipient", f"{agencies[one.recipient].name_th} ({one.recipient})"
    others = sorted(one.acting - {one.recipient})
    if others:
        yield "acting for it", ", ".join(f"{agencies[other].name_th} ({other})" for other in others)
    yield "source", one.source
    yield "services", ", ".join(f"{services[service].name.th} ({service})" for service in sorted(one.services))
    for kind, fields in one.records.items():
        yield kind, ", ".join(sorted(fields))
    if one.evidence:
        yield "verifies by", ", ".join(assurance.name for assurance in sorted(one.evidence))
    for exception in one.exceptions.values():
        yield "exception", f"{exception.name}: {exception.label_th}"
    if one.quota.per_day is not None:
        yield "quota", f"{one.quota.per_day:,} questions a day"
    if one.quota.per_officer_per_day is not None:
        yield "quota", f"{one.quota.per_officer_per_day:,} questions a day for each officer"
    yield "least assurance", one.least_assurance.name
    yield "legal basis", one.legal_basis
    yield "in force", f"{one.valid_from} to {one.valid_until}"
