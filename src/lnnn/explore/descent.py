"""A loss on a tiny linear model: its slopes, and the path of gradient descent from given logits.

Row b of the model has the logits x_b · (weights) + (biases); the weights start at the sliders.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lnnn.messages import _

from . import answers, study

FEATURES = np.array([1.0, 0.75, 0.5, 0.0, -0.5, -1.0])
LABELS = np.array([1, 1, 0, 0, 2, 2])
STEPS = 30

_RATE = 2.0  # in units of z / T, so that a temperature alone changes nothing about the steps
_STEP = 0.02  # of a central difference, in units of z / T: wide enough for a float32 loss


@dataclass(frozen=True)
class StudiedLoss:
    """A function under study with its labels and temperature; called with logits z (6, V)."""

    name: str
    function: Callable
    labels: np.ndarray
    temperature: float

    def __call__(self, z):
        """(the loss, its gradient in z or None), as raw as the function gives them."""
        z, labels = z.astype(np.float32), self.labels.copy()
        if answers.takes(self.function, "temperature"):
            value, scale = self.function(z, labels, temperature=self.temperature), 1.0
        else:
            value, scale = self.function(z / self.temperature, labels), self.temperature
        if isinstance(value, tuple):
            return float(value[0]), np.asarray(value[1], dtype=float) / scale
        return float(value), None

    def slopes(self, z, directions):
        """How fast the loss grows along each of ``directions`` (n, 6, V)."""
        _loss, gradient = self(z)
        if gradient is not None:
            return np.tensordot(directions, gradient, axes=2)
        h = _STEP * self.temperature
        return np.array([(self(z + h * d)[0] - self(z - h * d)[0]) / (2 * h) for d in directions])

    def path(self, z):
        """The logits after 0, 1, … STEPS steps of gradient descent from ``z``."""
        # What one unit of each weight, then of each bias, adds to the logits: (2V, 6, V).
        one = np.eye(z.shape[1])[:, None, :]
        directions = np.concatenate([one * FEATURES[:, None], one * np.ones((len(FEATURES), 1))])
        path = [z]
        for _step in range(STEPS):
            slopes = self.slopes(path[-1], directions)
            step = _RATE * self.temperature**2 * np.tensordot(slopes, directions, axes=1)
            path.append(path[-1] - step)
        return path

    def first_call(self, z, **problem):
        """Whether it changes its argument ``z``; ``problem`` says more of the scene that a wrong
        answer ends with."""
        z = z.astype(np.float32)
        observed = answers.call(self.function, z, self.temperature, self.labels)
        wrong, value = "", observed.value
        if observed.raised is not None:
            wrong = answers.raised(self.name, observed)
        elif isinstance(value, tuple):
            if len(value) == 2 and np.shape(value[1]) == z.shape:
                value = value[0]
            else:
                text = _(
                    "{function} returned a tuple. Expected: (loss, gradient), "
                    "the gradient of shape {shape}"
                )
                wrong = text.format(function=self.name, shape=z.shape)
        if not wrong:
            _value, wrong = answers.one_number(self.name, lambda: value)
        if wrong:
            raise study.Unanswered(name=self.name, problem=wrong, **problem)
        return "0" in observed.mutated
