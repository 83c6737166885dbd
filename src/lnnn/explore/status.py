"""What became of a number: ordinary, overflow, underflow, NaN."""

import math
from enum import StrEnum

import numpy as np

from lnnn.messages import N_, _


class Status(StrEnum):
    """What became of a number. Told by shape, word and colour."""

    ORDINARY = "ordinary"
    OVERFLOW = "overflow"
    UNDERFLOW = "underflow"
    NAN = "NaN"

    @property
    def word(self) -> str:
        """Its name in the reader's language."""
        return _(_WORDS[self])

    @property
    def explained(self) -> str:
        """The same, in the key under a picture."""
        return _(_EXPLAINED[self])


_WORDS = {
    Status.ORDINARY: N_("ordinary"),
    Status.OVERFLOW: N_("overflow"),
    Status.UNDERFLOW: N_("underflow"),
    Status.NAN: "NaN",
}
_EXPLAINED = _WORDS | {
    Status.UNDERFLOW: N_("underflow: flushed to zero"),
    Status.NAN: N_("NaN: not a number"),
}


def status_of(value, given=None) -> Status:
    """The status given; for infinities and NaN with none given, the one that the value tells."""
    if given is not None:
        return Status(given)
    if math.isnan(value):
        return Status.NAN
    return Status.ORDINARY if math.isfinite(value) else Status.OVERFLOW


def log_status(value) -> Status:
    """The same for ln p or −ln p of finite logits: infinite is a probability flushed to 0."""
    return Status.UNDERFLOW if math.isinf(value) else status_of(value)


def status_against(value, exact_value) -> Status:
    """What became of a computed float, in the light of the exact value (mpf).

    An infinity is an underflow when it stands for a finite, representable logarithm: the
    probability was flushed to zero before the logarithm was taken. So is a 0 that should not be 0.
    """
    info = np.finfo(value.dtype)
    if value == -math.inf and abs(exact_value) <= float(info.max):
        return Status.UNDERFLOW
    if value == 0 and abs(exact_value) > float(info.smallest_subnormal):
        return Status.UNDERFLOW
    return status_of(value)
