"""Many real processes on one log in PostgreSQL: one is killed, one frozen, one cut off, each while it holds the log; the others go on."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from linkage.audit.verify import verify_all
from linkage.store.postgres_read import PostgresReader
from linkage.store.postgres_schema import create_postgres_log
from tests.postgres import GATEWAY, Database, Server
from tests.small_log import SIGNER
from tests.store.appending import Writer, appending, until
from tests.store.black_hole import BlackHole


def lay_out(database: Database) -> None:
    create_postgres_log(database.owner, SIGNER, gateway_role=GATEWAY)


@pytest.fixture
def database(postgres: Server) -> Database:
    return postgres.fresh_database(lay_out)


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as ends:
        yield ends


@pytest.fixture
def way(postgres: Server) -> Iterator[BlackHole]:
    with BlackHole(postgres.port) as way:
        yield way


@pytest.fixture
def over(tmp_path: Path) -> Path:
    """When this file appears, the processes end."""
    return tmp_path / "over"


def assert_holds(database: Database, writers: list[Writer]) -> None:
    """The log verifies, and every entry that a process acknowledged stands there once, where it was said to."""
    told = [each for writer in writers for each in writer.acknowledged()]
    with PostgresReader(database.gateway) as reader:
        report = verify_all(reader, SIGNER.verifier)
        stored = {entry.eid: entry.index for entry in reader.consistent(lambda log: list(log.entries(0, 1_000_000)))}
    assert report.clean, report.findings
    assert len(stored) == report.size
    assert [eid for eid, index, _ in told if stored.get(eid) != index] == []
    assert len({eid for eid, *_ in told}) == len(told)


def test_eight_processes_append_while_one_is_killed_one_frozen_and_one_cut_off(
    database: Database, way: BlackHole, over: Path, ends: ExitStack
) -> None:
    conninfos = [*[database.gateway] * 7, database.through(way.port).gateway]
    writers = [ends.enter_context(appending(conninfo, over)) for conninfo in conninfos]
    killed, frozen, cut_off, others = writers[0], writers[1], writers[7], writers[2:7]
    for writer in writers:
        writer.go_on()
    until(lambda: all(writer.acknowledged() for writer in writers))
    gone_on = []

    def went_on(since: float) -> None:
        """Wait until others append again, and note how long it took."""
        until(lambda: any(at > since for writer in others for *_, at in writer.acknowledged()[-1:]))
        gone_on.append(min(at for writer in others for *_, at in writer.acknowledged() if at > since) - since)

    killed.hold()
    killed.process.send_signal(signal.SIGKILL)
    went_on(time.monotonic())

    frozen.hold()
    frozen.process.send_signal(signal.SIGSTOP)
    frozen.go_on()
    went_on(time.monotonic())

    cut_off.hold()
    way.swallow()
    cut_off.go_on()
    went_on(time.monotonic())

    known_before = len(frozen.acknowledged())
    frozen.process.send_signal(signal.SIGCONT)
    until(lambda: len(frozen.acknowledged()) > known_before)  # what it had begun was undone; it begins again, and goes on
    over.touch()
    for writer in (*others, frozen):
        writer.process.wait(30)

    assert_holds(database, writers)
    assert [writer.process.returncode for writer in (*others, frozen)] == [0] * 6
    assert max(gone_on) < 3.0, gone_on


def test_an_acknowledged_entry_survives_a_server_that_falls_down_under_its_writers(
    postgres: Server, database: Database, over: Path, ends: ExitStack
) -> None:
    writers = [ends.enter_context(appending(database.gateway, over)) for _ in range(2)]
    for writer in writers:
        writer.go_on()
    until(lambda: all(len(writer.acknowledged()) > 20 for writer in writers))
    postgres.stop(immediate=True)
    before = [len(writer.acknowledged()) for writer in writers]
    postgres.start()
    # Each finds out what became of its last batch, and goes on.
    until(lambda: all(len(writer.acknowledged()) > count for writer, count in zip(writers, before, strict=True)))
    over.touch()
    assert [writer.process.wait(30) for writer in writers] == [0, 0]
    assert_holds(database, writers)
