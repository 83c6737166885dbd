"""What one submission may use before its session is ended."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """The limits of one session.

    ``call_seconds`` bounds one cell or one call, ``total_seconds`` all of them together; both are
    wall time, counted only while the submission works. ``memory_mb`` is the address space the
    submission may add to the warm interpreter's. ``processes`` counts its threads too (it can't
    start processes at all). ``file_mb`` bounds one file and all of /tmp. ``reply_mb`` bounds one
    returned value. Raises ValueError for a limit that isn't a positive number.
    """

    call_seconds: float = 5.0
    total_seconds: float = 30.0
    memory_mb: int = 2048
    processes: int = 32
    open_files: int = 64
    file_mb: int = 16
    reply_mb: int = 64

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            wanted = (int, float) if field.type is float else (int,)
            if not isinstance(value, wanted) or isinstance(value, bool) or not value > 0:
                kind = "number" if field.type is float else "whole number"
                raise ValueError(f"limit {field.name}={value!r}: give a positive {kind}")
        if self.open_files < 8:
            raise ValueError(
                f"limit open_files={self.open_files}: Python itself needs 8; give 8 or more"
            )
