"""Check in a real kernel: the interrupt reaches the learner, and the next cell works."""

import queue
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.slow

LABS = Path(__file__).parent / "fixtures/labs"
SETUP = f"""
from pathlib import Path
from lnnn.learn import catalogue
catalogue.LABS = Path({str(LABS)!r})
from lnnn import check

def halve(x):
    x = x + 1
    while True:
        pass

def right(x):
    return x / 2
right.__name__ = "halve"
"""


@pytest.fixture
def kernel(home):
    """A kernel with the fixture labs, and a client of it."""
    manager, client = start_new_kernel(kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code, started=lambda: None):
    """Execute ``code``; returns the texts of its results, streams and errors by kind."""
    said = {"result": "", "stream": "", "error": ""}
    message = client.execute(code)
    begun = False
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            reply = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if reply["parent_header"].get("msg_id") != message:
            continue
        content = reply["content"]
        if reply["msg_type"] == "execute_result":
            said["result"] += content["data"]["text/plain"]
        elif reply["msg_type"] == "stream":
            said["stream"] += content["text"]
        elif reply["msg_type"] == "error":
            said["error"] += "\n".join(content["traceback"])
        elif reply["msg_type"] == "status":
            if content["execution_state"] == "idle":
                return said
            if not begun:
                begun = True
                started()
    pytest.fail(f"the kernel did not come back: {said}")
    return said


def interrupt_after(manager, seconds):
    def started():
        time.sleep(seconds)
        manager.interrupt_kernel()

    return started


def test_an_endless_loop_is_interrupted_and_the_next_check_works(kernel):
    manager, client = kernel
    assert run(client, SETUP)["error"] == ""
    for _ in range(2):
        stopped = run(client, "check(halve)", interrupt_after(manager, 2))
        assert stopped["error"].startswith("check stopped: halve was still running, at line ")
        assert "Traceback" not in stopped["error"]
        assert run(client, "1 + 1")["result"] == "2"
        again = run(client, "check(right)")
        assert again["result"].startswith("✓ halve: all 2 checks passed"), again


def test_the_report_of_a_kernel_carries_html_and_text(kernel):
    _, client = kernel
    run(client, SETUP)
    bundle = run(client, "sorted(check(right)._repr_mimebundle_())")
    assert bundle["result"] == "['text/html', 'text/plain']"


def test_wrong_use_shows_one_line_and_no_traceback(kernel):
    _, client = kernel
    run(client, SETUP)
    said = run(client, "check(5)")
    assert said["error"] == (
        "check(5): int is not a function. Pass a function of a lab: check(halve)"
    )


def test_progress_survives_a_restart_of_the_kernel(kernel):
    manager, client = kernel
    run(client, SETUP + "check(right)")
    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=30)
    said = run(client, "from lnnn.learn import store; store.read()[0].functions['lab90_halving']")
    assert "'done': True" in said["result"]
