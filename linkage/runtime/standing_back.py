"""Has every thread but the event loop's wait for the processor until it is free, where Linux shares it out.

gRPC tells the event loop of each step of each call from a thread of its own, some seven times a lookup. As a rule whoever wakes up goes first,
and so the event loop would be interrupted as often, only to be told what it comes to by itself a moment later. On a busy processor that
takes a tenth of all there is; on an idle one nobody waits either way.
"""

import contextlib
import os
import threading
from pathlib import Path


def others_stand_back() -> None:
    """Have all threads that run now, and those that they start, interrupt nobody when they wake up; not the one that calls this.

    `SCHED_BATCH` needs no rights, and takes nothing from a thread's share of the processor. Without it, elsewhere or where a container
    forbids it, everything works as before.
    """
    own = threading.get_native_id()
    with contextlib.suppress(OSError, AttributeError):
        for thread in Path("/proc/self/task").iterdir():
            if int(thread.name) != own:
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setscheduler(int(thread.name), os.SCHED_BATCH, os.sched_param(0))
