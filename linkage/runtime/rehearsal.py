"""A rehearsal: an adapter's simulator on a real socket and, where it is wanted, the folder of a gateway that asks it.

The gateway's folder has real keys and certificates, a counter's files, and one invented service that needs every record of the adapter.
DOPA's simulator stands beside it, so that a person can be verified.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import httpx

from linkage.catalogue.records import RecordKind, load_records
from linkage.clock import Clock
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.demo_agencies import serving
from linkage.runtime.demo_place import (
    COUNTER,
    ISSUER,
    Place,
    clear,
    free_port,
    make_counter_folder,
    make_keys,
    settings_page,
    source_tables,
    with_own_secrets,
)
from linkage.runtime.written import write_private, write_public
from linkage.sources.adapter import Adapter, Fetches
from linkage.sources.installed import MANIFEST, SIMULATORS, Candidate, installed
from linkage.sources.simulation import Simulator
from linkage.terms import JuristicPerson, RecordType, Subject, SubjectKind, VisitPerson

RECIPIENT = "rehearsal-office"
SERVICE = "rehearsal"

_VERIFIER = "dopa"


@dataclass(frozen=True, slots=True)
class Simulated:
    """An adapter's simulator that is being served. ``translator``: the line of the settings that names the adapter or the manifest."""

    name: str
    url: str
    translator: str
    settings: Mapping[str, object]

    def tables(self, recipient: str) -> str:
        """Its tables in the gateway's settings."""
        return source_tables(self.name, self.translator, self.settings, (recipient,)).strip()


