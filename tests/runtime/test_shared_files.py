"""What the workers of one gateway share: its port, its anchor, its lock, its settings, its page of metrics."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from linkage.cli.ending import Exit
from linkage.runtime.held_port import HeldPort
from linkage.runtime.supervisor import Cause, Supervisor
from linkage.runtime.worker_process import Launch
from linkage.runtime.workers_page import WorkersPage
from linkage.settings import load, restore
from linkage.store.anchor import Anchor
from linkage.store.lock import StoreLock, StoreLocked
from linkage.telemetry import Metrics
from tests.journeys.place import build_place


def note(size: int) -> str:
    return f"linkage.example/audit\n{size}\nroot\n\n— signature\n"


def test_an_older_checkpoint_never_takes_the_place_of_a_newer_one(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    ahead, behind = Anchor(path), Anchor(path)
    ahead.offer(note(10))
    behind.offer(note(9))
    assert path.read_text() == note(10)
    assert behind.due_in() is None
    behind.offer(note(11))
    behind.keep()
    assert path.read_text() == note(11)


def test_workers_that_write_one_anchor_at_once_leave_the_newest_checkpoint_whole(tmp_path: Path) -> None:
    path = tmp_path / "anchor"

    def write(first: int) -> None:
        anchor = Anchor(path)
        for size in range(first, 400, 4):
            anchor.offer(note(size))
            anchor.keep()
        while anchor.due_in() is not None:
            anchor.keep()
        assert not anchor.trouble

    workers = [threading.Thread(target=write, args=(first,)) for first in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert path.read_text() == note(399)


def test_a_worker_that_has_to_wait_for_its_turn_writes_its_checkpoint_later_and_is_not_in_trouble(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "anchor")
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    anchor.offer(note(5))
    assert not anchor.path.exists()
    assert not anchor.trouble
    os.close(other)
    assert anchor.due_in() is not None
    anchor.keep()
    assert anchor.path.read_text() == note(5)


def test_a_damaged_anchor_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    path.write_bytes(b"\xff\n\n")
    Anchor(path).offer(note(3))
    assert path.read_text() == note(3)


def test_a_lock_is_not_free_before_the_last_worker_that_inherited_it_has_ended(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    lock = StoreLock(log)
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(lock.descriptor,)
    ) as worker:
        lock.path.write_text(f"{_ended()}\n")  # as if whoever took it had been killed
        lock.release()
        with pytest.raises(StoreLocked):
            StoreLock(log)
        threading.Timer(0.2, worker.communicate).start()
        StoreLock(log, patience=60).release()


def test_who_takes_the_lock_of_a_gateway_that_runs_does_not_wait(tmp_path: Path) -> None:
    with StoreLock(tmp_path / "log.db"), pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        StoreLock(tmp_path / "log.db", patience=1e9)


def _ended() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_port_that_is_kept_is_open_to_workers_and_takes_no_connection_itself(host: str) -> None:
    kept = HeldPort(f"{host}:0")
    number = int(kept.listen.rpartition(":")[2])
    try:
        with socket.socket() as caller, pytest.raises(ConnectionRefusedError):
            caller.connect(("127.0.0.1", number))
        workers = [socket.socket(), socket.socket()]
        for worker in workers:
            worker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            worker.bind(("127.0.0.1", number))
            worker.listen()
        with pytest.raises(OSError, match="in use"):
            HeldPort(kept.listen)
        for worker in workers:
            worker.close()
    finally:
        kept.close()


def test_a_port_where_somebody_listens_is_not_shared_in_silence() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other, pytest.raises(OSError, match="in use"):
        HeldPort(f"127.0.0.1:{other.getsockname()[1]}")


def test_a_worker_has_the_settings_that_were_read_before_it_started(tmp_path: Path) -> None:
    place = build_place(tmp_path / "place", more="workers = 3")
    settings = load(place.settings_file)
    place.settings_file.write_text("something else meanwhile")
    assert restore(json.loads(json.dumps(settings.model_dump(mode="json"))), place.settings_file) == settings


@pytest.fixture
def pages() -> Iterator[list[int]]:
    """Two workers' pages on loopback, and one that is not there."""
    with (
        HTTPServer(("127.0.0.1", 0), _Page) as one,
        HTTPServer(("127.0.0.1", 0), _Page) as two,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        serving = [threading.Thread(target=server.serve_forever) for server in (one, two)]
        for each in serving:
            each.start()
        yield [one.server_port, two.server_port, silent.getsockname()[1]]
        for server in (one, two):
            server.shutdown()
        for each in serving:
            each.join()


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        metrics = Metrics()
        metrics.calls.labels("a method", "OK").inc(cast("HTTPServer", self.server).server_port)
        metrics.call_seconds.labels("a method").observe(0.3)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(generate_latest(metrics.registry))

    def log_message(self, *_: object) -> None:
        pass


def test_the_page_of_a_gateway_holds_every_workers_samples_under_its_number_and_leaves_out_who_is_silent(pages: list[int]) -> None:
    supervisor = Supervisor(lambda _: Launch([]), 3)
    supervisor.replaced[Cause.SILENT] = 2
    workers = [(number, SimpleNamespace(page=page)) for number, page in enumerate(pages)]
    registry = CollectorRegistry()
    leaving = [(1, SimpleNamespace(page=pages[1]))]
    shown = SimpleNamespace(workers=lambda: workers, leaving=lambda: leaving, replaced=supervisor.replaced, rolling=True)
    registry.register(WorkersPage(cast("Supervisor", shown)))
    lines = generate_latest(registry).decode().splitlines()
    assert f'linkage_calls_total{{code="OK",method="a method",worker="1-leaving"}} {float(pages[1])}' in lines
    assert ['linkage_search_behind{worker="0"} 0.0'] == [line for line in lines if line.startswith("linkage_search_behind{")]
    assert {'linkage_log_size{worker="0"} 0.0', 'linkage_log_size{worker="1"} 0.0'} < set(lines)
    for number in (0, 1):
        assert f'linkage_calls_total{{code="OK",method="a method",worker="{number}"}} {float(pages[number])}' in lines
        assert f'linkage_call_seconds_bucket{{le="0.5",method="a method",worker="{number}"}} 1.0' in lines
    assert not [line for line in lines if 'worker="2"' in line]
    assert 1 == lines.count("# TYPE linkage_calls_total counter")
    for line in (
        "linkage_workers 3.0",
        "linkage_workers_missed_total 1.0",
        "linkage_rolling_restart 1.0",
        'linkage_workers_replaced_total{cause="silent"} 2.0',
    ):
        assert line in lines


@pytest.mark.parametrize("answer", [b"<html>{}</html>", b"# TYPE a b\n", b"a{b=c} 1\n", b"\xff\xfe"])
def test_a_page_of_somebody_else_at_a_workers_port_is_left_out_and_counted(answer: bytes) -> None:
    class Foreign(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    registry = CollectorRegistry()
    with HTTPServer(("127.0.0.1", 0), Foreign) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            workers = [(0, SimpleNamespace(page=server.server_port))]
            replaced = Supervisor(lambda _: Launch([]), 1).replaced
            shown = SimpleNamespace(workers=lambda: workers, leaving=list, replaced=replaced, rolling=False)
            registry.register(WorkersPage(cast("Supervisor", shown)))
            lines = generate_latest(registry).decode().splitlines()
        finally:
            server.shutdown()
            serving.join()
    assert "linkage_workers_missed_total 1.0" in lines
    assert "linkage_workers 1.0" in lines


def test_a_rolling_restart_asked_for_during_a_slow_start_does_not_end_the_gateway(tmp_path: Path) -> None:
    place = build_place(tmp_path / "place", more="workers = 2")
    log = load(place.settings_file).log.path
    assert log is not None
    lock = StoreLock(log)
    lock.path.write_text(f"{_ended()}\n")  # it will be waited for
    command = [sys.executable, "-m", "linkage.cli.main", "serve", "--config", str(place.settings_file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not _has_open(process.pid, lock.path):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGHUP)
        lock.path.write_text(f"{os.getpid()}\n")  # now it need not wait any longer
        assert Exit.UNAVAILABLE == process.wait(60)
    lock.release()


def _has_open(pid: int, file: Path) -> bool:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if link.readlink() == file:
                return True
    return False
