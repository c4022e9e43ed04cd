"""In a gateway that serves, all threads but the event loop's leave the processor to it."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from linkage.runtime.standing_back import others_stand_back
from tests.crash.processes import agencies
from tests.runtime.processes import started


def standing_back(pid: int) -> dict[int, bool]:
    """Its threads, and whether they interrupt nobody when they wake up."""
    threads = [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]
    return {thread: os.sched_getscheduler(thread) == os.SCHED_BATCH for thread in threads}


@pytest.fixture
def put_back() -> Iterator[None]:
    yield
    for thread in standing_back(os.getpid()):
        os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


@pytest.mark.usefixtures("put_back")
def test_whoever_asks_goes_first_and_threads_started_later_are_as_those_that_start_them() -> None:
    def own() -> int:
        return os.sched_getscheduler(0)

    with ThreadPoolExecutor(1) as early, ThreadPoolExecutor(1) as late:
        early.submit(own).result()
        others_stand_back()

        assert own() == late.submit(own).result() == os.SCHED_OTHER
        assert early.submit(own).result() == os.SCHED_BATCH
        assert early.submit(lambda: ThreadPoolExecutor(1).submit(own).result()).result() == os.SCHED_BATCH


@pytest.mark.usefixtures("put_back")
def test_a_policy_that_somebody_has_chosen_is_left_alone() -> None:
    with ThreadPoolExecutor(1) as chosen:
        chosen.submit(os.sched_setscheduler, 0, os.SCHED_IDLE, os.sched_param(0)).result()
        assert others_stand_back()
        assert chosen.submit(os.sched_getscheduler, 0).result() == os.SCHED_IDLE


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_serving_gateway_has_its_event_loop_go_first(workers: int, tmp_path: Path) -> None:
    with agencies() as there, started(tmp_path / "place", there, f"workers = {workers}") as gateway:
        await gateway.until_serving(workers)
        for pid in [gateway.process.pid] if workers == 1 else gateway.workers():
            found = standing_back(pid)
            assert not found.pop(pid)
            assert sum(found.values()) > len(found) / 2  # gRPC's, the journal's; what the event loop starts later is not among them
