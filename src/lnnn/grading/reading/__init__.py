"""The reading room: submitted files go in, submissions come out.

``files`` fetches the bytes and looks at none of them. ``inside`` takes them apart in a process of
the jail, with limits on memory and time. ``answer`` checks what comes back, ``words`` says it.
"""

from .files import SUFFIXES, display_name
from .reader import LIMITS, Reader

__all__ = ["LIMITS", "SUFFIXES", "Reader", "display_name"]
