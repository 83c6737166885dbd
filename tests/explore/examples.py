"""A working call of every explorable, for the tests that run over all of them, and for their own.

``EXAMPLES`` has an entry for each name in ``explore.EXPLORABLES``: functions as a good answer has
them, most of them the solutions of the labs, and as the courses' mistakes have them.
"""

import inspect
import math
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
from scipy import special

from lnnn import explore
from lnnn.build import project
from lnnn.build.solutions import solved_namespace
from lnnn.explore.descent import FEATURES
from lnnn.explore.descent import LABELS as ROW_LABELS
from lnnn.explore.float_types import TYPES

lab = SimpleNamespace()
for _source in project.find_sources():
    if _source.kind == "lab":
        vars(lab).update(solved_namespace(_source))

# Softmax and its logarithm, along the last axis, in whatever array type they are given.


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


def forgetful(state, chunk):
    m, s = state
    top = max(m, chunk.max())
    return top, s + np.exp(chunk - top).sum()


# Losses and their gradients.


def one_hot(logits, labels):
    return np.eye(logits.shape[1])[labels]


def through_softmax(p, dp):
    """The gradient in the logits, given that in the probabilities."""
    return p * (dp - (p * dp).sum(axis=-1, keepdims=True))


def naive_loss(logits, labels):
    return -naive(logits)[np.arange(len(labels)), labels].mean()


def unfused(logits, labels):
    p = textbook(logits)
    return through_softmax(p, -one_hot(logits, labels) / p)


def squared_error(logits, labels):
    p = special.softmax(logits, axis=1)
    return ((p - one_hot(logits, labels)) ** 2).sum() / 2 / len(labels)


def squared_error_grad(logits, labels):
    p = special.softmax(logits, axis=1)
    return through_softmax(p, p - one_hot(logits, labels)) / len(labels)


def log_eps_grad(logits, labels, eps=1e-8):
    p = special.softmax(logits, axis=1)
    p_y = (p * one_hot(logits, labels)).sum(axis=1, keepdims=True)
    return p_y / (p_y + eps) * lab.cross_entropy_grad(logits, labels)


def zero_times_infinity(logits, q):
    return -(q * special.log_softmax(logits, axis=1)).sum(axis=1).mean()


def product_loss(logits, labels, alpha):
    return zero_times_infinity(logits, lab.smooth_labels(labels, logits.shape[1], alpha))


def over_wrong(labels, classes, alpha):
    hard = np.eye(classes)[labels]
    return (1 - alpha) * hard + alpha / (classes - 1) * (1 - hard)


# Page 07: bugs, in float32.


def with_gradient(z, y):
    return lab.cross_entropy(z, y), lab.cross_entropy_grad(z, y)


def double(z, y):
    return lab.cross_entropy(softmax(z), y)


def outside(z, y, temperature):
    return lab.cross_entropy(z, y) / temperature


def in_place(z, y):
    z -= z.max(axis=-1, keepdims=True)
    return lab.cross_entropy(z, y)


def summed(z, y):
    return lab.cross_entropy(z, y) * len(y)


def where(z, y):
    p, g = softmax(z), -one_hot(z, y) / len(y)
    log_p = np.where(p > 0, np.log(p), 0)
    loss = -log_p[np.arange(len(y)), y].mean()
    return loss, through_softmax(p, np.where(p > 0, g, 0) * (1 / p))


def with_eps(p, eps):
    return -np.log(p + eps)


def infinity_minus_infinity(log_p, log_q):
    return (np.exp(log_p) * (log_p - log_q)).sum(axis=-1)


_BUGS = (double, naive_loss, where, summed, in_place, outside)
BUGS = {function.__name__: (function, lab.cross_entropy) for function in _BUGS}

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


def late(z):
    with np.errstate(divide="ignore"):
        return np.log(softmax(np.float32(z)))


def mean_of_means(ranks):
    return np.mean([r.mean() for r in ranks])


def mean_of_tokens(ranks):
    return np.concatenate(ranks).mean()


def softmax_then_log(logits, targets):
    with np.errstate(divide="ignore"):
        return np.log(np.exp(lab.token_log_probs(logits, targets)))


def to_the_end(log_probs, tokens, eos):
    return log_probs.sum(axis=1), np.full(len(tokens), tokens.shape[1])


def flag_all(log_probs, mask, threshold):
    return np.argwhere(log_probs < threshold)