@dataclass(frozen=True, slots=True)
class Question:
    """A lookup that finds something. ``juristic``: the file with a juristic person's number, and the ground."""

    record_type: RecordType
    fields: tuple[str, ...]
    juristic: tuple[Path, str] | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What is being served, and what a counter may try. ``place`` None: no gateway was asked for."""

    simulated: Simulated
    place: Place | None = None
    questions: tuple[Question, ...] = ()


@contextmanager
def rehearsing(candidate: Candidate, *, port: int, gateway: Path | None, clock: Clock) -> Iterator[Rehearsal]:
    """Serve the adapter's simulator until the block is left.

    Args:
        candidate: from `linkage.sources.installed.find`.
        port: on loopback; 0: the system chooses.
        gateway: a new folder, or one that a demo or a rehearsal made before: where the gateway's files go. None: none are made.
        clock: for certificates and tokens.

    Raises:
        SettingsInvalid: it has no simulator, or cannot be rehearsed, or the folder holds something else.
        OSError: the port is taken.
    """
    simulator = _simulator(candidate)
    with ExitStack() as served:
        url = served.enter_context(serving(simulator.app, port))
        simulated = Simulated(candidate.name, url, _translator(candidate), simulator.settings_for(url))
        if gateway is None:
            yield Rehearsal(simulated)
            return
        kinds = _kinds(candidate)
        verifier: Any = _simulator(installed(_VERIFIER, key=SIMULATORS, file="installation"))
        verifier_url = served.enter_context(serving(verifier.app))
        place = _build(gateway, simulated, dict(verifier.settings_for(verifier_url)), clock)
        found = simulator.examples().found
        number = _write_papers(place, kinds, found, candidate.name)
        write_private(place.counter / "card", _card(number, verifier, verifier_url))
        yield Rehearsal(simulated, place, tuple(_questions(place, kinds, found, number)))


def _simulator(candidate: Candidate) -> Simulator:
    if candidate.make_simulator is None:
        expected = f"a simulator under the same name in the entry points, group {SIMULATORS}"
        raise _wrong(candidate.name, "simulator", "none", expected)
    return candidate.make_simulator()


def _translator(candidate: Candidate) -> str:
    """A folder with a manifest is named as it lies there; everything else by the name it is, or will be, installed under."""
    folder = candidate.folders[0]
    if not candidate.package and (folder / MANIFEST).is_file():
        return f"manifest = {json.dumps(str(folder), ensure_ascii=False)}"
    return f"adapter = {json.dumps(candidate.name)}"


def _kinds(candidate: Candidate) -> Sequence[RecordKind]:
    adapter: Adapter = candidate.make()
    if adapter.records_file is None or not isinstance(adapter, Fetches) or adapter.needs_login:
        expected = "an adapter whose records need no officer's login; without --gateway its simulator is served all the same"
        raise _wrong(candidate.name, "--gateway", "an adapter without such records", expected)
    return load_records([adapter.records_file])


# ---- the gateway's folder ----------------------------------------------------------------------------------------------


def _build(folder: Path, simulated: Simulated, verifier: Mapping[str, Any], clock: Clock) -> Place:
    folder = folder.resolve()
    clear(folder)
    place = Place(folder / "linkage.toml", f"localhost:{free_port()}")
    make_keys(place, clock)
    make_counter_folder(place, clock)
    tables = source_tables(_VERIFIER, f'adapter = "{_VERIFIER}"', verifier, (RECIPIENT,))
    own = with_own_secrets(simulated.name, simulated.settings, folder)
    tables += source_tables(simulated.name, simulated.translator, own, (RECIPIENT,))
    write_public(place.settings, settings_page(place, tables))
    return place


def _write_papers(place: Place, kinds: Sequence[RecordKind], found: Mapping[RecordType, Subject], name: str) -> str:
    """Write register, service and agreements, and give the number of the person who comes to the counter."""
    words = {"name": name, "office": RECIPIENT, "counter": COUNTER, "issuer": ISSUER}
    write_public(place.folder / "register.toml", _filled("register", words))
    documents = "".join(_filled("document", words | _document(kind)) for kind in kinds)
    write_public(place.folder / "services" / "rehearsal.toml", _filled("services", words | {"documents": documents}))
    grounds = sorted({subject.ground for subject in found.values() if isinstance(subject, JuristicPerson)})
    records = "\n".join(f"{json.dumps(kind.type)} = {json.dumps(list(kind.fields))}" for kind in kinds)
    agreed = words | {"grounds": json.dumps(grounds), "records": records}
    write_public(place.folder / "agreements" / "rehearsal.toml", _filled("agreements", agreed))
    people = [subject.number.reveal() for subject in found.values() if isinstance(subject, VisitPerson)]
    return people[0] if people else ""


def _document(kind: RecordKind) -> dict[str, str]:
    return {
        "id": kind.type.partition(".")[2],
        "type": kind.type,
        "title_th": json.dumps(kind.title_th, ensure_ascii=False),
        "title_en": json.dumps(kind.title_en, ensure_ascii=False),
        "fields": json.dumps(list(kind.fields)),
        "about": (SubjectKind.PERSON if SubjectKind.PERSON in kind.subjects else SubjectKind.JURISTIC).value,
    }


def _filled(name: str, words: Mapping[str, str]) -> str:
    template = files(__package__) / "templates" / "rehearsal" / f"{name}.toml.template"
    return Template(template.read_text(encoding="utf-8")).substitute(words)


# ---- who comes to the counter ------------------------------------------------------------------------------------------


def _card(number: str, verifier: Any, url: str) -> str:
    """The card of whoever has the number, as `linkage verify` reads it; a person nobody knows yet is made up. "": DOPA's first."""
    person = verifier.people.get(number or next(iter(verifier.people)))
    if person is not None:
        return f"{person.number}\n{person.first}\n{person.last}\n{person.born}\n{person.laser}\n"
    parent = {"name": "สมมติ"}
    row = {"case": "rehearsal", "number": number, "title": "นาย", "title_code": 3, "first": "ผู้ซ้อม", "last": "บริการจำลอง", "gender": 1}
    row |= {"born": 25300115, "laser": "ZZ9900000099", "father": parent, "mother": parent}
    httpx.post(f"{url}/_simulator/people", json=row, timeout=10).raise_for_status()
    return f"{number}\n{row['first']}\n{row['last']}\n{row['born']}\n{row['laser']}\n"


def _questions(place: Place, kinds: Sequence[RecordKind], found: Mapping[RecordType, Subject], number: str) -> Iterator[Question]:
    """A question for each record type whose example is the person at the counter, or a juristic person."""
    for kind in kinds:
        match found.get(kind.type):
            case VisitPerson(number=own) if own.reveal() == number:
                yield Question(kind.type, tuple(kind.fields))
            case JuristicPerson(number=own, ground=ground):
                file = place.counter / f"{kind.type}.juristic"
                write_private(file, own.reveal() + "\n")
                yield Question(kind.type, tuple(kind.fields), (file, ground))
            case _:
                pass


def _wrong(file: str, key: str, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(file, key, got, expected),))
