"""Workers under a supervisor, as real processes on one SQLite log."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from linkage.runtime.supervisor import Cause, Supervisor
from linkage.runtime.worker_process import Heartbeat, Launch, Orders, Patience
from linkage.store.sqlite_log import create_log
from tests.small_log import SIGNER, assert_holds, verified

ROOT = Path(__file__).parent.parent.parent

APPEND = """
import os, signal, sys, threading, time
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from linkage.errors import AuditUnavailable
from linkage.runtime.worker_process import Heartbeat
from tests.small_log import draft, opened, placed
log, heart = opened(Path(sys.argv[1])), Heartbeat(int(sys.argv[3]))
told = Path(sys.argv[2]).open("a")
freeze = Path(sys.argv[1]).with_name("freeze")
over = []
signal.signal(signal.SIGTERM, lambda *_: over.append(1))
def beat():
    while not over and heart.beat():
        time.sleep(0.1)
    over.append(1)
threading.Thread(target=beat).start()  # as in a gateway: the thread that waits for the log is not the one that shows life
while not over:
    if freeze.exists():
        try:
            freeze.rename(freeze.with_name("frozen"))
        except FileNotFoundError:
            continue
        log._connection.execute("BEGIN IMMEDIATE")  # the worst moment: the write lock of everybody is held
        os.kill(os.getpid(), signal.SIGSTOP)
    try:
        results = log.append([draft() for _ in range(4)])
    except AuditUnavailable as busy:
        told.write(f"refused {type(busy).__name__}\\n")
        continue
    for each in map(placed, results):
        told.write(f"{each.eid.hex()} {each.index}\\n")
    told.flush()
    time.sleep(0.005)
try:
    log.close()
except AuditUnavailable:
    pass  # a neighbour is at it: the next start copies back
"""


class Appending:
    """Four workers that append to one log, each telling a file what was acknowledged to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log.db"
        self.freeze, self.frozen = folder / "freeze", folder / "frozen"
        create_log(self.log, SIGNER)
        self.supervisor = Supervisor(self.command, 4, Patience(silence=1.0, drain=20))

    def command(self, orders: Orders) -> Launch:
        return Launch([sys.executable, "-c", APPEND, str(self.log), str(self.told(orders.number)), str(orders.pipe), str(ROOT)])

    def told(self, number: int) -> Path:
        return self.folder / f"told-{number}"

    def acknowledged(self, number: int) -> list[tuple[bytes, int]]:
        lines = self.told(number).read_text().splitlines(keepends=True) if self.told(number).exists() else []
        found = [line.split() for line in lines if line.endswith("\n") and not line.startswith("refused")]
        return [(bytes.fromhex(eid), int(index)) for eid, index in found]

    def everything(self) -> list[tuple[bytes, int]]:
        return [each for number in range(4) for each in self.acknowledged(number)]

    @contextmanager
    def running(self) -> Iterator[None]:
        watching = threading.Thread(target=self.supervisor.run)
        watching.start()
        try:
            yield
        finally:
            self.supervisor.stop()
            watching.join()


