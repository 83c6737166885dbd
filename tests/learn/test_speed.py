"""How long a learner waits. Best of several, so that a busy machine does not decide."""

import os
import subprocess
import sys
import time

import numpy as np

from lnnn import check

FIRST = """
import time
start = time.perf_counter()
import numpy as np
from lnnn import check

def log_softmax(z, axis=-1, temperature=1.0):
    e = np.exp(np.asarray(z) / temperature)
    return np.log(e / e.sum(axis=axis, keepdims=True))

check(log_softmax)._repr_mimebundle_()
print(time.perf_counter() - start)
"""


def test_the_first_check_takes_less_than_a_second_imports_included():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    seconds = []
    for _ in range(5):
        ran = subprocess.run(
            [sys.executable, "-c", FIRST], env=environment, capture_output=True, check=True
        )
        seconds.append(float(ran.stdout))
        if seconds[-1] < 1.0:
            return
    raise AssertionError(f"the first check took {min(seconds):.2f} s at best")


def test_a_later_check_takes_less_than_a_tenth_of_a_second():
    def log_softmax(z, axis=-1, temperature=1.0):
        e = np.exp(np.asarray(z) / temperature)
        return np.log(e / e.sum(axis=axis, keepdims=True))

    check(log_softmax)
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        check(log_softmax)._repr_mimebundle_()
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1
