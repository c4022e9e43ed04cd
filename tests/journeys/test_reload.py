"""Register, services and agreements change while the gateway serves: in force at once and recorded, or refused whole and visible."""

import asyncio
import io
import json
from collections.abc import AsyncIterator

import pytest
import structlog

from linkage.errors import Reason
from linkage.telemetry import configure_logging
from linkage.v1 import lookup_pb2
from tests.journeys.logbook import entries, refusal, until
from tests.journeys.world import Desk, World


@pytest.fixture
async def lines() -> AsyncIterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()


async def test_a_field_newly_agreed_may_be_asked_and_the_change_is_in_the_log_before(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    await refusal(world, desk.look_up(visit, session, "father_name"), Reason.FIELD_NOT_AGREED)
    boot = entries(world, "boot")[-1]["facts"]["digests"]

    world.change("agreements.toml", '"gender", "birth_date"', '"gender", "father_name", "birth_date"')
    await until(lambda: entries(world, "config"))

    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session, "father_name")).answer
    config = entries(world, "config")[-1]["facts"]["digests"]
    assert {"agreements"} == {name for name in config if config[name] != boot[name]}


async def test_a_field_taken_out_is_refused_at_the_next_call(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    await desk.look_up(visit, session, "nationality")

    world.change("agreements.toml", '"gender", "birth_date", "nationality"', '"gender", "birth_date"')
    await until(lambda: entries(world, "config"))

    await refusal(world, desk.look_up(visit, session, "nationality"), Reason.FIELD_NOT_AGREED)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("agreements.toml", 'recipient = "doe"', 'recipient = "nobody"'),
        ("agreements.toml", "[[agreement]]", "[[agreement"),
        ("register.toml", 'agency = "doe"', 'agency = "d o e"'),
        ("services/interior.toml", 'id = "house_move"', 'id = "id_card_renewal"'),
        ("register.toml", 'jwks_file = "officers-doe.jwks.json"', 'jwks_file = "not-there.json"'),
    ],
)
async def test_a_bad_version_is_refused_whole_shown_and_mended(
    lines: io.StringIO, world: World, desk: Desk, file: str, old: str, new: str
) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    good = (world.folder / file).read_text(encoding="utf-8")
    world.change(file, old, new)
    await until(lambda: b'linkage_reload_ok{which="files"} 0.0' in world.metrics())

    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
    assert [] == entries(world, "config")
    refused = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"].startswith("changed files refused")]
    assert refused
    assert all(line["file"] and line["expected"] for line in refused)

    (world.folder / file).write_text(good, encoding="utf-8")
    await until(lambda: b'linkage_reload_ok{which="files"} 1.0' in world.metrics())
    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer


async def test_calls_under_way_while_files_change_are_decided_by_one_version(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.slow = 0.3
    begun = asyncio.create_task(desk.look_up(visit, session, "nationality"))
    await until(lambda: world.dopa.received[-1].operation == "request")

    world.change("agreements.toml", '"gender", "birth_date", "nationality"', '"gender", "birth_date"')
    await until(lambda: entries(world, "config"))

    assert ["nationality"] == [field.name for field in (await begun).record.fields]