def wait_for(what: str, limit: float = 60.0) -> Iterator[None]:
    """Look again and again; the limit is for a hang alone."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        yield
        time.sleep(0.02)
    pytest.fail(f"never: {what}")


@pytest.mark.crash
def test_four_workers_lose_nothing_while_one_is_killed_and_one_is_frozen_with_the_lock(tmp_path: Path) -> None:
    workers = Appending(tmp_path)
    with workers.running():
        for _ in wait_for("all four append"):
            if all(len(workers.acknowledged(number)) > 20 for number in range(4)):
                break
        before = workers.supervisor.pids()
        os.kill(before[0], signal.SIGKILL)
        workers.freeze.touch()
        for _ in wait_for("one froze and was ended"):
            if workers.frozen.exists() and workers.supervisor.replaced[Cause.SILENT]:
                break
        then = [len(workers.acknowledged(number)) for number in range(4)]
        for _ in wait_for("all four append again"):
            if all(len(workers.acknowledged(number)) > then[number] + 20 for number in range(4)):
                break
        after = workers.supervisor.pids()
    told = workers.everything()
    assert workers.supervisor.replaced[Cause.SILENT] == 1
    assert len(set(before) - set(after)) == 2, "the killed one and the frozen one were replaced, the others went on"
    assert len({index for _, index in told}) == len(told), "no index was given twice"
    assert_holds(workers.log, told)
    report = verified(workers.log)
    assert report.clean
    assert report.size >= len(told)


def test_a_worker_ends_when_nobody_watches_over_it_any_more() -> None:
    reading, writing = os.pipe()
    heart = Heartbeat(writing)
    assert heart.beat()
    os.close(reading)
    assert not heart.beat()
    os.close(writing)


def test_a_full_pipe_never_keeps_a_worker_waiting() -> None:
    reading, writing = os.pipe()
    heart = Heartbeat(writing)
    assert all(heart.beat() for _ in range(100_000))
    os.close(reading)
    os.close(writing)


def test_a_worker_that_ends_soon_is_started_at_longer_and_longer_intervals(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    code = f"import os, sys; open({str(starts)!r}, 'a').write('.'); os.write(int(sys.argv[1]), b'.')"
    supervisor = Supervisor(lambda orders: Launch([sys.executable, "-c", code, str(orders.pipe)]), 1, Patience(silence=1.0))
    watching = threading.Thread(target=supervisor.run)
    watching.start()
    for _ in wait_for("it was started again"):
        if starts.exists() and len(starts.read_text()) >= 2:
            break
    before = len(starts.read_text())
    time.sleep(1.0)
    supervisor.stop()
    watching.join()
    assert len(starts.read_text()) - before <= 3, "0.4, 0.8 and 1.6 s lie between the next ones"


def test_a_worker_that_cannot_be_started_ends_nobody_else(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    code = f"import os, sys, time\nwhile True: os.write(int(sys.argv[1]), b'.'); open({str(alive)!r}, 'a').write('.'); time.sleep(0.05)"

    def command(orders: Orders) -> Launch:
        return Launch([str(tmp_path / "no-such-program")] if orders.number else [sys.executable, "-c", code, str(orders.pipe)])

    supervisor = Supervisor(command, 2, Patience(silence=5.0))
    watching = threading.Thread(target=supervisor.run)
    watching.start()
    for _ in wait_for("the other one works"):
        if alive.exists() and len(alive.read_text()) > 10:
            break
    assert watching.is_alive()
    assert len(supervisor.pids()) == 1
    supervisor.stop()
    watching.join()


BEAT = """
import os, signal, sys, time
signal.signal(signal.SIGUSR1, lambda *_: os.kill(os.getpid(), signal.SIGSTOP))
while True:
    os.write(int(sys.argv[1]), b".")
    time.sleep(0.05)
"""
"""A worker that the system stops as soon as its successor serves."""


def running(code: str, orders: Orders) -> Launch:
    return Launch([sys.executable, "-c", code, str(orders.pipe)])


@contextmanager
def watched(supervisor: Supervisor) -> Iterator[None]:
    """It runs, and its workers serve, until the block is left."""
    watching = threading.Thread(target=supervisor.run)
    watching.start()
    try:
        for _ in wait_for("all serve"):
            if len(supervisor.workers()) == supervisor.number:
                break
        yield
    finally:
        supervisor.stop()
        watching.join()


@pytest.mark.parametrize("code", ["raise SystemExit(2)", "import time; time.sleep(1000)"], ids=["ends", "is silent"])
def test_a_rolling_restart_whose_new_worker_does_not_come_up_is_given_up_and_all_stay(code: str) -> None:
    supervisor = Supervisor(
        lambda orders: running(BEAT, orders), 2, Patience(start=1.0), renew=lambda: lambda orders: running(code, orders)
    )
    with capture_logs() as said, watched(supervisor):
        before = supervisor.pids()
        supervisor.reload()
        for _ in wait_for("it was given up"):
            if any("given up" in line["event"] for line in said):
                break
        assert supervisor.pids() == before
        assert not supervisor.rolling
        assert not supervisor.replaced
        supervisor.reload()
        for _ in wait_for("another is begun"):
            if sum("begun" in line["event"] for line in said) == 2:
                break
        assert supervisor.pids() == before


def test_a_worker_that_is_stopped_while_it_leaves_is_ended_and_the_rolling_restart_goes_on() -> None:
    beating = partial(running, BEAT)
    supervisor = Supervisor(beating, 2, Patience(silence=0.5, leave=1000.0), renew=lambda: beating)
    with watched(supervisor):
        before = supervisor.pids()
        supervisor.reload()
        for _ in wait_for("both were replaced"):
            if supervisor.replaced[Cause.ROLLED] == 2 and not supervisor.rolling:
                break
        assert not set(before) & set(supervisor.pids())
        assert len(supervisor.pids()) == 2


def test_a_supervisor_whose_workers_never_come_to_serve_ends_with_their_exit_status() -> None:
    assert 3 == Supervisor(partial(running, "raise SystemExit(3)"), 2).run()


def test_after_an_exit_status_that_forbids_another_start_all_workers_end() -> None:
    def command(orders: Orders) -> Launch:
        ending = "import os, sys; os.write(int(sys.argv[1]), b'.'); raise SystemExit(65)"
        return running(ending if orders.number else BEAT, orders)

    assert 1 == Supervisor(command, 2, final={65: 1}).run()
