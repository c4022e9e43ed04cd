"""Has the other threads than the event loop's wait for the processor until it is free, where Linux shares it out.

gRPC tells the event loop of each step of each call from a thread of its own, some seven times a lookup. As a rule whoever wakes up goes first,
and so the event loop would be interrupted as often, only to be told what it comes to by itself a moment later. On a busy processor that
takes a tenth of all there is; on an idle one nobody waits either way.
"""

import contextlib
import os
import threading
from pathlib import Path


def others_stand_back() -> bool:
    """Have all threads that run now, and those that they start, interrupt nobody when they wake up; not the one that calls this.

    `SCHED_BATCH` needs no rights, and takes nothing from a thread's share of the processor. A thread whose policy somebody has chosen keeps it.

    Returns:
        False where the system has no such policy or forbids it: everything works, a lookup takes a tenth more of a busy processor.
    """
    own = threading.get_native_id()
    try:
        for thread in [int(each.name) for each in Path("/proc/self/task").iterdir()]:
            with contextlib.suppress(ProcessLookupError):
                if thread != own and os.sched_getscheduler(thread) == os.SCHED_OTHER:
                    os.sched_setscheduler(thread, os.SCHED_BATCH, os.sched_param(0))
    except (OSError, AttributeError):
        return False
    return True
