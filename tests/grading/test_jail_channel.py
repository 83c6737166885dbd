"""The grader's end of a channel keeps its deadline whatever the other end does."""

import socket
import threading
import time

import numpy as np
import pytest

from lnnn.grading.jail.channel import Channel, ChannelClosed, ChannelTimeout
from lnnn.grading.jail.inside import frames

LIMIT = 1 << 20


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours, LIMIT), theirs


# Far above the deadline, for a busy machine; below what it takes without one.
LATE = 2.5


def soon(seconds=0.3):
    return time.monotonic() + seconds


def test_a_frame_arrives_whole(ends):
    channel, theirs = ends
    theirs.sendall(b"".join(bytes(part) for part in frames.pack(("x", np.arange(3.0)))))
    text, array = channel.receive(soon())
    assert text == "x"
    assert array.tolist() == [0, 1, 2]


def test_a_frame_larger_than_the_sockets_buffer_goes_out_whole(ends):
    channel, theirs = ends
    big = np.random.default_rng(0).normal(size=500_000)
    buffers = frames.pack((big,))
    got = bytearray()

    def read():
        while len(got) < frames.size_of(buffers):
            got.extend(theirs.recv(100_000))

    reader = threading.Thread(target=read)
    reader.start()
    channel.send(buffers, soon(5))
    reader.join()
    assert bytes(got) == b"".join(bytes(part) for part in buffers)


def test_silence_ends_with_the_deadline(ends):
    channel, _ = ends
    start = time.monotonic()
    with pytest.raises(ChannelTimeout):
        channel.receive(soon())
    assert 0.28 < time.monotonic() - start < LATE


def test_a_reader_who_never_reads_ends_with_the_deadline(ends):
    channel, _ = ends
    start = time.monotonic()
    with pytest.raises(ChannelTimeout):
        channel.send(frames.pack((np.zeros(2_000_000),)), soon())
    assert 0.28 < time.monotonic() - start < LATE


def test_a_sender_who_always_has_one_more_byte_ends_with_the_deadline():
    """So that the reader never waits, and a deadline on waiting alone would not hold."""

    class Drip:
        def __init__(self):
            self.prefix = bytearray(frames.PREFIX.pack(frames.MAGIC, 10, 3000))
            self.ours, self.theirs = socket.socketpair()

        def setblocking(self, _):
            pass

        def fileno(self):
            return self.ours.fileno()

        def recv_into(self, view):
            time.sleep(0.001)
            view[0] = self.prefix.pop(0) if self.prefix else 0
            return 1

    drip = Drip()
    with drip.ours, drip.theirs:
        start = time.monotonic()
        with pytest.raises(ChannelTimeout):
            Channel(drip, LIMIT).receive(soon())
        assert time.monotonic() - start < LATE


def test_a_hang_up_is_told_apart_from_silence(ends):
    channel, theirs = ends
    theirs.sendall(frames.PREFIX.pack(frames.MAGIC, 10, 20) + b"half")
    theirs.close()
    with pytest.raises(ChannelClosed):
        channel.receive(soon())
    with pytest.raises(ChannelClosed):
        channel.send(frames.pack(("x",)), soon())


def test_an_announced_gigabyte_is_refused_before_it_is_allocated(ends):
    channel, theirs = ends
    theirs.sendall(frames.PREFIX.pack(frames.MAGIC, 10, 1 << 40))
    with pytest.raises(frames.FrameError, match="limit"):
        channel.receive(soon())


def test_what_waits_is_seen_without_reading_it(ends):
    channel, theirs = ends
    assert not channel.something_waits()
    theirs.sendall(b"x")
    assert channel.something_waits()
    assert channel.something_waits()


def test_random_bytes_never_break_the_reader():
    rng = np.random.default_rng(3)
    kinds = set()
    for _ in range(300):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            noise = rng.bytes(int(rng.integers(1, 200)))
            if rng.random() < 0.7:
                size = int(rng.integers(1, 100))
                noise = frames.PREFIX.pack(frames.MAGIC, size, size + 5) + noise
            theirs.sendall(noise)
            theirs.close()
            try:
                Channel(ours, LIMIT).receive(soon())
            except (frames.FrameError, ChannelClosed) as error:
                kinds.add(type(error))
    assert kinds == {frames.FrameError, ChannelClosed}
