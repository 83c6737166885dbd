"""A working call of every explorable, for the tests that run over all of them, and for their own.

``EXAMPLES`` has a line for each name in ``explore.EXPLORABLES``: functions as a good answer has
them, and as the courses' mistakes have them.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from lnnn import explore
from lnnn.explore.float_types import TYPES

# Softmax and its logarithm, along the last axis.


def softmax(z, temperature=1.0):
    e = np.exp((z - z.max(axis=-1, keepdims=True)) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


def textbook(z):
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z, temperature=1.0):
    z = z / z.dtype.type(temperature)
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def naive(z):
    return np.log(textbook(z))


def minus_lse(z):
    m = z.max()
    return z - (m + np.log(np.exp(z - m).sum()))


# Probabilities of a sequence.


def nll(p):
    with np.errstate(divide="ignore"):
        return -np.log(p)


def to_bits(nats):
    return nats / np.log(2)


def upside_down(nats):
    return nats * np.log(2)


def product(p):
    return p.prod()


def sum_of_logs(p):
    return np.log(p).sum()


def exp_of_sum(log_p):
    return np.exp(log_p.sum())


def exp_of_mean(log_p):
    return np.exp(log_p.mean())


def capped(log_p, at):
    return np.maximum(log_p, at)


# Where e^x falls in a float type.


def limits(dtype):
    return TYPES[dtype].exp_limits


def fate(x, dtype):
    overflow, subnormal, zero = limits(dtype)
    steps = [x > overflow, x >= subnormal, x >= zero]
    return np.select(steps, ["overflow", "normal", "subnormal"], "zero")


def verdict(x, dtype):
    return "overflow" if x.max() > limits(dtype)[0] else "a distribution"


# Log-sum-exp.


def lse_with_shift(z, c):
    return c + np.log(np.exp(z - c).sum())


def naive_lse(z):
    return np.log(np.exp(z).sum())


def update(state, chunk):
    m, s = state
    top = max(m, chunk.max(initial=-np.inf))
    if top == -np.inf:
        return state
    return top, s * np.exp(m - top) + np.exp(chunk - top).sum()


def forgetful(state, chunk):
    m, s = state
    top = max(m, chunk.max())
    return top, s + np.exp(chunk - top).sum()


# Losses and their gradients.


def one_hot(logits, labels):
    return np.eye(logits.shape[1])[labels]


def cross_entropy(logits, labels):
    log_p = special.log_softmax(logits, axis=1)
    return -log_p[np.arange(len(labels)), labels].mean()


def cross_entropy_grad(logits, labels):
    return (special.softmax(logits, axis=1) - one_hot(logits, labels)) / len(labels)


def naive_loss(logits, labels):
    return -naive(logits)[np.arange(len(labels)), labels].mean()


def unfused(logits, labels):
    p = textbook(logits)
    dp = -one_hot(logits, labels) / p
    return p * (dp - (p * dp).sum())


def squared_error(logits, labels):
    p = special.softmax(logits, axis=1)
    return ((p - one_hot(logits, labels)) ** 2).sum() / 2 / len(labels)


def squared_error_grad(logits, labels):
    p = special.softmax(logits, axis=1)
    dp = p - one_hot(logits, labels)
    return p * (dp - (p * dp).sum(axis=1, keepdims=True)) / len(labels)


def log_eps_grad(logits, labels, eps=1e-8):
    p = special.softmax(logits, axis=1)
    p_y = (p * one_hot(logits, labels)).sum(axis=1, keepdims=True)
    return p_y / (p_y + eps) * cross_entropy_grad(logits, labels)


def smooth_labels(labels, classes, alpha):
    return (1 - alpha) * np.eye(classes)[labels] + alpha / classes


def over_wrong(labels, classes, alpha):
    hard = np.eye(classes)[labels]
    return (1 - alpha) * hard + alpha / (classes - 1) * (1 - hard)


def two_parts(logits, labels, alpha):
    hard = cross_entropy(logits, labels)
    uniform = special.log_softmax(logits, axis=1).mean()
    return hard if alpha == 0 else (1 - alpha) * hard - alpha * uniform


def product_loss(logits, labels, alpha):
    q = smooth_labels(labels, logits.shape[1], alpha)
    return -(q * special.log_softmax(logits, axis=1)).sum(axis=1).mean()


def minimum_loss(classes, alpha):
    return special.entr(smooth_labels([0], classes, alpha)).sum()


def optimal_gap(classes, alpha):
    return math.log1p((1 - alpha) * classes / alpha) if alpha else math.inf


# Page 07: bugs, in float32.


def cured(z, y):
    return -log_softmax(z)[np.arange(len(y)), y].mean()


def with_gradient(z, y):
    return cured(z, y), (softmax(z) - one_hot(z, y)) / len(y)


def double(z, y):
    return cured(softmax(z), y)


def outside(z, y, temperature):
    return cured(z, y) / temperature


def in_place(z, y):
    z -= z.max(axis=-1, keepdims=True)
    return cured(z, y)


def summed(z, y):
    return cured(z, y) * len(y)


def where(z, y):
    p, g = softmax(z), -one_hot(z, y) / len(y)
    log_p = np.where(p > 0, np.log(p), 0)
    g_p = np.where(p > 0, g, 0) * (1 / p)
    loss = -log_p[np.arange(len(y)), y].mean()
    return loss, p * (g_p - (p * g_p).sum(axis=-1, keepdims=True))


def with_eps(p, eps):
    return -np.log(p + eps)


def soft_cross_entropy(z, q):
    return -np.where(q > 0, q * np.where(q > 0, log_softmax(z), 0), 0).sum(axis=1).mean()


def kl_divergence(log_p, log_q):
    some = log_p > -np.inf
    gap = np.where(some, log_p, 0) - np.where(some, log_q, 0)
    return (np.exp(log_p) * gap).sum(axis=-1)


def zero_times_infinity(z, q):
    return -(q * log_softmax(z)).sum(axis=1).mean()


def infinity_minus_infinity(log_p, log_q):
    return (np.exp(log_p) * (log_p - log_q)).sum(axis=-1)


BUGS = {f.__name__: (f, cured) for f in (double, naive_loss, where, summed, in_place, outside)}

# Page 06: 100 predictions of two classes; page 08: five epochs, from knowing nothing to being sure
# and often wrong.

TWO_LABELS = np.tile([0, 1], 50)


def confident(p, right):
    """Logits of 100 predictions of confidence p for two classes; the first ``right`` are hits."""
    winner = np.where(np.arange(100) < right, TWO_LABELS, 1 - TWO_LABELS)
    return math.log(p / (1 - p)) * np.eye(2)[winner]


EPOCHS, N, V = 5, 40, 6
_rng = np.random.default_rng(0)
LABELS = _rng.integers(0, V, N)
LOGITS = np.arange(EPOCHS + 1)[:, None, None] * (_rng.normal(0, 2, (N, V)) + np.eye(V)[LABELS] * 2)


def in_float32(z):
    return naive(np.float32(z))


def mean_of_means(ranks):
    return np.mean([r.mean() for r in ranks])


def mean_of_tokens(ranks):
    return np.concatenate(ranks).mean()


def token_log_probs(logits, targets):
    table = special.log_softmax(logits, axis=-1)
    return np.take_along_axis(table, targets[..., None], axis=-1)[..., 0]


def sequence_log_probs(log_probs, tokens, eos):
    ends = tokens == eos
    lengths = np.where(ends.any(axis=1), ends.argmax(axis=1) + 1, tokens.shape[1])
    counts = np.arange(tokens.shape[1]) < lengths[:, None]
    return np.where(counts, log_probs, 0).sum(axis=1), lengths


def flag_outliers(log_probs, mask, threshold):
    return np.argwhere(mask & (log_probs < threshold))


def softmax_then_log(logits, targets):
    with np.errstate(divide="ignore"):
        return np.log(np.exp(token_log_probs(logits, targets)))


def to_the_end(log_probs, tokens, eos):
    return log_probs.sum(axis=1), np.full(len(tokens), tokens.shape[1])


def flag_all(log_probs, mask, threshold):
    return np.argwhere(log_probs < threshold)


@dataclass(frozen=True)
class Example:
    """How an explorable is called.

    functions: good ones, in order. sliders: the names of its controls, in order.
    faulty: functions of a reader who makes the page's mistakes. more: keywords it needs.
    """

    functions: tuple
    sliders: str
    faulty: tuple = ()
    more: dict = field(default_factory=dict)


_2, _3, _4 = (" ".join(f"logit_{k}" for k in range(1, n + 1)) for n in (2, 3, 4))
_MODELS = {"hard": confident(0.9, 75), "soft": confident(0.75, 75)}
_RANKS = " ".join(f"tokens_{r} mean_{r}" for r in (1, 2, 3))

EXAMPLES = {
    "first_look": Example((softmax,), f"{_4} temperature", (textbook,)),
    "tangent": Example((np.log,), "p", (np.log2,)),
    "surprisal": Example((nll, to_bits), f"{_4} temperature", (nll, upside_down)),
    "product_and_sum": Example((product, sum_of_logs), "tokens p dtype"),
    "exp_number_line": Example(
        (fate, limits, verdict), f"{_4} temperature dtype", more={"dtypes": TYPES}
    ),
    "four_dtypes": Example((softmax,), f"{_3} temperature", (textbook,)),
    "choose_shift": Example((lse_with_shift,), f"c dtype {_3} temperature"),
    "smooth_max": Example((special.logsumexp,), f"{_3} temperature offset", (naive_lse,)),
    "online_pass": Example((update,), "step chunk temperature order", (update, forgetful)),
    "side_by_side": Example(
        (log_softmax,), f"{_4} temperature offset dtype", (naive, minus_lse, log_softmax)
    ),
    "shift": Example((log_softmax,), f"{_4} temperature c dtype", (minus_lse,)),
    "p_minus_onehot": Example((cross_entropy_grad,), f"{_3} temperature true_class", (unfused,)),
    "confidently_wrong": Example(
        (cross_entropy_grad, squared_error_grad, log_eps_grad),
        f"{_3} temperature epsilon",
        (cross_entropy_grad, unfused),
    ),
    "loss_surface": Example(
        ((cross_entropy, cross_entropy_grad), (squared_error, squared_error_grad)),
        f"{_3} temperature true_class",
        ((naive_loss, unfused),),
    ),
    "smoothing": Example(
        (smooth_labels, two_parts, minimum_loss, optimal_gap),
        f"{_3} temperature alpha classes class_2",
        (over_wrong, product_loss),
    ),
    "reliability": Example(
        (softmax,), "model temperature", more={"models": _MODELS, "labels": TWO_LABELS}
    ),
    "bug_hunt": Example((BUGS,), f"{_3} temperature bug"),
    "epsilon_cap": Example((with_eps,), f"{_2} temperature eps dtype"),
    "entropy_and_divergence": Example(
        (soft_cross_entropy, kl_divergence),
        f"{_3} temperature class_3",
        (zero_times_infinity, infinity_minus_infinity),
    ),
    "scrub": Example(
        (log_softmax,),
        f"epoch threshold temperature {_3}",
        (in_float32,),
        {"logits": LOGITS, "labels": LABELS},
    ),
    "ranks": Example((mean_of_means, mean_of_tokens), _RANKS),
    "score_sequence": Example(
        (token_log_probs, sequence_log_probs, flag_outliers),
        f"{_3} temperature threshold eos",
        (softmax_then_log, to_the_end, flag_all),
    ),
    "who_underflows": Example((softmax, log_softmax), f"{_4} temperature dtype", (textbook, naive)),
    "recovery": Example((exp_of_sum, exp_of_mean), "tokens nats"),
    "cap_and_flag": Example((capped,), "nats at threshold broken"),
}


def made(name, /, *functions, **options):
    """The widget of an explorable; of the good functions unless others are given."""
    example = EXAMPLES[name]
    options = {**example.more, **options}
    return getattr(explore, name)(*(functions or example.functions), **options)


def shown(name, /, *functions, **options):
    """Its scene where its controls start."""
    scene = made(name, *functions, **options).scene
    assert not scene.finding.startswith("No picture"), scene.panels[0].error
    return scene


def problem(scene):
    """What a scene says is wrong with a function; it shows nothing else."""
    (panel,) = scene.panels
    assert panel.kind == "message"
    return panel.error


def readout(scene, label):
    """The one read-out whose label begins so."""
    (found,) = [r for r in scene.readouts if r.label.startswith(label)]
    return found


def line(panel, name):
    """(x, y) of the one curve whose name begins so."""
    (found,) = [curve for curve in panel.line_list if curve.name.startswith(name)]
    return np.array(found.x), np.array(found.y)


def bars(panel, series=""):
    """The bars of a panel, of one series if any is named."""
    return [bar for bar in panel.bar_list if bar.series == series or not series]
