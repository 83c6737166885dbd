"""Is a student's function as fast as arrays allow? A ratio of two times on one machine."""

from time import process_time

_LEAST, _MOST = 2, 6


def speed_ratio(lab, call, yardstick, limit: float):
    """The answer of ``call()``, that of ``yardstick()``, and how many times as long the call took.

    ``call`` calls one function of ``lab``; its time is that on the student's side. Both are
    processor times: the time that other programs take does not count. Both run in turn, twice at
    least, for caches fill and frequencies change. A ratio anywhere near ``limit`` is measured
    again, up to six rounds in all. The best times count.
    """
    student = other = float("inf")
    for turn in range(1, _MOST + 1):
        answer = call()
        student = min(student, lab.last.seconds)
        start = process_time()
        reference = yardstick()
        other = min(other, process_time() - start)
        if turn >= _LEAST and not limit / 3 < student / other < 4 * limit:
            break
    return answer, reference, student / other
