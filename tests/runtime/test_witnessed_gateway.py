"""A whole gateway and its witness: what a counter is given, what an operator sees, and what a restored backup meets."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from starlette.responses import Response

from linkage.audit.witnessing import Witnessing
from linkage.errors import LogCorrupt, Reason, SettingsInvalid
from linkage.runtime.demo_agencies import serving
from linkage.runtime.equipment import equip
from linkage.runtime.storage import storage_of
from linkage.runtime.witness import Witness, WitnessApp
from linkage.runtime.witnesses import cosigned_checkpoint
from linkage.settings import load
from linkage.store.witness_state import WitnessState, create_state
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.note import VerifierKey
from linkage.tlog.witness_wire import SIZE_TYPE
from linkage.v1 import lookup_pb2, receipt_pb2
from tests.journeys.logbook import refusal, until
from tests.journeys.place import Place, build_place
from tests.journeys.world import Desk, World, running
from tests.second_verifier import check_cosignature
from tests.witnessed import COSIGNER

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


class Neighbour:
    """The witness next door: a true one, or, where ``odd`` is set, somebody who always answers the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._true: Any = None
        self.odd: Response | None = None
        self.url = ""

    def watch(self, place: Place) -> None:
        create_state(self._folder / "witness.db", COSIGNER.key.text)
        log = LogVerifier.of(VerifierKey.parse(place.vkey))
        state = WitnessState(self._folder / "witness.db", COSIGNER.key.text)
        self._true = WitnessApp(Witness(COSIGNER, state, {log.name: log}, place.clock)).app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await (self._true if self.odd is None else self.odd)(scope, receive, send)


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Neighbour]:
    neighbour = Neighbour(tmp_path)
    with serving(neighbour) as neighbour.url:
        yield neighbour


@pytest.fixture
def place(tmp_path: Path, neighbour: Neighbour) -> Place:
    place = build_place(tmp_path / "gateway")
    neighbour.watch(place)
    limits = "witness_every = 0.05\nwitness_warn_after = 20.0\nwitness_refuse_after = 60.0\n"
    witness = f'{limits}[[log.witnesses]]\nname = "w"\nvkey = "{COSIGNER.key.text}"\nurl = "{neighbour.url}"\n\n[tokens]'
    place.change("linkage.toml", "[tokens]", witness)
    return place


async def cosigned(desk: Desk) -> receipt_pb2.GetCheckpointResponse:
    """The answer of a gateway whose log has been cosigned at least once."""
    while True:
        answer = await desk.receipts.GetCheckpoint(receipt_pb2.GetCheckpointRequest(), metadata=desk.metadata, timeout=5)
        if answer.cosigned_checkpoint:
            return answer
        await asyncio.sleep(0.02)


async def health(desk: Desk, *names: str) -> list[int]:
    await desk.world.gateway._health.look()
    check = health_pb2_grpc.HealthStub(desk.channel).Check
    return [(await check(health_pb2.HealthCheckRequest(service=name), timeout=5)).status for name in names]


async def test_a_cosigned_checkpoint_is_given_to_whoever_asks_and_to_an_export(place: Place) -> None:
    async with running(place) as world:
        desk = world.desk()
        answer = await cosigned(desk)
        await desk.close()

        check_cosignature(answer.cosigned_checkpoint.encode(), place.vkey, COSIGNER.key.text)
        assert int(answer.cosigned_checkpoint.split("\n")[1]) <= int(answer.checkpoint.split("\n")[1])
        settings = load(place.settings_file)
        kept = cosigned_checkpoint(settings.log, storage_of(settings))
        assert kept is not None
        check_cosignature(kept.encode(), place.vkey, COSIGNER.key.text)
        assert b'linkage_witness_tries_total{result="cosigned",witness="w"}' in world.metrics()


async def _fresh(world: World) -> None:
    await until(lambda: not world.gateway._witnessing.trouble() and world.gateway.journal.health().ok)


