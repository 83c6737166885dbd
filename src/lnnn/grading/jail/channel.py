"""The grader's end of a session's socket: whole frames, with a deadline on every byte."""

import select
import socket
import struct
import time

import numpy as np

from .inside import frames

_MOST_BUFFERS = 512
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class ChannelTimeout(Exception):
    """The deadline passed."""


class ChannelClosed(Exception):
    """The other side hung up."""


class Channel:
    """Sends and receives frames on a socket; never blocks past a deadline (time.monotonic)."""

    def __init__(self, sock: socket.socket, max_bytes: int):
        self._socket = sock
        self._max_bytes = max_bytes
        sock.setblocking(False)
        self._poll = select.poll()
        self._poll.register(sock, 0)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def sender(self, deadline: float) -> int | None:
        """The pid, as we see it, of the process that wrote what waits; None if no system tells.

        The kernel vouches for it. Raises ChannelTimeout or ChannelClosed.
        """
        if not hasattr(socket, "SO_PASSCRED"):
            return None
        self._wait(select.POLLIN, deadline)
        room = socket.CMSG_SPACE(_CREDENTIALS.size)
        try:
            _data, ancillary, _flags, _address = self._socket.recvmsg(1, room, socket.MSG_PEEK)
        except BlockingIOError:
            raise ChannelTimeout from None
        except OSError as error:
            raise ChannelClosed(str(error)) from None
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                return _CREDENTIALS.unpack(data)[0]
        return None

    def something_waits(self) -> bool:
        """True when there is something to read now, the end of the stream included."""
        self._poll.modify(self._socket, select.POLLIN)
        return bool(self._poll.poll(0))

    def send(self, buffers: list, deadline: float) -> None:
        """Send a packed frame. Raises ChannelTimeout or ChannelClosed."""
        waiting = [memoryview(buffer) for buffer in buffers if len(buffer)]
        while waiting:
            try:
                sent = self._socket.sendmsg(waiting[:_MOST_BUFFERS])
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)
                continue
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            while sent:
                if sent >= len(waiting[0]):
                    sent -= len(waiting.pop(0))
                else:
                    waiting[0] = waiting[0][sent:]
                    sent = 0

    def receive(self, deadline: float) -> tuple:
        """The next message. Raises ChannelTimeout, ChannelClosed or frames.FrameError."""
        prefix = self._exactly(frames.PREFIX.size, deadline)
        structure, total = frames.check_prefix(prefix.tobytes(), self._max_bytes)
        return frames.unpack(self._exactly(total, deadline), structure)

    def _exactly(self, length, deadline):
        body = np.empty(length, np.uint8)
        view = memoryview(body)
        while len(view):
            try:
                count = self._socket.recv_into(view)
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
                continue
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if count == 0:
                raise ChannelClosed("end of stream")
            view = view[count:]
            if len(view) and time.monotonic() > deadline:  # it may drip for ever
                raise ChannelTimeout
        return body

    def _wait(self, event, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise ChannelTimeout
        self._poll.modify(self._socket, event)
        self._poll.poll(max(1, int(left * 1000)))
