"""`linkage`: the command line. Exit codes: 0 clean, 1 finding, 2 usage or bad settings, 3 unavailable."""

import typer

from linkage.cli import adapter, agreements, audit, catalogue, pki
from linkage.cli.adapter_new import new
from linkage.cli.adapter_simulate import simulate
from linkage.cli.bundle import bundle
from linkage.cli.demo import demo
from linkage.cli.login import login
from linkage.cli.lookup import lookup
from linkage.cli.serve import serve
from linkage.cli.verify import verify

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks print local variables, which may hold a person's number
    help="The gateway between government counters and the agencies that hold the records.",
)
for command in (serve, demo, verify, login, lookup, bundle):
    app.command()(command)
adapter.app.command()(new)
adapter.app.command()(simulate)
app.add_typer(audit.app, name="audit")
app.add_typer(pki.app, name="pki")
app.add_typer(agreements.app, name="agreements")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(adapter.app, name="adapter")

if __name__ == "__main__":
    app()
