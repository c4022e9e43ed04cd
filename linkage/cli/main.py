"""`linkage`: the command line. Exit codes: 0 clean, 1 finding, 2 usage or bad settings, 3 unavailable."""

from typing import Any

import typer

from linkage.cli import adapter, agreements, audit, catalogue, pki, witness
from linkage.cli.adapter_new import new
from linkage.cli.adapter_simulate import simulate
from linkage.cli.bundle import bundle
from linkage.cli.demo import demo
from linkage.cli.login import login
from linkage.cli.lookup import lookup
from linkage.cli.options import MaybeConfig
from linkage.cli.plan import make_plan
from linkage.cli.serve import serve
from linkage.cli.verify import verify

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks print local variables, which may hold a person's number
)
for command in (serve, demo, verify, login, lookup, bundle):
    app.command()(command)
app.command("plan")(make_plan)
adapter.app.command()(new)
adapter.app.command()(simulate)
app.add_typer(audit.app, name="audit")
app.add_typer(pki.app, name="pki")
app.add_typer(agreements.app, name="agreements")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(adapter.app, name="adapter")
app.add_typer(witness.app, name="witness")


@app.callback()
def linkage(context: typer.Context, config: MaybeConfig = None) -> None:
    """The gateway between government counters and the agencies that hold the records."""
    if config is not None:
        context.default_map = _defaults(context.command, str(config))


def _defaults(command: Any, config: str) -> dict[str, Any]:
    """The settings file as every command's default, in the shape of the command tree; a command without ``--config`` overlooks it."""
    below = getattr(command, "commands", None)
    return {"config": config} if below is None else {name: _defaults(each, config) for name, each in below.items()}


if __name__ == "__main__":
    app()
