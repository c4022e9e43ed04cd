"""`linkage audit findings`: what an auditor should look at."""

import typer
from rich.text import Text

from linkage.audit.findings import examine, lead_of
from linkage.audit.persons import Persons
from linkage.audit.rules import Finding, all_rules
from linkage.cli.auditing import Auditor, Since, at_the_desk, beginning, reading
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.clock import SystemClock
from linkage.identity.register import Register
from linkage.runtime.auditors_desk import AuditorsDesk
from linkage.runtime.findings_page import findings_page, findings_table


def findings(config: Config = DEFAULT_CONFIG, auditor: Auditor = None, since: Since = "31", as_json: Json = False) -> None:
    """Look for what an auditor should ask about: odd hours, the same person again, one officer far above the rest. Findings: exit code 1."""
    with ending(as_json=as_json):
        since_ms = beginning(since, SystemClock().now_ms())

        async def look(desk: AuditorsDesk) -> tuple[Register, tuple[Finding, ...]]:
            await desk.record("findings", {"since_ms": since_ms})
            return desk.files.register, _found(desk, since_ms, as_json=as_json)

        register, found = at_the_desk(config, auditor, look)
        if as_json:
            say({"ok": not found, "auditor": auditor, "findings": findings_page(found)})
        elif found:
            out.print(findings_table(found, register))
            out.print(
                Text(
                    f"ข้อสังเกต {len(found):,} ข้อ / findings: {len(found):,}. A finding is a question to ask, not an answer.",
                    style="bold yellow",
                )
            )
        else:
            out.print(Text("nothing unusual", style="bold green"))
    if found:
        raise typer.Exit(Exit.FINDING)


def _found(desk: AuditorsDesk, since_ms: int, *, as_json: bool) -> tuple[Finding, ...]:
    thresholds, centres = desk.settings.findings, desk.files.register.centres
    keys = desk.storage.open_keys()
    try:
        rules = all_rules(
            thresholds,
            Persons(keys, desk.sealing),
            lambda centre: centres[centre].opening_hours if centre in centres else None,
        )
        with desk.storage.open_reader() as reader, reading("looking", as_json=as_json) as progress:
            return examine(reader, rules, desk.view.shows, since_ms=since_ms, lead_ms=lead_of(thresholds), progress=progress)
    finally:
        keys.close()
