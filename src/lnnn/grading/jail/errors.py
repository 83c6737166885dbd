"""The two ways a jail says no: a session is over, or no jail can be built here."""


class SessionEnded(Exception):
    """The submission's session is over; every further call raises this again at once.

    ``reason`` is ``"timeout"``, ``"memory"`` or ``"crashed"``. ``detail`` is a whole sentence that
    the student may read.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self):
        return SessionEnded, (self.reason, self.detail)


class JailUnavailable(RuntimeError):
    """No backend passed its self-test here. Whole sentences name each reason and the next step."""
