"""Keep a worker and its jail on one core."""

import os


def stay_on_one_core(turn: int) -> None:
    """Bind this process, and what it starts, to one core; workers of one run take them in turn.

    Grader and submission never work at the same time: each waits for the other. A call to a process
    on another core took 0.29 ms, on the same core 0.21 ms (medians of three runs in turn). Does
    nothing where the system has no such call.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[turn % len(cores)]})
