"""A session's process: run a submission's cells in one namespace, then answer calls, one at a time.

Or read submitted files, in a session that runs none: see ``reading``.

What this file does after the first cell is advice to the parent, never proof: the code beside it
may have replaced any of it. The parent checks all it receives.
"""

import __future__

import ast
import builtins
import contextlib
import functools
import linecache
import marshal
import operator
import os
import random
import socket
import sys
import time
import types
from dataclasses import replace

import numpy as np

from . import frames, probe, reading
from .observe import Observed, Raised, describe, observe_call

MAX_REQUEST = 1 << 30
NO_MEMORY_STATUS = 111
SMALL_REPLY = 1 << 16


def serve(channel: socket.socket, reply_bytes: int, layers: dict) -> None:
    """Answer requests until the parent hangs up."""
    random.seed(0)
    np.random.seed(0)
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    space = module.__dict__
    called: dict[str, None] = {}
    desk = reading.Desk()
    _send(channel, frames.pack(("ready", 0)))
    while True:
        request = _receive(channel)
        if request is None:
            return
        kind, number, *rest = request
        try:
            if kind == "call":
                reply = _call(space, reply_bytes, number, *rest)
            elif kind == "cell":
                reply = frames.pack((kind, number, *_cell(space, *rest)))
            elif kind == "read":
                reply = frames.pack((kind, number, *desk.answer(*rest)))
            elif kind == "names":
                reply = frames.pack((kind, number, _names(space)))
            elif kind == "stand in":
                called = _stand_in(space, *rest)
                reply = frames.pack((kind, number))
            elif kind == "called":
                reply = frames.pack((kind, number, list(called)))
            else:
                reply = frames.pack((kind, number, probe.findings(layers, *rest)))
            _send(channel, reply)
        except MemoryError:
            os._exit(NO_MEMORY_STATUS)


def _call(space, reply_bytes, number, name, args, kwargs):
    """The packed reply to one call."""
    if callable(space.get(name)):
        observed = observe_call(space[name], args, kwargs, time.thread_time)
    else:
        missing = Raised(("MissingFunction", "NameError", "Exception"), name)
        observed = Observed(raised=missing)
    try:
        reply = _pack_observed(number, observed)
        size = frames.size_of(reply)
        if size <= reply_bytes:
            return reply
        problem = ("too large", f"{size / 1e6:.0f}", f"{reply_bytes / 1e6:.0f}")
    except frames.Unsendable as error:
        problem = error.args
    refused = Raised((frames.REFUSED, *map(_clean, problem)), "")
    return _pack_observed(number, replace(observed, value=None, raised=refused))


def _pack_observed(number, observed):
    raised = observed.raised and (list(observed.raised.classes), _clean(observed.raised.message))
    return frames.pack(
        (
            "call",
            number,
            observed.value,
            raised,
            list(observed.mutated),
            [_clean(text) for text in observed.warnings],
            observed.seconds,
        )
    )


def _cell(space, source, label, first):
    """Run a piece of a cell that begins in its line ``first``."""
    error, line = None, None
    try:
        _remember(label, first, source)
        exec(_compiled(source, label, first), space)
    except BaseException as caught:  # noqa: BLE001 - SystemExit and the like must not end the lab
        error, line = caught, _line_of(caught, label)
    if error is None:
        return None, None
    raised = describe(error)
    return (list(raised.classes), _clean(raised.message)), line


_FEATURES = functools.reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
_future = 0  # what the pieces so far have imported from __future__: it holds for those to come


def _compiled(source, label, first):
    global _future
    tree = compile(source, label, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    if first > 1:
        ast.increment_lineno(tree, first - 1)
    code = compile(tree, label, "exec", _future, dont_inherit=True)
    _future |= code.co_flags & _FEATURES
    return code


def _remember(label, first, source):
    """Let ``inspect.getsource`` and tracebacks find the lines."""
    lines = linecache.cache.get(label, (0, None, []))[2]
    lines += ["\n"] * (first - 1 - len(lines))
    lines[first - 1 :] = [f"{line}\n" for line in source.split("\n")]
    linecache.cache[label] = (len(lines), None, lines, label)


def _line_of(error, label):
    """The last line of the cell that the exception passed through."""
    if isinstance(error, SyntaxError) and error.filename == label:
        return error.lineno
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == label:
            line = step.tb_lineno
        step = step.tb_next
    return line


def _names(space):
    return [
        name
        for name, value in list(space.items())
        if not name.startswith("_") and callable(value) and not isinstance(value, type)
    ]


def _stand_in(space, names, code):
    """Put the grader's own functions in the place of the submission's; a record of their calls."""
    course = {"__builtins__": builtins, "__name__": "course"}
    exec(marshal.loads(code.tobytes()), course)
    called = {}

    def recorded(name, function):
        def stand_in(*args, **kwargs):
            called[name] = None
            return function(*args, **kwargs)

        return stand_in

    for name in names:
        space[name] = recorded(name, course[name])
    return called


def _clean(text):
    return text.encode("utf-8", "replace").decode()


def _send(channel, buffers):
    # Every piece sent on its own wakes the grader up for nothing, which costs more than a copy.
    if frames.size_of(buffers) <= SMALL_REPLY:
        buffers = [b"".join(buffers)]
    for buffer in buffers:
        channel.sendall(buffer)


def _receive(channel):
    """The next message, its arrays own and writable; None when the parent hung up."""
    prefix = _exactly(channel, frames.PREFIX.size)
    if prefix is None:
        return None
    structure, total = frames.check_prefix(prefix.tobytes(), MAX_REQUEST)
    body = _exactly(channel, total)
    return body if body is None else frames.unpack(body, structure, own=True)


def _exactly(channel, length):
    body = np.empty(length, np.uint8)
    view = memoryview(body)
    while len(view):
        with contextlib.suppress(InterruptedError):
            count = channel.recv_into(view)
            if count == 0:
                return None
            view = view[count:]
    return body
