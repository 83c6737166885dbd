"""The jail: where submissions run, and the only door to them.

Open one session for each submission::

    with Jail(Limits(call_seconds=5)) as jail, jail.open() as session:
        outcomes = session.run_cells([source])
        observed = session.call("log_softmax", (z,), {})
"""

from .errors import JailUnavailable, SessionEnded
from .jail import Jail
from .limits import Limits
from .session import Cell, CellOutcome, Session

__all__ = [
    "Cell",
    "CellOutcome",
    "Jail",
    "JailUnavailable",
    "Limits",
    "Session",
    "SessionEnded",
]
