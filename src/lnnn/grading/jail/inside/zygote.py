"""The warm interpreter inside the jail: loads NumPy once, forks once for each submission.

It runs no student code. It reads orders from the grader on one socket (``spawn`` with a file
descriptor, ``kill``) and reports how each session ended. It ends, and with it everything in the
jail, when the grader closes that socket or dies. Each message is one line of JSON.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback

FAILED_STATUS = 112
SESSION_UIDS = 1000
# What a lab's import cell is likely to ask for, loaded once instead of in every session.
PRELOAD = [
    "abc",
    "array",
    "bisect",
    "cmath",
    "collections",
    "collections.abc",
    "contextlib",
    "copy",
    "dataclasses",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "inspect",
    "io",
    "itertools",
    "json",
    "linecache",
    "math",
    "numbers",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "struct",
    "textwrap",
    "time",
    "types",
    "typing",
    "unittest",
    "warnings",
    "numpy",
    "numpy.fft",
    "numpy.linalg",
    "numpy.ma",
    "numpy.polynomial",
    "numpy.random",
    "numpy.testing",
]


def main(config: dict) -> None:
    """Load, confine this process, then serve the grader until it is gone."""
    for name in PRELOAD:
        importlib.import_module(name)
    from inside import confine, frames, landlock, seccomp, server

    control = socket.socket(fileno=config["control"])
    try:
        zygote = Zygote(config, control, confine, frames, seccomp, server)
        others = zygote.confine_itself(landlock)
    except OSError as error:
        control.sendall(json.dumps({"op": "failed", "why": str(error)}).encode() + b"\n")
        return
    if others:
        zygote.say("failed", finding=["network", ", ".join(sorted(others))])
        return
    zygote.say("ready", pid=os.getpid())
    zygote.serve()


class Zygote:
    """Forks sessions and tells the grader how each ended."""

    def __init__(self, config, control, confine, frames, seccomp, server):
        self.config = config
        self.control = control
        self.grader = config["grader"]
        self.session_uids = config["session_uids"]
        self.confine = confine
        self.frames = frames
        self.server = server
        self.layers = config["layers"]
        self.filter = None
        if self.layers["filter"]:
            self.filter = seccomp.build(keep_files=self.layers["frozen_files"])
        self.install_filter = seccomp.install
        self.sessions = {}
        self.received = []
        self.text = b""
        self.mapped = confine.mapped_bytes()
        self.wake, woken = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def confine_itself(self, landlock):
        """Give up what the zygote itself does not need. Raises OSError.

        Returns the names of the network interfaces that it should not see; then it is not done.
        """
        if self.config["become"] is not None:
            self.confine.become(self.config["become"])
        if self.layers["namespaces"]:
            others = {name for _, name in socket.if_nameindex()} - {"lo"}
            if others:
                return others
            self.layers["mounts"] = self.confine.mount_points()
            if not self.layers["nested"]:  # the session then shares our user and our /proc
                self.confine.set_dumpable(False)
        elif sys.platform == "linux":
            self.confine.adopt_orphans()
        if self.config["visible"] is not None:
            self.confine.no_new_privileges()
            landlock.restrict(self.config["visible"], [os.devnull])
        return set()

    def say(self, what, **rest):
        self.control.sendall(json.dumps({"op": what, **rest}).encode() + b"\n")

    def serve(self):
        """Handle orders and ended children until the grader is gone."""
        # Objects frozen now are never walked by a child's collector, so their pages stay shared.
        gc.collect()
        gc.freeze()
        poll = select.poll()
        for fd in (self.control.fileno(), self.wake, self.grader):
            if fd is not None:
                poll.register(fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if self.grader in ready:
                break
            if self.wake in ready:
                os.read(self.wake, 4096)
            if self.control.fileno() in ready and not self.read_orders():
                break
            self.reap()
        for pid in self.sessions:
            self.kill(pid)

    def read_orders(self):
        """Carry out what the grader wrote; False when it hung up."""
        try:
            text, fds, _, _ = socket.recv_fds(self.control, 65536, 16)
        except ConnectionError:
            return False
        if not text:
            return False
        self.received += fds
        *orders, self.text = (self.text + text).split(b"\n")
        for order in map(json.loads, orders):
            if order["op"] == "spawn":
                self.spawn(order["id"], order["limits"], self.received.pop(0))
            else:
                for pid, number in self.sessions.items():
                    if number == order["id"]:
                        self.kill(pid)
        return True

    def kill(self, pid):
        try:
            if self.layers["filter"]:
                os.kill(pid, signal.SIGKILL)
            else:  # without the filter the session may have started processes of its own
                os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def reap(self):
        """Collect the children that ended and tell the grader how."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = self.sessions.pop(pid, None)
            if number is None:
                continue
            if not self.layers["filter"]:
                self.kill(pid)
            code = os.waitstatus_to_exitcode(status)
            self.say("ended", id=number, status=code, cpu=usage.ru_utime + usage.ru_stime)

    def spawn(self, number, limits, fd):
        """Fork a session; it answers on ``fd``."""
        answer, asked = os.pipe()
        middle = os.fork()
        if middle == 0:
            self.become_session(number, limits, fd, asked)
        os.close(asked)
        os.close(fd)
        pid = middle
        if self.layers["nested"]:
            os.waitpid(middle, 0)
            text = os.read(answer, 32)
            pid = int(text) if text else None
        os.close(answer)
        if pid is None:
            self.say("ended", id=number, status=FAILED_STATUS, cpu=0.0)
        else:
            self.sessions[pid] = number

    def become_session(self, number, limits, fd, asked):
        """In the child: confine it, serve the grader, and never return."""
        status = FAILED_STATUS
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if self.layers["nested"]:
                self.confine.new_namespaces()
                child = os.fork()
                if child:
                    os.write(asked, str(child).encode())
                    os._exit(0)
            self.control.detach()  # its number may become another file's
            self.config = self.sessions = None
            channel = socket.socket(fileno=self.confine.keep_only(fd))
            channel.setblocking(True)
            try:
                self.confine_session(number, limits)
            except OSError as error:
                refusal = self.frames.pack(("failed", 0, str(error)))
                channel.sendall(b"".join(refusal))
                os._exit(status)
            self.server.serve(channel, limits["reply_mb"] << 20, self.layers)
            status = 0
        except BaseException:  # noqa: BLE001 - whatever it is, no child may go on as a zygote
            traceback.print_exc()
        finally:
            os._exit(status)

    def confine_session(self, number, limits):
        """Take every right away that student code must not have. Raises OSError."""
        confine = self.confine
        if self.layers["nested"]:
            confine.private_files(limits["file_mb"])
            confine.drop_capabilities()
        elif self.session_uids is not None:
            confine.become(self.session_uids + number % SESSION_UIDS)
        if not self.layers["namespaces"] and sys.platform == "linux":
            confine.die_with_parent()  # after the change of user, which would cancel it
        # kill(0) reaches a whole process group, across pid namespaces: let it be a group of one.
        os.setsid()
        if self.layers["user"]:
            confine.set_dumpable(False)
            confine.no_new_privileges()
        os.chdir("/tmp")
        confine.limit_resources(limits, self.mapped)
        if self.filter is not None:
            self.install_filter(self.filter)


if __name__ == "__main__":
    _config = json.loads(sys.argv[1])
    sys.argv = [""]
    sys.path[:0] = _config["path"]
    main(_config)
