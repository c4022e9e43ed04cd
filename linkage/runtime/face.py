"""Puts the corridors together and the door in front of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from linkage.audit.journal import Journal
from linkage.audit.reading import ReadingRoom
from linkage.audit.receipt import ReceiptBook
from linkage.audit.sealing import Sealing
from linkage.audit.search_room import SearchRoom
from linkage.audit.tally import Tally
from linkage.audit.witness_reading import WitnessReading
from linkage.audit.witnessing import Witnessing
from linkage.bundle import Bundle
from linkage.clock import Clock
from linkage.identity import KeySets, OfficerTokens
from linkage.in_force import InForce
from linkage.inspection import Inspection
from linkage.login import Login
from linkage.lookup import Lookup
from linkage.rpc.agency_session_service import AgencySessionService
from linkage.rpc.audit_service import AuditService
from linkage.rpc.bundling import Bundling
from linkage.rpc.catalogue_service import CatalogueService
from linkage.rpc.door import Door
from linkage.rpc.lookup_service import LookupService
from linkage.rpc.receipt_service import ReceiptService
from linkage.rpc.recognise import Recogniser
from linkage.rpc.refusals import Refusals
from linkage.rpc.retries import Retries
from linkage.rpc.sentences import Sentences
from linkage.rpc.server import Built, build_server
from linkage.rpc.verification_service import VerificationService
from linkage.runtime.equipment import Equipment
from linkage.verification import Verification
from linkage.visits.agency_session import AgencyLogins
from linkage.visits.token import Sealer
from linkage.visits.visit import Visits


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the corridors are built of. ``in_force`` gives the version in force; a call asks once."""

    equipment: Equipment
    clock: Clock
    in_force: Callable[[], InForce]
    journal: Journal
    sealing: Sealing
    tally: Tally
    book: ReceiptBook
    search: SearchRoom
    witnessing: Witnessing | WitnessReading
    key_sets: KeySets


def _names(in_force: Callable[[], InForce]) -> Callable[[], Mapping[str, tuple[str, str]]]:
    """Gives each agency's Thai and English name, as the register in force has them: a source goes by the id of its agency there."""
    known: object = None
    named: Mapping[str, tuple[str, str]] = {}

    def names() -> Mapping[str, tuple[str, str]]:
        nonlocal known, named
        register = in_force().register
        if register is not known:
            known = register
            named = {agency.id: (agency.name_th, agency.name_en) for agency in register.agencies.values()}
        return named

    return names


def build_face(rooms: Rooms) -> Built:
    """Bind the port and register every service behind the door.

    Raises:
        RuntimeError: an RPC without a role, or the port is taken.
    """
    settings, equipment = rooms.equipment.settings, rooms.equipment
    sealer = Sealer(equipment.keys.tokens)
    recogniser = _recogniser(rooms)
    retries, sentences = Retries(sealer, rooms.book, settings.tokens.replay_seconds), Sentences(_names(rooms.in_force))
    visits, logins = Visits(sealer, rooms.clock, settings.tokens.visit_minutes), AgencyLogins(sealer, rooms.clock)
    lookup = _lookup(rooms, visits, logins)
    refusals = Refusals(rooms.journal, rooms.tally, equipment.metrics)
    servicers = (
        VerificationService(_verification(rooms, visits, sealer), recogniser, retries, sentences),
        LookupService(lookup, Bundling(_bundle(rooms, visits, logins, lookup), retries, refusals, sentences), retries, sentences),
        CatalogueService(rooms.in_force, equipment.sources.assumed),
        AgencySessionService(_login(rooms, logins)),
        ReceiptService(rooms.book, equipment.keys.signer.verifier.text, rooms.witnessing.newest_cosigned),
        AuditService(Inspection(rooms.in_force, rooms.search, ReadingRoom(rooms.journal, rooms.sealing), sealer), rooms.in_force),
    )
    credentials = equipment.certificates.credentials()
    return build_server(settings.server, _door(rooms, recogniser, refusals), servicers, credentials, equipment.metrics)


def _recogniser(rooms: Rooms) -> Recogniser:
    tokens = rooms.equipment.settings.tokens
    officers = OfficerTokens(lambda: rooms.in_force().register, rooms.clock, tokens.audience, tokens.officer_hours, rooms.key_sets)
    return Recogniser(lambda: rooms.in_force().register, officers)


def _verification(rooms: Rooms, visits: Visits, sealer: Sealer) -> Verification:
    return Verification(
        in_force=rooms.in_force,
        journal=rooms.journal,
        sealing=rooms.sealing,
        sources=rooms.equipment.sources,
        visits=visits,
        sealer=sealer,
        attempts=rooms.equipment.settings.attempts,
        metrics=rooms.equipment.metrics,
    )


def _lookup(rooms: Rooms, visits: Visits, logins: AgencyLogins) -> Lookup:
    return Lookup(
        in_force=rooms.in_force,
        journal=rooms.journal,
        sources=rooms.equipment.sources,
        visits=visits,
        logins=logins,
        metrics=rooms.equipment.metrics,
    )


def _bundle(rooms: Rooms, visits: Visits, logins: AgencyLogins, lookup: Lookup) -> Bundle:
    return Bundle(in_force=rooms.in_force, journal=rooms.journal, visits=visits, logins=logins, lookup=lookup)


def _login(rooms: Rooms, logins: AgencyLogins) -> Login:
    return Login(in_force=rooms.in_force, journal=rooms.journal, sealing=rooms.sealing, sources=rooms.equipment.sources, logins=logins)


def _door(rooms: Rooms, recogniser: Recogniser, refusals: Refusals) -> Door:
    return Door(
        recogniser=recogniser,
        refusals=refusals,
        metrics=rooms.equipment.metrics,
        clock=rooms.clock,
        server=rooms.equipment.settings.server,
        names=_names(rooms.in_force),
    )
