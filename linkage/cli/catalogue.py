"""`linkage catalogue`: what counters can ask for and why, as a running gateway says it or as its files would have it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.text import Text

from linkage.cli.desk import Deadline, Folder
from linkage.cli.ending import Exit, ending, out, say, show_problems
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.client import Counter
from linkage.client.counter import DEADLINE_S
from linkage.errors import SettingsInvalid
from linkage.in_force import InForce
from linkage.rpc.encode_catalogue import encode_entry, encode_record_type, encode_summary
from linkage.runtime.agreed import Disclosed, load_disclosed
from linkage.runtime.catalogue_page import record_types_page, service_page, services_table
from linkage.runtime.files import load_files
from linkage.settings import load
from linkage.terms import ServiceId
from linkage.v1 import catalogue_pb2 as pb

app = typer.Typer(
    no_args_is_help=True, help="Show what counters can ask for and why: of a gateway (--counter), or of its files (--config)."
)

Service = Annotated[str, typer.Argument(metavar="ID", help="The service's id, from `linkage catalogue services`.")]
RecordType = Annotated[str, typer.Argument(metavar="[TYPE]", help="This record type only, e.g. dopa.person.", show_default=False)]


class _Reader(Protocol):
    """Where a catalogue is read from."""

    def services(self) -> Sequence[pb.ServiceSummary]: ...
    def service(self, service: str) -> pb.GuideEntry: ...
    def record_types(self) -> Sequence[pb.RecordType]: ...


class _Files:
    """A catalogue as a gateway with these files would give it."""

    def __init__(self, files: InForce, disclosed: Disclosed) -> None:
        self._files = files
        self._disclosed = disclosed

    def services(self) -> Sequence[pb.ServiceSummary]:
        services = self._files.catalogue.services
        return [encode_summary(services[name], self._files) for name in sorted(services)]

    def service(self, service: str) -> pb.GuideEntry:
        known = self._files.catalogue.service(ServiceId(service))
        if known is None:
            raise typer.BadParameter("no service of that id is in the catalogue: `linkage catalogue services` lists them")
        return encode_entry(known, self._files)

    def record_types(self) -> Sequence[pb.RecordType]:
        kinds = sorted(self._disclosed.kinds, key=lambda kind: kind.type)
        return [encode_record_type(kind, self._disclosed.assumed.get(kind.source, "")) for kind in kinds]


@app.command()
def services(config: Config = DEFAULT_CONFIG, folder: Folder = None, deadline: Deadline = DEADLINE_S, as_json: Json = False) -> None:
    """List the services, and of each how many of its documents the connected agencies make needless."""
    with ending(as_json=as_json), _reader(folder, config, deadline) as reader:
        listed = reader.services()
        if as_json:
            say({"services": [_plain(one) for one in listed]})
            return
        out.print(services_table(listed))


@app.command()
def service(
    service: Service, config: Config = DEFAULT_CONFIG, folder: Folder = None, deadline: Deadline = DEADLINE_S, as_json: Json = False
) -> None:
    """Show one service: steps, time, fee, law, and for each document the record that replaces it or why it stays on paper."""
    with ending(as_json=as_json), _reader(folder, config, deadline) as reader:
        entry = reader.service(service)
        if as_json:
            say(_plain(entry))
            return
        out.print(service_page(entry))


@app.command()
def records(
    record_type: RecordType = "",
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    deadline: Deadline = DEADLINE_S,
    as_json: Json = False,
) -> None:
    """Show the record types of the connected agencies, with their fields and how much care each needs."""
    with ending(as_json=as_json), _reader(folder, config, deadline) as reader:
        listed = [one for one in reader.record_types() if record_type in {"", one.record_type}]
        if record_type and not listed:
            raise typer.BadParameter("no connected agency discloses such a record type: `linkage catalogue records` lists them all")
        if as_json:
            say({"record_types": [_plain(one) for one in listed]})
            return
        out.print(record_types_page(listed))


@app.command()
def check(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Check the services against the register and against what the sources can disclose. Problems: exit code 1."""
    with ending(as_json=as_json):
        settings = load(config)
        disclosed = load_disclosed(settings, config)
        try:
            files = load_files(settings, disclosed.kinds)
        except SettingsInvalid as failure:
            show_problems(failure.problems, as_json=as_json)
            raise typer.Exit(Exit.FINDING) from failure
        listed = _Files(files, disclosed).services()
        documents, needless = sum(one.documents for one in listed), sum(one.documents_connected for one in listed)
        if as_json:
            page = {"services": len(listed), "documents": documents, "documents_connected": needless}
            say({"ok": True, **page, "digest": files.catalogue.digest})
            return
        told = f"{len(listed)} services, {documents} documents, of which the connected agencies make {needless} needless"
        out.print(Text("in order: ", style="bold green") + Text(told))


@contextmanager
def _reader(folder: Path | None, config: Path, deadline_s: float) -> Iterator[_Reader]:
    if folder is not None:
        with Counter.from_folder(folder, deadline_s=deadline_s) as counter:
            yield counter.catalogue
        return
    settings = load(config)
    disclosed = load_disclosed(settings, config)
    yield _Files(load_files(settings, disclosed.kinds), disclosed)


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
