"""What is measured is what is killed: the benchmark's gateways and the crash suite's promise the same durability, by the same means."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from linkage.audit.boot import new_origin
from linkage.clock import SystemClock
from linkage.runtime.storage import storage_of
from linkage.settings import Settings, load
from linkage.store.sqlite_keys import SqliteKeys
from linkage.store.sqlite_log import SqliteLog
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from tests.bench.peer_records import pragmas as peer_pragmas
from tests.bench.places import Process
from tests.bench.sides import Simulator, built_place
from tests.crash.campaign import settled_place
from tests.journeys.place import Place

DURABLE = {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1, "mmap_size": 0}
"""As SQLite reads them back: 2 is FULL."""


def of_benchmark(folder: Path, **more: Any) -> Place:
    return built_place(folder, Simulator("http://127.0.0.1:9001", Process(None)), **more)  # type: ignore[arg-type]  # nothing is asked of it


def of_crash_suite(folder: Path) -> Place:
    return settled_place(folder, dopa="http://127.0.0.1:9001", thaid="http://127.0.0.1:9002", port=0)


def durability(settings: Settings, folder: Path) -> dict[str, str]:
    """All of ``[log]``, and what of ``[server]`` decides when an outcome is given up; paths seen from their folder."""
    chosen = {**dict(settings.log), **{name: getattr(settings.server, name) for name in ("max_deadline", "reserve", "drain")}}
    return {name: str(value).replace(str(folder), "") for name, value in chosen.items()}


@pytest.mark.parametrize(
    "more",
    [{}, {"workers": 2}, {"source": "concurrency = 300"}, {"server": "max_concurrent = 64"}],
    ids=["whole", "two workers", "crowd", "storm"],
)
def test_benchmark_and_crash_suite_set_the_log_up_alike(tmp_path: Path, more: dict[str, Any]) -> None:
    bench, crash = of_benchmark(tmp_path / "bench", **more), of_crash_suite(tmp_path / "crash")
    assert durability(load(bench.settings_file), bench.folder) == durability(load(crash.settings_file), crash.folder)


@pytest.mark.parametrize("make", [of_benchmark, of_crash_suite], ids=["benchmark", "crash suite"])
def test_both_open_their_log_and_data_keys_so_that_a_commit_is_on_the_disk(tmp_path: Path, make: Callable[[Path], Place]) -> None:
    place = make(tmp_path / "place")
    settings = load(place.settings_file)
    storage, clock = storage_of(settings), SystemClock()
    signer = LogSigner.of(Signer.parse((place.folder / "log.key").read_text(encoding="utf-8").strip()))
    storage.make_missing(signer)
    log, keys = storage.open_log(signer, clock, new_origin(settings.log.replica)), storage.open_keys()
    assert isinstance(log, SqliteLog)
    assert isinstance(keys, SqliteKeys)
    try:
        for store in (log, keys):
            assert {name: store._connection.pragma(name) for name in DURABLE} == DURABLE
    finally:
        log.close()
        keys.close()


def test_the_peer_commits_as_durably(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'peer.db'}")
    try:
        assert peer_pragmas(engine) == {name: DURABLE[name] for name in ("journal_mode", "synchronous")}
    finally:
        engine.dispose()
