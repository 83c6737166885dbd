"""What the pages show, straight from the definitions, at 50 digits or as many as are in use."""

import mpmath


def _digits():
    return mpmath.workdps(max(50, mpmath.mp.dps))


def _scaled(z, temperature):
    return [mpmath.mpmathify(v) / mpmath.mpmathify(temperature) for v in z]


def logsumexp(z, temperature=1.0):
    """ln Σ e^(z/T), an mpf; an infinite logit counts nothing."""
    with _digits():
        return mpmath.log(mpmath.fsum(map(mpmath.exp, _scaled(z, temperature))))


def log_softmax(z, temperature=1.0):
    """The logarithm of each probability, a list of mpf."""
    with _digits():
        total = logsumexp(z, temperature)
        return [v - total for v in _scaled(z, temperature)]


def softmax(z, temperature=1.0):
    """The probabilities, floats."""
    return [float(mpmath.exp(v)) for v in log_softmax(z, temperature)]
