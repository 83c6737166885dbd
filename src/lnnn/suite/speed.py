"""Is a student's function as fast as arrays allow? A ratio of two times on one machine."""

import time

_LEAST, _SURE, _MOST = 2, 4, 6
# A machine that is short of memory hands out pages ten times as slowly, seen for 60 ms on end. That
# slows what makes arrays, and not the yardstick. Rounds in doubt lie further apart.
_PAUSE = 0.07


def speed_ratio(lab, call, yardstick, limit: float):
    """The answer of ``call()``, that of ``yardstick()``, and how many times as long the call took.

    ``call`` calls one function of ``lab``; its time is that on the student's side. The two run in
    turn, the yardstick twice: one stall of a busy machine would spoil a single time either way. The
    best times count. A ratio far below ``limit`` is believed after two rounds, one far above after
    four, any other after six; while it is above, the last two wait a moment: a busy machine costs
    time, and neither takes nor gives points.
    """
    student = other = ratio = float("inf")
    for turn in range(1, _MOST + 1):
        if turn > _SURE and ratio > limit:
            time.sleep(_PAUSE)
        answer = call()
        student = min(student, lab.last.seconds)
        with lab.paused():  # or threads that it left behind would slow the yardstick down
            for _again in range(2):
                start = lab.clock()
                reference = yardstick()
                other = min(other, lab.clock() - start)
        ratio = student / other
        if (turn >= _LEAST and ratio < limit / 3) or (turn >= _SURE and ratio > 4 * limit):
            break
    return answer, reference, ratio
