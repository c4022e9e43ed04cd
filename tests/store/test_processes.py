"""Several real processes on one file, and processes that are killed while they append."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from linkage.store.sqlite_log import create_log
from tests.small_log import SIGNER, assert_holds, entries, opened, verified

APPEND = """
import random, sys
from pathlib import Path
from linkage.store.contract import StoreUnavailable
from tests.small_log import draft, opened, placed
log = opened(Path(sys.argv[1]))
batches = int(sys.argv[2])
print("open", flush=True)
sys.stdin.readline()
for _ in range(batches):
    drafts, results = [draft() for _ in range(random.randint(1, 8))], []
    while not results:
        try:
            results = log.append(drafts)
        except StoreUnavailable:  # on a machine that is busy otherwise a neighbour may hold the lock for long: again, with the same ids
            continue
    for each in map(placed, results):
        sys.stdout.write(f"{each.eid.hex()} {each.index}\\n")
    sys.stdout.flush()
log.close()
"""
ROOT = Path(__file__).parent.parent.parent


def appending(path: Path, batches: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", APPEND, str(path), str(batches)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def let_go(writer: subprocess.Popen[str]) -> None:
    """Wait until it has opened the log, and let it append."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    writer.stdin.write("go\n")
    writer.stdin.flush()


def acknowledged(output: str) -> list[tuple[bytes, int]]:
    """Every whole line that a process wrote after its append returned."""
    lines = output.splitlines(keepends=True)
    found = [line.split() for line in lines if line.endswith("\n") and line != "open\n"]
    return [(bytes.fromhex(eid), int(index)) for eid, index in found]


def test_three_processes_append_to_one_log(path: Path) -> None:
    create_log(path, SIGNER)
    writers = [appending(path, 400) for _ in range(3)]
    for writer in writers:
        let_go(writer)
    told = [acknowledged(writer.communicate(timeout=60)[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    everything = [each for one in told for each in one]
    assert_holds(path, everything)
    assert len(entries(path)) == len(everything)
    assert verified(path).checkpoints == 3 * 400 + 1
    spans = sorted((one[0][1], one[-1][1]) for one in told)
    assert spans[0][1] > spans[1][0], "at least two of them appended at the same time"


@pytest.mark.crash
def test_a_process_killed_while_it_appends_loses_nothing_that_it_acknowledged(path: Path) -> None:
    create_log(path, SIGNER)
    told: list[tuple[bytes, int]] = []
    for _ in range(20):
        writer = appending(path, 1_000_000)
        let_go(writer)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(random.randint(1, 200))]
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate(timeout=30)
        assert writer.returncode == -signal.SIGKILL
        told += acknowledged("".join(lines) + rest)
        survivor = opened(path)  # the next start finds a sound head
        survivor.close()
        assert_holds(path, told)
    assert len(told) >= 20
