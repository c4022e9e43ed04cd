"""The story's end: a citizen asks who has looked, and somebody who trusts nobody checks an export of the log."""

import json
import subprocess
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from linkage.clock import thai_time
from linkage.errors import LinkageError
from linkage.runtime.demo_gateway import command
from linkage.runtime.demo_place import Place
from linkage.runtime.story_page import Page

AUDITOR = "spiffe://linkage.example/auditor/labour"
"""As the sample register names one."""

_SHOWN = 5
_LONGEST_S = 120


class AuditFailed(LinkageError):
    """A command of the auditors' ended in another way than it should."""


def tell_audit(place: Place, page: Page, number: str) -> None:
    """Both steps.

    Raises:
        AuditFailed: names the command and what it said.
    """
    _tell_subject(place, page, number)
    _tell_export(place, page)


def _tell_subject(place: Place, page: Page, number: str) -> None:
    page.step("ใครดูข้อมูลของฉันบ้าง: สิทธิขอเข้าถึงตาม PDPA ม.30", "Who has looked at my data? The citizen's right of access")
    told = _run(place, "subject", "--auditor", AUDITOR, typed=number + "\n")
    accesses: list[dict[str, Any]] = told["accesses"]
    if not accesses:
        raise AuditFailed("audit subject: got no access, expected those of this story")
    table = Table(show_header=True, header_style="bold", box=None, padding=(0, 1))
    for heading in ("เมื่อ", "ใคร", "ขออะไร จากใคร", "ผล"):
        table.add_column(heading, overflow="fold")
    for access in accesses[:_SHOWN]:
        asked = ", ".join(record["title"]["th"] for record in access["records"])
        source = access.get("source", {}).get("name", {}).get("th", "")
        what = f"{asked}\n{source}" if asked else source
        table.add_row(*(Text(text) for text in (_time(access["at"]), access["who"], what, access["outcome"]["th"])))
    page.good(
        "TOLD",
        f"{len(accesses)} ครั้ง",
        f"{len(accesses)} accesses, each with who, where, for which service, which fields, by which law; the newest {_SHOWN}:",
    )
    page.show(table, "")
    page.note("The auditor who asked this is in the log, too, and in the citizen's next list.")


def _time(at: str) -> str:
    return thai_time(round(datetime.fromisoformat(at).timestamp() * 1000))


def _tell_export(place: Place, page: Page) -> None:
    page.step("ส่งออกบันทึกให้ผู้ตรวจสอบภายนอก", "The log is exported as C2SP tiles, and checked there without gateway, database or secret")
    exported = _run(place, "export", "--to", str(place.folder / "export"))
    done = _finished("audit", "verify", "--export", str(place.folder / "export"), "--vkey", str(place.vkey), "--json")
    page.good(
        "VERIFIED",
        f"{done['entries']} รายการ",
        f"{done['entries']} entries of {exported['origin']}, from files that anybody may have: no citizen can be read in them.",
    )


def _run(place: Place, verb: str, *words: str, typed: str | None = None) -> dict[str, Any]:
    return _finished("audit", verb, "--config", str(place.settings), *words, "--json", typed=typed)


def _finished(*words: str, typed: str | None = None) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 (our own command)
        command(*words), input=typed, capture_output=True, text=True, check=False, timeout=_LONGEST_S
    )
    if done.returncode != 0:
        raise AuditFailed(f"{' '.join(words[:2])}: ended with {done.returncode}: {done.stdout or done.stderr}")
    page: dict[str, Any] = json.loads(done.stdout)
    return page