@dataclass(frozen=True)
class Example:
    """How an explorable is called.

    functions: good ones, in order. sliders: the names of its controls, in order.
    faulty: functions of a reader who makes the page's mistakes. more: keywords it needs.
    snippet: keywords that say where its controls start, and the values that its snippet makes of
    that at T = 2.
    """

    functions: tuple
    sliders: str
    faulty: tuple = ()
    more: dict = field(default_factory=dict)
    snippet: tuple[dict, dict] = ({}, {})


_2, _3, _4 = (" ".join(f"logit_{k}" for k in range(1, n + 1)) for n in (2, 3, 4))
_MODELS = {"hard": confident(0.9, 75), "soft": confident(0.75, 75)}
_RANKS = " ".join(f"tokens_{r} mean_{r}" for r in (1, 2, 3))
_PLACES = [[0, 1.5, 0.5], [0, 0.5, 0], [0, 1.5, 2.5], [1, 0, 2.5], [3, 0.5, 1]]

EXAMPLES = {
    "first_look": Example(
        (softmax,),
        f"{_4} temperature",
        (textbook,),
        snippet=({"logits": (1, 0.5)}, {"z": np.float32([1, 0.5])}),
    ),
    "tangent": Example((np.log,), "p", (np.log2,), snippet=({"p": 0.25}, {"p": 0.25})),
    "surprisal": Example(
        (lab.nll, lab.nats_to_bits),
        f"{_4} temperature",
        (lab.nll, upside_down),
        snippet=({"logits": (2, 0.5)}, {"z": np.array([2, 0.5])}),
    ),
    "product_and_sum": Example(
        (product, sum_of_logs),
        "tokens p dtype",
        snippet=({"tokens": 3, "dtype": "float32"}, {"p": np.full(3, 0.5, np.float32)}),
    ),
    "exp_number_line": Example(
        (fate, limits, verdict),
        f"{_4} temperature dtype",
        more={"dtypes": TYPES},
        snippet=({"logits": (2, 0.5)}, {"z": np.array([2, 0.5]), "dtype": "float16"}),
    ),
    "four_dtypes": Example(
        (softmax,),
        f"{_3} temperature",
        (textbook,),
        snippet=({"logits": (2, 0.5)}, {"z": np.array([2, 0.5])}),
    ),
    "choose_shift": Example(
        (lse_with_shift,),
        f"c dtype {_3} temperature",
        snippet=({"c": 5, "logits": (1, 0)}, {"z": np.float32([0.5, 0]), "c": np.float32(5)}),
    ),
    "smooth_max": Example(
        (special.logsumexp,),
        f"{_3} temperature offset",
        (naive_lse,),
        snippet=({"logits": (2, 0.5), "offset": 1.0}, {"z": np.array([3, 1.5])}),
    ),
    "online_pass": Example(
        (lab.online_update,),
        "step chunk temperature order",
        (lab.online_update, forgetful),
        snippet=({"logits": range(5), "chunk": 2}, {"z": np.arange(5) / 2, "chunk": 2}),
    ),
    "side_by_side": Example(
        (log_softmax,),
        f"{_4} temperature offset dtype",
        (naive, minus_lse, log_softmax),
        snippet=({"logits": (1, 0), "offset": 0.1}, {"z": np.float32([1.1, 0.1])}),
    ),
    "shift": Example(
        (log_softmax,),
        f"{_4} temperature c dtype",
        (minus_lse,),
        snippet=({"logits": (1, 0), "c": 1e3}, {"z": np.array([1.0, 0]), "c": 1e3}),
    ),
    "p_minus_onehot": Example(
        (lab.cross_entropy_grad,),
        f"{_3} temperature true_class",
        (unfused,),
        snippet=({"logits": (1, 0), "true_class": 2}, {"z": np.array([1.0, 0]), "label": 1}),
    ),
    "confidently_wrong": Example(
        (lab.cross_entropy_grad, squared_error_grad, log_eps_grad),
        f"{_3} temperature epsilon",
        (lab.cross_entropy_grad, unfused),
        snippet=({"logits": (1, 2)}, {"z": np.array([1.0, 2]), "eps": 1e-8}),
    ),
    "loss_surface": Example(
        ((lab.cross_entropy, lab.cross_entropy_grad), (squared_error, squared_error_grad)),
        f"{_3} temperature true_class",
        ((naive_loss, unfused),),
        snippet=({"true_class": 3}, {"z": np.array([-10.0, 6, -4]), "label": 2}),
    ),
    "smoothing": Example(
        (lab.smooth_labels, lab.smoothed_cross_entropy, lab.minimum_loss, lab.optimal_logit_gap),
        f"{_3} temperature alpha classes class_2",
        (over_wrong, product_loss),
        snippet=(
            {"logits": (4, 1, 0), "classes": "3"},
            {"logits": np.array([[2, 0.5, 0]]), "labels": np.array([0]), "alpha": 0.1},
        ),
    ),
    "reliability": Example(
        (softmax,),
        "model temperature",
        more={"models": _MODELS, "labels": TWO_LABELS},
        snippet=({"model": "soft"}, {"model": "soft"}),
    ),
    "bug_hunt": Example(
        (BUGS,),
        f"{_3} temperature bug",
        snippet=(
            {"logits": (2, 1, 0)},
            {"z": np.float32(np.outer(FEATURES, (2, 1, 0))), "labels": ROW_LABELS},
        ),
    ),
    "epsilon_cap": Example(
        (with_eps,),
        f"{_2} temperature eps dtype",
        snippet=({"logits": (0, 40)}, {"p": np.float32(2.06115e-9), "eps": 1e-7}),
    ),
    "entropy_and_divergence": Example(
        (lab.soft_cross_entropy, lab.kl_divergence),
        f"{_3} temperature class_3",
        (zero_times_infinity, infinity_minus_infinity),
        snippet=(
            {"class_3": "ruled out"},
            {"logits": np.array([[0.5, 0, -np.inf]]), "targets": np.array([[0.7, 0.3, 0]])},
        ),
    ),
    "scrub": Example(
        (log_softmax,),
        f"epoch threshold temperature {_3}",
        (in_float32,),
        more={"logits": LOGITS, "labels": LABELS},
        snippet=({}, {"z": np.array([0.0, 4, -2, -2, -2, -2])}),
    ),
    "ranks": Example(
        (mean_of_means, mean_of_tokens),
        _RANKS,
        snippet=(
            {"tokens": (2, 2), "means": (-1, -0.5)},
            {"ranks": np.float64([[-1] * 2, [-0.5] * 2])},
        ),
    ),
    "score_sequence": Example(
        (lab.token_log_probs, lab.sequence_log_probs, lab.flag_outliers),
        f"{_3} temperature threshold eos",
        (softmax_then_log, to_the_end, flag_all),
        snippet=(
            {"logits": (0, 1, 0), "threshold": -1.5, "eos": "2"},
            {
                "logits": np.array([_PLACES]),
                "targets": np.array([[1, 0, 1, 2, 1]]),
                "threshold": -1.5,
            },
        ),
    ),
    "who_underflows": Example(
        (softmax, log_softmax),
        f"{_4} temperature dtype",
        (textbook, naive),
        snippet=({"logits": (2, 0.5)}, {"z": np.float32([2, 0.5])}),
    ),
    "recovery": Example(
        (exp_of_sum, exp_of_mean),
        "tokens nats",
        snippet=({"tokens": 4, "nats": 0.5}, {"log_p": np.full(4, -0.5)}),
    ),
    "cap_and_flag": Example(
        (capped,),
        "nats at threshold broken",
        snippet=({"at": -5.0}, {"at": -5.0, "threshold": -4.0}),
    ),
}


def made(name, /, *functions, **options):
    """The widget of an explorable; of the good functions unless others are given.

    options: its keywords, and the values of controls that no keyword of its own starts.
    """
    example, explorable = EXAMPLES[name], getattr(explore, name)
    options = {**example.more, **options}
    keywords = {k: v for k, v in options.items() if k in inspect.signature(explorable).parameters}
    widget = explorable(*(functions or example.functions), **keywords)
    for control in options.keys() - keywords.keys():
        widget.set_trait(control, options[control])
    return widget


def shown(name, /, *functions, **options):
    """Its scene where its controls start."""
    scene = made(name, *functions, **options).scene
    assert not scene.finding.startswith("No picture"), scene.panels[0].error
    return scene


def with_each_replaced(functions, by):
    """The functions with one of them replaced, each in turn; of a dict of bugs the one on show."""
    if callable(functions):
        yield by
    elif isinstance(functions, dict):
        first = next(iter(functions))
        for changed in with_each_replaced(functions[first], by):
            yield {**functions, first: changed}
    else:
        for k, inner in enumerate(functions):
            for changed in with_each_replaced(inner, by):
                yield (*functions[:k], changed, *functions[k + 1 :])
