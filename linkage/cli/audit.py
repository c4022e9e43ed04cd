"""`linkage audit`: what can be asked of the access log. One file for each command."""

import typer

from linkage.cli.audit_create import create
from linkage.cli.audit_entry import entry
from linkage.cli.audit_export import export
from linkage.cli.audit_findings import findings
from linkage.cli.audit_forget import forget
from linkage.cli.audit_migrate import migrate
from linkage.cli.audit_ropa import ropa
from linkage.cli.audit_rotate import rotate
from linkage.cli.audit_search import search
from linkage.cli.audit_statistics import statistics
from linkage.cli.audit_subject import subject
from linkage.cli.audit_verify import verify

app = typer.Typer(no_args_is_help=True, help="The access log.")
for command in (create, migrate, verify, export, forget, rotate, search, entry, subject, statistics, ropa, findings):
    app.command()(command)


@app.callback()
def audit() -> None:
    """The access log."""