async def test_a_dead_witness_is_a_warning_and_later_the_end_of_new_requests_but_not_of_those_begun(
    place: Place, neighbour: Neighbour
) -> None:
    async with running(place) as world:
        desk = world.desk()
        await cosigned(desk)
        session, visit = await desk.login(), (await desk.verify()).visit.token
        neighbour.odd = Response(status_code=503)
        assert [SERVING, SERVING] == await health(desk, "witness", "log")
        world.clock.step_wall(21)
        assert [NOT_SERVING, SERVING, SERVING] == await health(desk, "witness", "log", "")
        await until(lambda: b"linkage_witness_ok 0.0" in world.metrics())

        world.dopa.knobs.slow = 1.0
        asked = len(world.dopa.received)
        begun = asyncio.create_task(desk.look_up(visit, session))
        await until(lambda: len(world.dopa.received) > asked)
        world.clock.step_wall(40)
        await until(lambda: not world.gateway.journal.health().ok)
        await refusal(world, desk.verify(), Reason.AUDIT_UNAVAILABLE)
        assert [NOT_SERVING, NOT_SERVING] == await health(desk, "log", "")
        assert lookup_pb2.ANSWER_FOUND == (await begun).answer
        await desk.close()


async def test_nothing_new_is_begun_in_the_long_run_and_a_restart_changes_nothing(place: Place, neighbour: Neighbour) -> None:
    async with running(place) as world:
        desk = world.desk()
        await cosigned(desk)
        await desk.close()
    neighbour.odd = Response(status_code=503)
    place.clock.step_wall(61)
    async with running(place) as world:
        desk = world.desk()
        await until(lambda: not world.gateway.journal.health().ok)
        asked = len(world.dopa.received)
        await refusal(world, desk.verify(), Reason.AUDIT_UNAVAILABLE)
        assert asked == len(world.dopa.received)
        assert [NOT_SERVING, NOT_SERVING, NOT_SERVING] == await health(desk, "witness", "log", "")
        neighbour.odd = None
        await _fresh(world)
        assert (await desk.verify()).visit.token
        await desk.close()


@pytest.mark.parametrize(
    "odd", [Response("999\n", 409, {"content-type": SIZE_TYPE}), Response("no\n", 422)], ids=["larger", "does not follow"]
)
async def test_an_alarm_ends_the_gateway_and_says_which_witness(place: Place, neighbour: Neighbour, odd: Response) -> None:
    async with running(place) as world:
        desk = world.desk()
        await cosigned(desk)
        neighbour.odd = odd
        place.clock.step_wall(10)  # an idle log is submitted again
        async with asyncio.timeout(30):
            await world.gateway.until_lost()
        assert isinstance(world.gateway.lost, LogCorrupt)
        assert "witness w" in world.gateway.journal.health().reason
        assert [NOT_SERVING, NOT_SERVING] == await health(desk, "log", "")
        await refusal(world, desk.verify(), Reason.AUDIT_UNAVAILABLE)
        await desk.close()


async def test_a_gateway_put_back_whole_from_a_backup_is_refused_because_the_witness_has_seen_more(
    place: Place, neighbour: Neighbour
) -> None:
    async with running(place) as world:
        desk = world.desk()
        await cosigned(desk)
        await desk.close()
    backup = place.folder.with_name("backup")
    shutil.copytree(place.folder, backup)
    async with running(place) as world:
        desk = world.desk()
        size = int((await cosigned(desk)).checkpoint.split("\n")[1])
        witnessing = world.gateway._witnessing
        assert isinstance(witnessing, Witnessing)
        await until(lambda: witnessing._at_size.get("w", 0) >= size)
        await desk.close()
    shutil.rmtree(place.folder)
    shutil.copytree(backup, place.folder)

    with pytest.raises(LogCorrupt, match=r"log: got \d+ entries, witness w has seen \d+"):
        async with running(place):
            pass

    neighbour.odd = Response(status_code=503)
    with pytest.raises(LogCorrupt, match="witness w has seen"):  # it was told, and keeps it, also where the witness is silent now
        async with running(place):
            pass


async def test_every_problem_with_witnesses_is_said_with_all_others(place: Place) -> None:
    place.change("linkage.toml", COSIGNER.key.text, place.vkey)
    with pytest.raises(SettingsInvalid) as refused:
        await equip(load(place.settings_file), place.settings_file, place.clock)
    assert {"log.witnesses.0.vkey"} == {problem.key for problem in refused.value.problems}

    place.change("linkage.toml", place.vkey, COSIGNER.key.text)
    place.change("linkage.toml", 'name = "w"', 'name = "w"\nca = "absent.pem"')
    with pytest.raises(SettingsInvalid) as refused:
        await equip(load(place.settings_file), place.settings_file, place.clock)
    assert {"log.witnesses.0.ca"} == {problem.key for problem in refused.value.problems}
