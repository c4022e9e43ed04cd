"""A joint counter's world: a gateway with six agencies besides ThaID, each a simulator, and the agreements for all of them."""

import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linkage.sources.installed import installed
from linkage.sources.simulation import Simulator
from linkage.v1 import lookup_pb2 as pb
from tests.journeys.world import SAMPLE, App, Desk, Place, World, build_place, running

SERVICE = "joint_counter_demo"
OTHERS = ("sso", "led", "dlt", "dep", "moj", "dbd", "gdx")
"""The first five and DOPA serve the sample's service."""
NUMBER = "1100000000016"
"""Who is known to all six, but for the Legal Execution Department, where nobody sues them."""


@dataclass
class Joint:
    """The world, the simulators by name (``dopa`` too), and a desk whose officer is logged in at DOPA."""

    world: World
    simulators: Mapping[str, Any]
    desk: Desk
    session: str

    async def visit(self, number: str = NUMBER, service: str = SERVICE) -> str:
        """Verify somebody; the visit's token."""
        reply = await self.desk.verify(number, service=service)
        token: str = reply.visit.token
        return token

    async def bundle(self, visit: str, **changes: Any) -> tuple[dict[str, pb.BundledRecord], pb.BundleSummary]:
        """Everything that a bundle brings: the records in the order they came, and the summary."""
        records: dict[str, pb.BundledRecord] = {}
        summary = pb.BundleSummary()
        async for message in self.stream(visit, **changes):
            if message.HasField("summary"):
                assert not summary.ByteSize(), "one summary"
                summary = message.summary
            else:
                assert not summary.ByteSize(), "the summary comes last"
                assert message.record.record_type not in records
                records[message.record.record_type] = message.record
        return records, summary

    def stream(self, visit: str, **changes: Any) -> Any:
        """The call itself. ``changes``: fields of the request, and ``timeout``."""
        timeout = changes.pop("timeout", 20)
        asked: dict[str, Any] = {"visit_token": visit, "service": SERVICE, "agency_session_tokens": [self.session]}
        request = pb.LookupBundleRequest(**(asked | changes))
        return self.desk.lookups.LookupBundle(request, metadata=self.desk.metadata, timeout=timeout)

    def asked(self, agency: str) -> int:
        """How many requests for records the agency has received."""
        received = self.simulators[agency].received
        return sum(one.operation not in ("login", "confirm", "token", "CheckCardByLaser", "CheckDeathStatus") for one in received)


def build_joint(folder: Path) -> tuple[Place, Mapping[str, Simulator]]:
    """The place of such a world, and the simulators that its settings name."""
    place = build_place(folder)
    simulators = {name: _simulator(name) for name in OTHERS}
    (folder / "agreements").mkdir()
    for name in ("agreements.toml", "agreements-joint-counter.toml"):
        shutil.copy(SAMPLE / name, folder / "agreements" / name)
    place.change("linkage.toml", 'agreements = "agreements.toml"', 'agreements = "agreements"')
    with place.settings_file.open("a", encoding="utf-8") as settings:
        for name in OTHERS:
            given = simulators[name].settings_for(f"https://{name}.example")
            lines = "\n".join(f"{key} = {_toml(value)}" for key, value in given.items())
            settings.write(f'\n[sources.{name}]\nadapter = "{name}"\n\n[sources.{name}.recipients.doe]\n{lines}\n')
    return place, simulators


@asynccontextmanager
async def joint_counter(
    folder: Path, *, prepare: Callable[[Path], None] = lambda _: None, between: Callable[[App], App] = lambda app: app
) -> AsyncIterator[Joint]:
    """Serve such a world in this process. ``prepare`` may change its files before; ``between`` puts something in the way to each agency."""
    place, simulators = build_joint(folder)
    prepare(folder)
    others = {name: between(one.app) for name, one in simulators.items()}
    async with running(place, others=others, between=between) as world:
        desk = world.desk()
        try:
            yield Joint(world, {**simulators, "dopa": world.dopa}, desk, await desk.login())
        finally:
            await desk.close()


def _simulator(name: str) -> Simulator:
    make = installed(name, key="adapter", file="tests").make_simulator
    assert make is not None, name
    return make()


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


def results(records: dict[str, pb.BundledRecord]) -> dict[str, str | None]:
    return {name: record.WhichOneof("result") for name, record in records.items()}


def needs(summary: pb.BundleSummary) -> dict[str, str]:
    return {one.document: pb.PaperNeed.Name(one.need).removeprefix("PAPER_NEED_") for one in summary.documents}


PAPER_ONLY = """
[[service]]
id = "paper_only"
name_th = "บริการที่ใช้เอกสารเท่านั้น"
name_en = "A service on paper"
agency = "doe"
steps = [{ th = "ยื่นเอกสาร", en = "Hand the paper in" }]
steps_sure = "unknown"
time = { th = "ไม่กำหนด", en = "Not said", sure = "unknown" }
fee = { th = "ไม่มีค่าธรรมเนียม", en = "No fee", sure = "unknown" }
law = { th = "ไม่มี", en = "None", sure = "unknown" }
checked_on = 2026-11-21
invented = true
[[service.sources]]
where = "Invented for a test"
kind = "recalled"
[[service.documents]]
id = "medical_certificate"
name_th = "ใบรับรองแพทย์"
name_en = "Medical certificate"
issued_by_th = "โรงพยาบาล"
issued_by_en = "Hospital"
originals = 1
copies = 0
sure = "unknown"
paper_th = "แพทย์ออกเป็นกระดาษ"
paper_en = "Doctors write it on paper"
"""
