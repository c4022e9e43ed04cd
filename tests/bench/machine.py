"""What machine the figures are of: without that, and without its disk's own sync time, they say nothing."""

import os
import platform
import sys
import time
from pathlib import Path
from statistics import median

import apsw
import grpc

from tests.bench.places import ALL_CPUS

SYNCS = 200


def facts(folder: Path) -> dict[str, str]:
    """A word on each. ``folder`` is on the disk that is meant."""
    return {
        "processors": f"{len(ALL_CPUS)} x {_model()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{sys.version.split()[0]}, grpcio {grpc.__version__}, SQLite {apsw.sqlite_lib_version()}",
        "disk sync": f"{sync_ms(folder):.3f} ms for 4 KiB (median of {SYNCS})",
    }


def sync_ms(folder: Path) -> float:
    """Median time of the disk's own sync of a 4 KiB append, milliseconds."""
    times = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(os.urandom(4096))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    return median(times) * 1000


def _model() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
