"""The two ways a jail says no: a session is over, or no jail can be built here."""


class SessionEnded(Exception):
    """The submission's session is over; every further call raises this again at once.

    ``reason`` is ``"timeout"``, ``"memory"`` or ``"crashed"``. ``told`` is a whole sentence that
    the student may read: nothing in it was chosen by the submission's process, which may know
    hidden inputs by then. ``detail`` says all there is to say, for the instructor.
    """

    def __init__(self, reason: str, told: str, detail: str = ""):
        super().__init__(f"{reason}: {detail or told}")
        self.reason = reason
        self.told = told
        self.detail = detail or told

    def __reduce__(self):
        return SessionEnded, (self.reason, self.told, self.detail)


class JailUnavailable(RuntimeError):
    """No backend passed its self-test here. Whole sentences name each reason and the next step."""
