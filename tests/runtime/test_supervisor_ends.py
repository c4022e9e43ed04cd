"""How a supervisor ends its workers: in order, or at once where nobody may write any more. The workers are small real processes."""

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from linkage.runtime.supervisor import Supervisor
from linkage.runtime.worker_process import CORRUPT, CUT_OFF, Launch, Orders, Patience

LIMIT_S = 60.0
"""For a hang alone."""

WORKER = """
import os, signal, sys, time
from pathlib import Path
pipe, asked, word = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
def end(*_):
    asked.touch()
    os.kill(os.getpid(), signal.SIGSTOP) if word == "stops" else sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGUSR1, lambda *_: sys.exit(65))
if word == "corrupt":
    sys.exit(65)
while True:
    os.write(pipe, b".")
    if word == "corrupt later":
        sys.exit(65)
    time.sleep(0.05)
"""


class Workers:
    """Workers that note whether anybody asked them to end in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def asked(self) -> list[str]:
        return sorted(path.name for path in self._folder.glob("asked-*"))

    def doing(self, *words: str) -> Callable[[Orders], Launch]:
        """The worker of each number does what its word says."""

        def launch(orders: Orders) -> Launch:
            asked = self._folder / f"asked-{orders.number}"
            return Launch([sys.executable, "-c", WORKER, str(orders.pipe), str(asked), words[orders.number]])

        return launch


@pytest.fixture
def workers(tmp_path: Path) -> Workers:
    return Workers(tmp_path)


@contextmanager
def verdict_of(supervisor: Supervisor) -> Iterator[list[int]]:
    """It runs until it ends by itself after the block; what it then gives."""
    found: list[int] = []
    watching = threading.Thread(target=lambda: found.append(supervisor.run()))
    watching.start()
    try:
        yield found
        watching.join(LIMIT_S / 4)
    finally:
        supervisor.stop()
        watching.join(LIMIT_S)


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_workers_of_a_gateway_that_may_write_no_more_are_not_asked_to_finish_what_they_began(workers: Workers) -> None:
    supervisor = Supervisor(workers.doing("serves", "serves"), 2, Patience(drain=20))
    with verdict_of(supervisor) as verdict:
        wait_until(lambda: len(supervisor.workers()) == 2)
        supervisor.lose()
    assert [CUT_OFF] == verdict
    assert [] == workers.asked()


def test_while_one_worker_says_that_the_log_does_not_verify_no_other_goes_on_writing(workers: Workers) -> None:
    with verdict_of(Supervisor(workers.doing("serves", "corrupt later"), 2, Patience(drain=20), final={CORRUPT: 1})) as verdict:
        pass
    assert [1] == verdict
    assert [] == workers.asked()


@pytest.mark.parametrize("new", ["corrupt", "serves"], ids=["a new one finds it", "an old one finds it as it leaves"])
def test_a_log_that_does_not_verify_ends_a_rolling_restart_and_the_gateway(workers: Workers, new: str) -> None:
    rolled = workers.doing(new, new)
    supervisor = Supervisor(workers.doing("serves", "serves"), 2, Patience(leave=20, drain=20), renew=lambda: rolled, final={CORRUPT: 1})
    with verdict_of(supervisor) as verdict:
        wait_until(lambda: len(supervisor.workers()) == 2)
        supervisor.reload()
    assert [1] == verdict
    assert [] == workers.asked()


def test_a_worker_that_is_stopped_while_all_end_is_not_waited_for(workers: Workers) -> None:
    supervisor = Supervisor(workers.doing("stops", "serves"), 2, Patience(silence=0.5, drain=20))
    with capture_logs() as said, verdict_of(supervisor) as verdict:
        wait_until(lambda: len(supervisor.workers()) == 2)
        supervisor.stop()
    assert [CUT_OFF] == verdict
    assert ["asked-0", "asked-1"] == workers.asked()
    assert any("fallen silent" in line["event"] for line in said)


def test_a_supervisor_that_can_start_no_process_at_all_ends(tmp_path: Path) -> None:
    with verdict_of(Supervisor(lambda _: Launch([str(tmp_path / "no-such-program")]), 2)) as verdict:
        pass
    assert [CUT_OFF] == verdict
    assert CUT_OFF not in (0, 1, 2)


def test_a_worker_is_told_its_orders_where_no_disk_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    heard = tmp_path / "heard"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(sys.stdin.read()); os.write(int(sys.argv[2]), b'.'); time.sleep(1000)"
    supervisor = Supervisor(lambda orders: Launch([sys.executable, "-c", code, str(heard), str(orders.pipe)], b"orders" * 50_000), 1)
    with verdict_of(supervisor):
        wait_until(lambda: bool(supervisor.workers()))
        os.kill(supervisor.pids()[0], signal.SIGTERM)
        supervisor.stop()
    assert heard.read_text() == "orders" * 50_000
