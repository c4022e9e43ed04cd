"""`linkage audit subject`: who looked at one person's data, in plain words: the answer to a citizen who asks."""

from enum import StrEnum, auto
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from linkage.cli.auditing import Auditor
from linkage.cli.desk import Lines, NumberFile
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.inspecting import PageSize, PageToken, Rebuild, Since, Until, inspect, span_ms
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.in_force import InForce
from linkage.inspection import Inspection, PageAsk, ShownPage, Sought
from linkage.rpc.encode_audit import encode_access, encode_agencies
from linkage.rpc.reading import Reading
from linkage.runtime.auditors_desk import AuditorsDesk
from linkage.runtime.entries_page import accesses_page, more_page, recorded_page
from linkage.terms import RecipientId


class Language(StrEnum):
    """What the page is written in."""

    TH = auto()
    EN = auto()
    BOTH = auto()


Lang = Annotated[Language, typer.Option("--language", help="What to print it in.")]


def subject(
    config: Config = DEFAULT_CONFIG,
    auditor: Auditor = None,
    number_file: NumberFile = None,
    since: Since = "",
    until: Until = "",
    language: Lang = Language.BOTH,
    page_size: PageSize = 200,
    page_token: PageToken = "",
    rebuild: Rebuild = False,
    as_json: Json = False,
) -> None:
    """Tell who looked at one person's data: who, where, for which service, which fields, when, by which law. None: exit code 1.

    The citizen number is typed, piped in or read from a file, never given as an option. The reading is recorded before anything is shown.
    """
    with ending(as_json=as_json):
        since_ms, until_ms = span_ms(since, until)
        number = Lines(number_file).next("citizen number")
        ask = PageAsk(page_size, page_token)
        files, agencies, page = _found(config, auditor, number, (since_ms, until_ms), ask, rebuild=rebuild, as_json=as_json)
        _tell(files, agencies, page, language, as_json=as_json)
    if not page.hits and not page.next_token:
        raise typer.Exit(Exit.FINDING)


def _found(
    config: Path, auditor: str | None, number: str, span: tuple[int | None, int | None], page: PageAsk, *, rebuild: bool, as_json: bool
) -> tuple[InForce, frozenset[RecipientId], ShownPage]:
    async def look(desk: AuditorsDesk, inspection: Inspection, read: bytes) -> tuple[InForce, frozenset[RecipientId], ShownPage]:
        asked = Reading()
        person = asked.citizen_number("citizen_number", number)
        asked.done()
        sought = Sought(number=person, since_ms=span[0], until_ms=span[1])
        return desk.files, desk.agencies, await inspection.accesses(read, desk.auditor, sought, page)

    return inspect(config, auditor, "ListAccesses", look, as_json=as_json, rebuild=rebuild)


def _tell(files: InForce, agencies: frozenset[RecipientId], page: ShownPage, language: Language, *, as_json: bool) -> None:
    accesses = [encode_access(hit.access, files) for hit in page.hits]
    named = encode_agencies(agencies, files)
    if as_json:
        reading = {"entry_id": page.reading.entry_id, "index": page.reading.index}
        pages = {"accesses": [_plain(one) for one in accesses], "agencies": [_plain(one) for one in named]}
        say({**pages, "next_page_token": page.next_token, "log_size": page.size, "reading": reading})
        return
    th, en = language is not Language.EN, language is not Language.TH
    out.print(accesses_page(accesses, named, th=th, en=en))
    out.print(recorded_page(page.size, page.reading.index, th=th, en=en))
    if page.next_token:
        out.print(more_page(page.next_token, th=th, en=en), soft_wrap=True)


def _plain(message: Message) -> dict[str, object]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
