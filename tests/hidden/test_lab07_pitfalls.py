"""The grading suite of lab 7, pitfalls. Contract: 100 points over five functions.

The functions arrive written and wrong. Much of what they do is right, and nobody earns points for
what came with the lab. So each function has one rule about its fault, marked ``fault``. Its other
rules, marked ``graded``, first look for the fault: while it is in, they are "not run". Once a value
is right where the fault made it wrong, each rule counts by itself.

Rules about types compare types; rules about the idea compare six digits; rules about accuracy and
stress compare all of them. So a misconception costs the points of its own rule.

Where the tolerances come from
- ``expect.close``: the course's contract, 1e-12 relative in float64, 1e-5 in float32, or 1e-14 and
  1e-6 absolute next to zero.
- ``half_precision_cross_entropy``: the same for float32. A logit held in float32 is exact, and so
  is a difference of two up to a rounding. A sum of V ≤ 100 000 terms in NumPy's order (8 partial
  sums over blocks of 128, blocks in pairs) takes 16 + 3 + log2(V/128) < 29 roundings of 2^-24; exp
  and log take 3. Together 32 · 2^-24 = 2e-6 of the sum, which is absolute in its logarithm. It is
  granted on top for V ≥ 1000.
  Its digits are the fault's own rule and those of category reference and stress. Rules about the
  idea compare three digits: 8 roundings of float16, 8 · 2^-11 = 4e-3.
- ``kl_divergence``: terms of both signs may cancel, so the contract grants (V + 4)·eps·Σ p|log p −
  log q|: (V − 1)/2 for a sum in any order, 1 for a difference and a product, 2.6 for an exponential
  of float32 in NumPy's own bounds.
- ``clipped_log`` in float16: one spacing of floats, 2^-10 relative, and 2^-24 absolute, the
  smallest float16. Floors are powers of two there, so it does not matter when eps is rounded.

What the contract leaves open, and how it is read here
- Targets are refused below 0, above 1 and for NaN. Their sum is not looked at: rows of float32
  never sum to 1 exactly. q > 0 at a logit of −inf costs +inf.
- A label counts as bad only where the mask keeps it. A mask of integers is not graded.
- q = 0 < p is +inf whenever log p is finite, also if e^(log p) underflows: the logarithm is what
  was given. A log-probability above 0 and NaN are refused; one of a few eps above 0 is not graded.
- Shapes of log_p and log_q that broadcast are not graded, shapes that do not are refused.
- ``eps`` is rounded to the type of p first. Above 1 it is not graded, nor is p outside [0, 1]. A
  NaN in p stays NaN.
- ``half_precision_cross_entropy`` is graded with float16 logits alone. A row of only −inf, labels
  of type bool or of whole floats, an empty axis of ``kl_divergence``: not graded.
Inputs of reference and property tests come from ``rng``; stress inputs are fixed.
"""

import functools
import math

import numpy as np
import pytest

from lnnn.suite import expect, oracle
from lnnn.suite.agree import ROUGHLY, float_type
from lnnn.suite.lab import StudentError
from lnnn.suite.pace import pace

fault = pytest.mark.graded

INF, NAN = np.inf, np.nan
HUGE = {np.float64: 1e300, np.float32: 1e30}
LARGEST_HALF = 65504.0
# Small enough that a measurement is mostly over before a busy machine takes the processor away.
BATCH = (16, 1000)
TOKENS = (4, 8, 500)
OF_A_SUM = 32 * 2.0**-24
HALF_SPACING = {"relative": 2.0**-10, "absolute": 2.0**-24}
THREE_DIGITS = {"relative": 4e-3, "absolute": 4e-3}
# Measured against rows or tokens with math.fsum, the slowest style that is fine and 1 to 2 itself:
# NumPy forms 0.05 to 0.6, loops that call NumPy on every element 15 and more.
SLOW = 5
BAD_LABELS = (-1, -100, 3, 100, 0.5)
# Integers are computed in float64: in this type z − max wraps around and np.exp gives float16.
WRAPS = np.array([100, -100, 99], np.int8)


def graded(**mark):
    """The mark of a rule that counts once the fault of its function is out."""
    return lambda test: pytest.mark.usefixtures("mended")(pytest.mark.graded(**mark)(test))


@pytest.fixture
def mended(request, lab):
    """Skips a test while the function it grades gives a wrong value where its fault bites."""
    function = request.node.get_closest_marker("graded").kwargs["function"]
    try:
        FAULTS[function](lab)
    except (AssertionError, StudentError):
        pytest.skip(f"Not counted yet. First mend the fault that {function} came with.")


def a_class_nobody_asks_for(lab):
    """0·(−∞): a target of 0 where the logit is −inf."""
    logits = np.array([[1.0, 2.0, 3.0, -INF], [-INF, 0.5, 0.0, 1.0]])
    targets = np.array([[0.25, 0.25, 0.5, 0.0], [0.0, 0.25, 0.5, 0.25]])
    softens_right(lab, logits, targets, **ROUGHLY)


def sequences_of_unequal_length(lab):
    """A mean of means: three tokens in one sequence, one in the other, harmless padding."""
    logits = np.array([[[1.0, 2.0], [0.0, 3.0], [2.0, -1.0]], [[0.5, 4.0], [0.0, 0.0], [1.0, 1.0]]])
    labels = np.array([[0, 1, 1], [0, 0, 0]])
    mask = np.array([[True, True, True], [True, False, False]])
    averages_right(lab, logits, labels, mask, **ROUGHLY)


def more_than_three_digits(lab):
    """Arithmetic of float16: ln 2992 lies halfway between two of its numbers."""
    logits = np.zeros((2, 2992), np.float16)
    halves_right(lab, logits, np.array([5, 123]), math.log(2992), relative=1e-4)


def an_outcome_that_never_happens(lab):
    """0·log 0: p = 0 where q is not."""
    log_p = np.array([math.log(0.5), -INF, math.log(0.25), math.log(0.25)])
    log_q = np.log([0.25, 0.25, 0.125, 0.375])
    diverges_right(lab, log_p, log_q, **ROUGHLY)


def a_floor_that_is_no_number(lab):
    """1e-8 in float16, refused in whatever words; a floor that exists, accepted."""
    clips_right(lab, np.zeros(3, np.float32), 0.25, **ROUGHLY)
    try:
        lab.clipped_log(np.array([0.75, 0.125, 0.5], np.float16), 1e-8)
    except ValueError:
        return
    raise AssertionError("an eps that rounds to 0 in float16 was accepted")


FAULTS = {
    "soft_cross_entropy": a_class_nobody_asks_for,
    "masked_sequence_cross_entropy": sequences_of_unequal_length,
    "half_precision_cross_entropy": more_than_three_digits,
    "kl_divergence": an_outcome_that_never_happens,
    "clipped_log": a_floor_that_is_no_number,
}


# ---------------------------------------------------------------------------------------- helpers


def draw(rng, shape, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits: offset + scale · standard normal."""
    return (offset + scale * rng.standard_normal(shape)).astype(dtype)


def draw_targets(rng, rows, classes, dtype=np.float64):
    """Probabilities (B, V) that sum to 1 but for rounding."""
    return rng.dirichlet(np.ones(classes), size=rows).astype(dtype)


def draw_soft(rng, rows=4, classes=5, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits (B, V) and targets (B, V)."""
    return draw(rng, (rows, classes), scale, offset, dtype), draw_targets(rng, rows, classes, dtype)


def draw_sequences(rng, shape=(3, 4, 5), scale=2.0, offset=0.0, dtype=np.float64):
    """Logits (B, L, V), labels (B, L) and a mask (B, L) with sequences of unequal length."""
    logits = draw(rng, shape, scale, offset, dtype)
    labels = rng.integers(0, shape[2], size=shape[:2])
    lengths = 1 + (rng.integers(0, shape[1]) + np.arange(shape[0])) % shape[1]
    return logits, labels, np.arange(shape[1]) < lengths[:, None]


def draw_half(rng, rows=4, classes=5, scale=2.0, offset=0.0):
    """float16 logits (B, V) and labels (B,)."""
    logits = draw(rng, (rows, classes), scale, offset, np.float16)
    return logits, rng.integers(0, classes, size=rows)


def draw_logs(rng, shape, scale=2.0, dtype=np.float64, axis=-1, never=()):
    """Log-probabilities along ``axis``, as floats hold them; −inf at the places ``never``."""
    z = draw(rng, shape, scale)
    for place in never:
        z[place] = -INF
    return oracle.log_softmax(z, axis=axis).astype(dtype)


def number(value, what):
    """A float, also when it comes as an array of one element: its type has a rule of its own."""
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind == "f":
        return float(value.item())
    return expect.scalar(value, what)


def softens_right(lab, logits, targets, of_type=number, **tolerance):
    """Compare soft_cross_entropy with the exact loss."""
    reference = oracle.soft_cross_entropy(logits, targets)
    value = of_type(lab.soft_cross_entropy(logits, targets), "the loss")
    expect.close(float_type(logits).type(value), reference, what="the loss", **tolerance)
    return value


def averages_right(lab, logits, labels, mask, of_type=number, **tolerance):
    """Compare masked_sequence_cross_entropy with the exact loss."""
    reference = oracle.masked_sequence_cross_entropy(logits, labels, mask)
    value = of_type(lab.masked_sequence_cross_entropy(logits, labels, mask), "the loss")
    expect.close(float_type(logits).type(value), reference, what="the loss", **tolerance)
    return value


def halves_right(lab, logits, labels, reference=None, **tolerance):
    """Compare half_precision_cross_entropy with the exact loss of these float16 logits."""
    if reference is None:
        reference = oracle.cross_entropy(logits, labels)
    value = number(lab.half_precision_cross_entropy(logits, labels), "the loss")
    expect.close(np.float32(value), reference, what="the loss", **tolerance)
    return value


def diverges_right(lab, log_p, log_q, of_type=expect.floats, axis=-1, **tolerance):
    """Compare kl_divergence with the exact one, and grant the rounding of V terms."""
    reference = oracle.kl_divergence(log_p, log_q, axis=axis)
    dtype = float_type(log_p)
    with np.errstate(invalid="ignore"):
        sizes = np.exp(log_p) * np.abs(np.subtract(log_p, log_q, dtype=np.float64))
    terms = np.shape(log_p)[axis] + 4
    slack = terms * float(np.finfo(dtype).eps) * np.where(np.isfinite(sizes), sizes, 0).sum(axis)
    keywords = {} if axis == -1 else {"axis": axis}
    value = lab.kl_divergence(log_p, log_q, **keywords)
    value = of_type(value, reference.shape, dtype, "the divergence")
    expect.close(value, reference, slack=slack, what="the divergence", **tolerance)
    return value


def clips_right(lab, p, eps, of_type=expect.floats, **tolerance):
    """Compare clipped_log with the exact logarithm; float16 within its own spacing."""
    reference = oracle.clipped_log(p, eps)
    value = of_type(lab.clipped_log(p, eps), reference.shape, float_type(p), "the logarithm")
    if value.dtype == np.float16:
        value, tolerance = value.astype(np.float32), HALF_SPACING
    expect.close(value, reference, what="the logarithm", **tolerance)
    return value


def refuses(function, *arguments, naming):
    """A ValueError that names one of ``naming``."""
    with expect.refused(*naming):
        function(*arguments)


def one_of_three(labels, bad):
    """``labels`` with a bad one in the middle."""
    labels = labels.astype(float if isinstance(bad, float) else int)
    labels.flat[labels.size // 2] = bad
    return labels


def takes_numpy_time(lab, call, one_row_at_a_time):
    """The call takes no more than ``SLOW`` times as long as a loop over rows."""
    if pace(lab, call, one_row_at_a_time, SLOW)[2] > SLOW:
        raise AssertionError("as slow as a Python loop over the elements")


def log_softmax_of(z):
    """In plain floats, to tell right from wrong at 1e-9."""
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def fsum_of_rows(z):
    """Σ e^(z − m) of every row, one at a time."""
    for row in z.reshape(-1, z.shape[-1]):
        math.fsum(np.exp(row - row.max()))


# ----------------------------------------------------------------------- soft_cross_entropy (22)


@fault(
    function="soft_cross_entropy",
    category="stress",
    points=5,
    rule="A class that the target does not ask for costs nothing, also when its logit is −inf",
    feedback="0·∞ is NaN in floats, and one NaN makes the whole loss NaN. The price of a class "
    "whose target is 0 has to leave before it is multiplied. An epsilon in the logarithm is no "
    "cure: it changes every other price.",
)
def test_a_class_that_nobody_asks_for_costs_nothing(lab, rng):
    a_class_nobody_asks_for(lab)
    for dtype in (np.float64, np.float32):
        logits, targets = draw_soft(rng, 3, 5, dtype=dtype)
        out = np.array([[0, 0, 0, 1, 0], [1, 0, 0, 0, 1], [0, 1, 1, 1, 0]], bool)
        logits[out], targets[out] = -INF, 0
        targets /= targets.sum(axis=1, keepdims=True)
        softens_right(lab, logits, targets, **ROUGHLY)


@graded(
    function="soft_cross_entropy",
    category="contract",
    points=2,
    rule="It is the mean over the batch of −Σ q log p",
    feedback="Multiply and sum over the classes of a row, then take the mean over the rows. A mean "
    "over the classes is too small by the factor V, a sum over the batch too large by B.",
)
def test_the_soft_loss_is_the_mean_of_the_weighed_prices(lab, rng):
    softens_right(lab, *draw_soft(rng), **ROUGHLY)
    softens_right(lab, *draw_soft(rng, rows=1), **ROUGHLY)
    softens_right(lab, *draw_soft(rng, rows=6, classes=3), **ROUGHLY)
    softens_right(lab, *draw_soft(rng, rows=2, classes=9), **ROUGHLY)


@graded(
    function="soft_cross_entropy",
    category="contract",
    points=2,
    rule="It returns a float, for float32 and integer logits, for lists, and for targets of 0 and "
    "1 that are integers",
    feedback="np.asarray on both arguments first; integer logits become float64. Return "
    "float(...), not an array of one element.",
)
def test_the_soft_loss_is_a_float(lab, rng):
    softens_right(lab, *draw_soft(rng, dtype=np.float32), expect.scalar, **ROUGHLY)
    logits, targets = rng.integers(-3, 4, size=(3, 4)), draw_targets(rng, 3, 4)
    softens_right(lab, logits, targets, expect.scalar, **ROUGHLY)
    softens_right(lab, logits.tolist(), targets.tolist(), expect.scalar, **ROUGHLY)
    softens_right(lab, WRAPS[None], draw_targets(rng, 1, 3), expect.scalar)
    softens_right(lab, draw(rng, (3, 3)), np.eye(3, dtype=int), expect.scalar, **ROUGHLY)


@graded(
    function="soft_cross_entropy",
    category="contract",
    points=1,
    rule="Neither the logits nor the targets are changed",
    feedback="log_p[targets == 0] = 0 is fine on an array of your own. logits -= … and targets[…] "
    "= … write into the caller's.",
)
def test_the_soft_loss_leaves_its_arguments_alone(lab, rng):
    logits, targets = draw_soft(rng)
    logits[1, 2], targets[1] = -INF, [0.5, 0, 0, 0.25, 0.25]
    softens_right(lab, logits, targets, **ROUGHLY)
    expect.untouched(lab)


@graded(
    function="soft_cross_entropy",
    category="property",
    points=2,
    rule="A one-hot target gives the plain cross-entropy, and a mixture of two targets the same "
    "mixture of their losses",
    feedback="The loss is a straight line in the target. A target that is normalised, clipped, "
    "rounded or put through a softmax bends it.",
)
def test_the_soft_loss_is_linear_in_the_target(lab, rng):
    logits, targets = draw_soft(rng)
    labels = rng.integers(0, 5, size=4)
    onehot = np.eye(5)[labels]
    hard = number(lab.soft_cross_entropy(logits, onehot), "the loss")
    expect.close(np.float64(hard), oracle.cross_entropy(logits, labels), what="the loss", **ROUGHLY)
    soft = softens_right(lab, logits, targets, **ROUGHLY)
    # Quarters of doubles are exact; both losses may be off by six digits.
    mixed = softens_right(lab, logits, 0.75 * onehot + 0.25 * targets, **ROUGHLY)
    wanted = 0.75 * hard + 0.25 * soft
    expect.close(np.float64(mixed), wanted, absolute=2e-6, relative=2e-6, what="the mixed loss")


@graded(
    function="soft_cross_entropy",
    category="property",
    points=1,
    rule="It is lowest where the model says the target, and there it is the target's entropy; a "
    "constant on all logits of a row changes nothing",
    feedback="Take the logarithms of the target for logits: no other logits may give less. If they "
    "do, the sum leaves out something that it should not.",
)
def test_the_soft_loss_is_lowest_at_the_target(lab, rng):
    for _ in range(2):
        targets = draw_targets(rng, 1, 5)
        entropy = -(targets * np.log(targets)).sum()
        logits = np.log(targets)
        for shift in (0.0, 100.0):
            value = number(lab.soft_cross_entropy(logits + shift, targets), "the loss")
            expect.close(np.float64(value), entropy, what="the lowest loss", **ROUGHLY)
        other = softens_right(lab, logits + draw(rng, (1, 5), 0.5), targets, **ROUGHLY)
        if not other >= entropy - 1e-6:
            raise AssertionError("another model has a loss below the entropy of the target")


@graded(
    function="soft_cross_entropy",
    category="reference",
    points=2,
    rule="It agrees with the exact value in float64, for logits from tiny to huge and far from 0",
    feedback="The code came with this right. An epsilon in the logarithm, a clipped probability, "
    "or a maximum that is added back costs digits that were there.",
)
def test_the_soft_loss_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            softens_right(lab, *draw_soft(rng, 1, 5, scale, offset))


@graded(
    function="soft_cross_entropy",
    category="reference",
    points=1,
    rule="It agrees with the exact value in float32",
    feedback="float32 has 7 digits: with logits near 10 000 only three of them stand behind the "
    "point. Shift first, and stay shifted. 1e-8 is nothing beside a probability in float32.",
)
def test_the_soft_loss_agrees_with_fifty_digits_in_float32(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4):
            softens_right(lab, *draw_soft(rng, 1, 5, scale, offset, np.float32))


@graded(
    function="soft_cross_entropy",
    category="stress",
    points=1,
    rule="A class that nobody asks for raises no warning either",
    feedback="np.where evaluates both of its branches: np.where(q > 0, q * log_p, 0) multiplies 0 "
    "by −∞ before it looks away. Choose first, multiply then.",
)
def test_a_class_that_nobody_asks_for_raises_no_warning(lab):
    logits = np.array([[1.0, -INF, 3.0], [-INF, 0.5, -INF]])
    softens_right(lab, logits, np.array([[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]]), **ROUGHLY)
    expect.quiet(lab)


@graded(
    function="soft_cross_entropy",
    category="stress",
    points=1,
    rule="A class that the target asks for, and whose logit is −inf, costs +inf, silently",
    feedback="This infinity is true: the target wants what the model rules out. Replacing every "
    "infinite price by 0 hides it, and np.nan_to_num puts a number there that means nothing.",
)
def test_a_class_asked_for_and_ruled_out_costs_infinity(lab):
    logits = np.array([[0.5, -INF, 1.5], [1.0, 2.0, 0.0]])
    for share in (0.5, 1e-12):
        softens_right(lab, logits, np.array([[1 - share, share, 0.0], [0.5, 0.25, 0.25]]))
        expect.quiet(lab)


@graded(
    function="soft_cross_entropy",
    category="stress",
    points=1,
    rule="A sure model has a large and finite loss, without a warning: logits of ±1000, and the "
    "largest of the contract",
    feedback="A probability on the way rounds to 0, and its logarithm is no price any more. Stay "
    "with the shifted logits.",
)
def test_the_soft_loss_survives_large_logits(lab):
    targets = np.array([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]])
    softens_right(lab, np.array([[0.0, 1000.0, -1000.0], [-1000.0, -999.0, -998.0]]), targets)
    expect.quiet(lab)
    for dtype, huge in HUGE.items():
        logits = np.array([[huge, 0.0, -huge], [0.0, huge, 0.0]], dtype)
        softens_right(lab, logits, targets.astype(dtype))
        expect.quiet(lab)


@graded(
    function="soft_cross_entropy",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="np.where, a product and a sum along the last axis work on the whole array.",
)
def test_the_soft_loss_of_a_large_batch_takes_numpy_time(lab, rng):
    logits, targets = draw(rng, BATCH), draw(rng, BATCH) ** 2
    targets /= targets.sum(axis=1, keepdims=True)
    value = number(lab.soft_cross_entropy(logits, targets), "the loss")
    if not abs(value + (targets * log_softmax_of(logits)).sum() / len(logits)) < 1e-9:
        raise AssertionError("the loss of the large batch is wrong")

    def one_row_at_a_time():
        fsum_of_rows(logits)
        for row, weights in zip(logits, targets, strict=True):
            math.fsum(row * weights)

    call = functools.partial(lab.soft_cross_entropy, logits, targets)
    takes_numpy_time(lab, call, one_row_at_a_time)


@graded(
    function="soft_cross_entropy",
    category="bad input",
    points=1,
    rule="A target below 0, above 1 or NaN is a ValueError that names targets",
    feedback="Whoever passes logits or percentages as targets gets a number that means nothing. "
    "NaN compares false with everything: ask whether all are inside, and raise if not.",
)
def test_a_target_that_is_no_probability_is_refused(lab, rng):
    for bad in (-0.25, 1.25, 50.0, NAN, INF):
        logits, targets = draw_soft(rng, 2, 3)
        targets[1, 1] = bad
        refuses(lab.soft_cross_entropy, logits, targets, naming=("targets", "target"))


@graded(
    function="soft_cross_entropy",
    category="bad input",
    points=1,
    rule="Targets of another shape than the logits, and an empty batch, are a ValueError that "
    "names targets or logits",
    feedback="A single row of targets broadcasts over the batch in silence, and so does a column. "
    "Compare the shapes yourself. The mean of no rows is NaN.",
)
def test_targets_of_another_shape_are_refused(lab, rng):
    for shape, other in (((3, 4), (1, 4)), ((3, 4), (4,)), ((3, 3), (3, 1)), ((0, 4), (0, 4))):
        targets = np.full(other, 0.25)
        refuses(
            lab.soft_cross_entropy,
            draw(rng, shape),
            targets,
            naming=("targets", "target", "logits"),
        )


# ------------------------------------------------------------ masked_sequence_cross_entropy (27)


@fault(
    function="masked_sequence_cross_entropy",
    category="contract",
    points=6,
    rule="Every kept token counts alike, whatever the length of its sequence",
    feedback="A mean over each sequence and then over the sequences gives a token in a short "
    "sequence more weight. Sum the losses of all kept tokens and divide once, by their number: not "
    "by B, and not by B times L.",
)
def test_every_kept_token_counts_alike(lab, rng):
    sequences_of_unequal_length(lab)
    for shape in ((3, 4, 5), (2, 6, 3), (4, 2, 2), (1, 5, 4)):
        averages_right(lab, *draw_sequences(rng, shape), **ROUGHLY)


@graded(
    function="masked_sequence_cross_entropy",
    category="contract",
    points=2,
    rule="It returns a float, for float32 and integer logits, lists, and labels of any integer "
    "type",
    feedback="np.asarray on all three first: a list of booleans is no mask until it is an array. "
    "Integer logits become float64. Return float(...).",
)
def test_the_masked_loss_is_a_float(lab, rng):
    logits, labels, mask = draw_sequences(rng, dtype=np.float32)
    averages_right(lab, logits, labels.astype(np.uint8), mask, expect.scalar, **ROUGHLY)
    logits = rng.integers(-3, 4, size=logits.shape)
    averages_right(lab, logits, labels.astype(np.int32), mask, expect.scalar, **ROUGHLY)
    lists = logits.tolist(), labels.tolist(), mask.tolist()
    averages_right(lab, *lists, expect.scalar, **ROUGHLY)
    one_token = np.array([[2]]), np.array([[True]])
    averages_right(lab, WRAPS[None, None], *one_token, expect.scalar)


@graded(
    function="masked_sequence_cross_entropy",
    category="contract",
    points=1,
    rule="Logits, labels and mask are left as they were",
    feedback="labels[~mask] = 0 and logits[~mask] = 0 mend the padding in the caller's arrays. "
    "Index with the mask, or use np.where: both make new ones.",
)
def test_the_masked_loss_leaves_its_arguments_alone(lab, rng):
    logits, labels, mask = draw_sequences(rng)
    averages_right(lab, logits, labels, mask, **ROUGHLY)
    expect.untouched(lab)
    logits[~mask], labels[~mask] = 7.0, 1
    averages_right(lab, logits, labels, mask, **ROUGHLY)
    expect.untouched(lab)


@graded(
    function="masked_sequence_cross_entropy",
    category="property",
    points=2,
    rule="The label of padding has no effect: −100, −1 or beyond the last class",
    feedback="A label of −100 is an index out of range, one of −1 the last class. Leave the "
    "padding out before the labels are used as indices, and before they are checked.",
)
def test_the_label_of_padding_has_no_effect(lab, rng):
    for junk in (-100, -1, 5, 10_000):
        logits, labels, mask = draw_sequences(rng)
        averages_right(lab, logits, np.where(mask, labels, junk), mask, **ROUGHLY)


@graded(
    function="masked_sequence_cross_entropy",
    category="property",
    points=3,
    rule="The logits of padding have no effect: NaN, ±inf or 1e300",
    feedback="NaN·0 is NaN and inf·0 is NaN, so a mask that multiplies takes nothing out. Select "
    "the kept tokens, and compute with these alone.",
)
def test_the_logits_of_padding_have_no_effect(lab, rng):
    for junk in (NAN, INF, -INF, 1e300):
        logits, labels, mask = draw_sequences(rng)
        logits[~mask] = junk
        averages_right(lab, logits, labels, mask, **ROUGHLY)
    logits, labels, mask = draw_sequences(rng)
    logits[~mask, 1], logits[~mask, 3] = NAN, -INF
    averages_right(lab, logits, np.where(mask, labels, -100), mask, **ROUGHLY)


@graded(
    function="masked_sequence_cross_entropy",
    category="property",
    points=2,
    rule="How the tokens are cut into sequences does not matter, nor where the padding is, nor "
    "how much there is",
    feedback="Padding need not be at the end: use the mask, not a count of its entries as a "
    "length. The same tokens in one long sequence have the same loss.",
)
def test_the_cut_into_sequences_does_not_matter(lab, rng):
    logits, labels, mask = draw_sequences(rng, (3, 4, 5))
    wanted = oracle.masked_sequence_cross_entropy(logits, labels, mask)
    order = rng.permutation(12)
    for shape in ((1, 12), (12, 1), (4, 3)):
        shuffled = [a.reshape(12, *a.shape[2:])[order] for a in (logits, labels, mask)]
        averages_right(lab, *(a.reshape(*shape, *a.shape[1:]) for a in shuffled), **ROUGHLY)
    longer = [
        np.concatenate([a, np.zeros((3, 5, *a.shape[2:]), a.dtype)], axis=1)
        for a in (logits, labels, mask)
    ]
    value = number(lab.masked_sequence_cross_entropy(*longer), "the loss with more padding")
    expect.close(np.float64(value), wanted, what="the loss with more padding", **ROUGHLY)


@graded(
    function="masked_sequence_cross_entropy",
    category="reference",
    points=2,
    rule="It agrees with the exact value in float64, for logits from tiny to huge and far from 0",
    feedback="Shift each token by its own maximum, and never add it back. Sums of probabilities "
    "and epsilons cost digits.",
)
def test_the_masked_loss_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            averages_right(lab, *draw_sequences(rng, (2, 2, 4), scale, offset))


@graded(
    function="masked_sequence_cross_entropy",
    category="reference",
    points=1,
    rule="It agrees with the exact value in float32",
    feedback="float32 has 7 digits: with logits near 10 000 only three of them stand behind the "
    "point. Shift first, and stay shifted.",
)
def test_the_masked_loss_agrees_with_fifty_digits_in_float32(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4):
            averages_right(lab, *draw_sequences(rng, (2, 2, 4), scale, offset, np.float32))


@graded(
    function="masked_sequence_cross_entropy",
    category="stress",
    points=1,
    rule="A sequence that is all padding counts for nothing",
    feedback="Its length is 0, and 0/0 is NaN. Whoever divides by the number of all kept tokens "
    "never meets that 0.",
)
def test_a_sequence_of_padding_counts_for_nothing(lab, rng):
    logits, labels, mask = draw_sequences(rng, (4, 3, 5))
    mask[0] = [True, False, True]
    mask[1], mask[3] = False, False
    averages_right(lab, logits, labels, mask, **ROUGHLY)
    expect.quiet(lab)


@graded(
    function="masked_sequence_cross_entropy",
    category="stress",
    points=1,
    rule="Whatever the padding holds, there is no warning",
    feedback="Whatever is computed for padding and thrown away later has warned already: "
    "inf − inf, a logarithm of 0, an overflow.",
)
def test_padding_raises_no_warning(lab):
    labels = np.array([[0, 1, -100], [1, -100, -100]])
    mask = labels >= 0
    for junk in ([NAN, NAN], [INF, INF], [-INF, -INF], [1e300, -1e300], [INF, NAN]):
        logits = np.array([[[1.0, 2.0], [0.5, 0.0], junk], [[3.0, 1.0], junk, junk]])
        averages_right(lab, logits, labels, mask, **ROUGHLY)
        expect.quiet(lab)


@graded(
    function="masked_sequence_cross_entropy",
    category="stress",
    points=1,
    rule="Kept logits of ±1000, the largest of the contract and −inf are no problem; a kept label "
    "of logit −inf costs +inf",
    feedback="Shift each token by its own maximum: one for the whole batch loses the low ones. "
    "Infinite is the right price of a label that was ruled out.",
)
def test_the_masked_loss_survives_large_logits(lab):
    mask = np.array([[True, True, False]])
    for dtype, huge in HUGE.items():
        for logits in (
            [[0.0, 1000.0, 1.0], [-1000.0, -999.0, -998.0], [0.0, 0.0, 0.0]],
            [[huge, 0.0, -huge], [0.0, huge, 0.0], [0.0, 0.0, 0.0]],
            [[0.5, -INF, 1.5], [-INF, 2.0, -INF], [0.0, 0.0, 0.0]],
        ):
            averages_right(lab, np.array([logits], dtype), np.array([[2, 1, 0]]), mask)
            expect.quiet(lab)
    ruled_out = np.array([[[0.5, -INF, 1.5], [1.0, 2.0, 0.0], [0.0, 0.0, 0.0]]])
    averages_right(lab, ruled_out, np.array([[1, 1, 0]]), mask)
    expect.quiet(lab)


@graded(
    function="masked_sequence_cross_entropy",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="A boolean mask as an index gives all kept tokens at once.",
)
def test_the_masked_loss_of_a_large_batch_takes_numpy_time(lab, rng):
    logits, labels, mask = draw_sequences(rng, TOKENS)
    mask = np.ones_like(mask)
    mask[:, 0] = False
    value = number(lab.masked_sequence_cross_entropy(logits, labels, mask), "the loss")
    picked = np.take_along_axis(log_softmax_of(logits), labels[..., None], axis=-1)[..., 0]
    if not abs(value + picked[mask].mean()) < 1e-9:
        raise AssertionError("the loss of the large batch is wrong")
    call = functools.partial(lab.masked_sequence_cross_entropy, logits, labels, mask)
    takes_numpy_time(lab, call, lambda: fsum_of_rows(logits[mask]))


@graded(
    function="masked_sequence_cross_entropy",
    category="bad input",
    points=1,
    rule="A mask that keeps nothing is a ValueError that names mask",
    feedback="The mean of no tokens is 0/0. Returning 0 says that the model is perfect, NaN ends "
    "the run far from its cause.",
)
def test_a_mask_that_keeps_nothing_is_refused(lab, rng):
    logits, labels, mask = draw_sequences(rng)
    for label in (labels, np.full_like(labels, -100)):
        nothing = np.zeros_like(mask)
        refuses(lab.masked_sequence_cross_entropy, logits, label, nothing, naming=("mask",))


@graded(
    function="masked_sequence_cross_entropy",
    category="bad input",
    points=2,
    rule="A kept label below 0, at or above V, or not an integer is a ValueError that names labels",
    feedback="np.maximum(labels, 0) turns a mistake into class 0, and −1 is the last class for "
    "NumPy. −100 is fine at a padded position and a mistake at a kept token: check the labels that "
    "are left.",
)
def test_a_kept_label_that_is_no_class_is_refused(lab, rng):
    mask = np.ones((1, 3), bool)
    for bad in BAD_LABELS:
        labels = one_of_three(np.array([[0, 1, 2]]), bad)
        logits = draw(rng, (1, 3, 3))
        refuses(lab.masked_sequence_cross_entropy, logits, labels, mask, naming=("labels", "label"))


@graded(
    function="masked_sequence_cross_entropy",
    category="bad input",
    points=1,
    rule="Shapes that do not fit are a ValueError that names labels, mask or logits",
    feedback="A mask of one sequence broadcasts over the batch in silence. Compare the shapes of "
    "labels and mask with the first two axes of the logits.",
)
def test_shapes_of_sequences_that_do_not_fit_are_refused(lab, rng):
    for shape, of_labels, of_mask in (
        ((2, 3, 4), (2, 3), (1, 3)),
        ((2, 3, 4), (2, 3), (3,)),
        ((2, 3, 4), (1, 3), (2, 3)),
        ((2, 3, 4), (2, 2), (2, 2)),
        ((3, 4), (3,), (3,)),
    ):
        labels, mask = np.zeros(of_labels, int), np.ones(of_mask, bool)
        naming = ("labels", "label", "mask", "logits")
        refuses(lab.masked_sequence_cross_entropy, draw(rng, shape), labels, mask, naming=naming)


# ------------------------------------------------------------- half_precision_cross_entropy (21)


@fault(
    function="half_precision_cross_entropy",
    category="reference",
    points=4,
    rule="It has the digits of float32 and not of float16",
    feedback="The differences, the exponentials, their sum and the logarithm all round to three "
    "digits in float16, and a float32 made of the result gets none of them back. Convert the "
    "logits before anything is computed with them.",
)
def test_the_loss_of_half_logits_has_the_digits_of_float32(lab, rng):
    more_than_three_digits(lab)
    for classes in (2, 10, 300):
        halves_right(lab, *draw_half(rng, 2, classes))


@graded(
    function="half_precision_cross_entropy",
    category="contract",
    points=2,
    rule="It is the mean over the batch of −log_softmax(logits)[b, labels[b]]; labels may be a "
    "list or any integer type",
    feedback="One log-probability from each row, picked by that row's label, then the mean over B.",
)
def test_the_half_loss_is_the_mean_of_the_picked_prices(lab, rng):
    halves_right(lab, *draw_half(rng), **THREE_DIGITS)
    halves_right(lab, *draw_half(rng, rows=1), **THREE_DIGITS)
    logits, labels = draw_half(rng, rows=6, classes=3)
    for dtype in (np.int32, np.uint8):
        halves_right(lab, logits, labels.astype(dtype), **THREE_DIGITS)
    halves_right(lab, logits, labels.tolist(), **THREE_DIGITS)


@graded(
    function="half_precision_cross_entropy",
    category="contract",
    points=2,
    rule="It returns a float32 scalar",
    feedback="np.float32: not a Python float, which is float64, not float16, and not an array. "
    "The mean of float32 losses is one already; np.float32(...) makes one.",
)
def test_the_half_loss_is_a_float32_scalar(lab, rng):
    for rows in (1, 4):
        logits, labels = draw_half(rng, rows)
        value = lab.half_precision_cross_entropy(logits, labels)
        if not isinstance(value, np.float32):
            kind = getattr(value, "dtype", type(value).__name__)
            raise AssertionError(f"the loss is a {kind}; expected a float32 scalar")
        expect.close(value, oracle.cross_entropy(logits, labels), what="the loss", **THREE_DIGITS)


@graded(
    function="half_precision_cross_entropy",
    category="contract",
    points=1,
    rule="Neither the logits nor the labels are changed",
    feedback="astype makes a copy. np.asarray does not: an array that it returns is the caller's.",
)
def test_the_half_loss_leaves_its_arguments_alone(lab, rng):
    halves_right(lab, *draw_half(rng), **THREE_DIGITS)
    expect.untouched(lab)


@graded(
    function="half_precision_cross_entropy",
    category="property",
    points=2,
    rule="A constant on all logits of a row changes nothing, nor does the order of the rows; equal "
    "logits cost ln V",
    feedback="Each row has its own maximum and its own label. If a shift matters, something was "
    "rounded before the maximum came off.",
)
def test_shifts_and_the_order_of_rows_leave_the_half_loss(lab, rng):
    # Multiples of 1/8 below 128 add up without rounding in float16.
    logits = (rng.integers(-40, 40, size=(5, 6)) / 8).astype(np.float16)
    labels, order = rng.integers(0, 6, size=5), rng.permutation(5)
    shift = (rng.integers(-800, 800, size=(5, 1)) / 8).astype(np.float16)
    wanted = oracle.cross_entropy(logits, labels)
    halves_right(lab, logits, labels, **THREE_DIGITS)
    halves_right(lab, logits + shift, labels, wanted, **THREE_DIGITS)
    halves_right(lab, logits[order], labels[order], wanted, **THREE_DIGITS)
    level = np.full((3, 77), rng.normal(), np.float16)
    halves_right(lab, level, np.array([0, 76, 3]), np.log(77), **THREE_DIGITS)


@graded(
    function="half_precision_cross_entropy",
    category="reference",
    points=2,
    rule="It agrees with the exact loss of the float16 logits, from tiny logits to thousands",
    feedback="The logits are exact, whatever rounded them before. From there on every step has to "
    "be float32: a difference that is taken in float16 is rounded once too often.",
)
def test_the_half_loss_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 100.0):
            halves_right(lab, *draw_half(rng, 2, 6, scale, offset))


@graded(
    function="half_precision_cross_entropy",
    category="stress",
    points=2,
    rule="100 000 classes have a finite and right loss, without a warning",
    feedback="A float16 ends at 65504, and so does a sum that is rounded to it. With float32 "
    "exponentials the sum is float32 by itself.",
)
def test_a_hundred_thousand_half_logits_have_a_loss(lab, rng):
    from scipy import special

    classes = 100_000
    halves_right(
        lab, np.zeros((1, classes), np.float16), np.array([7]), np.log(classes), slack=OF_A_SUM
    )
    expect.quiet(lab)
    logits, labels = draw_half(rng, 1, classes)
    picked = special.log_softmax(logits[0].astype(float))[labels]
    halves_right(lab, logits, labels, -picked[0], slack=OF_A_SUM)
    expect.quiet(lab)


@graded(
    function="half_precision_cross_entropy",
    category="stress",
    points=2,
    rule="Many classes of tiny probability count together",
    feedback="An exponential below 3e-8 is 0 in float16, and tens of thousands of them are not "
    "nothing. They count if they are float32 before they are summed.",
)
def test_many_tiny_half_probabilities_count(lab):
    for classes, low in ((60_000, -18.0), (30_000, -17.0)):
        logits = np.full((1, classes + 1), low, np.float16)
        logits[0, classes // 2] = 0
        wanted = math.log1p(classes * math.exp(low)) - low
        halves_right(lab, logits, np.array([3]), wanted, slack=OF_A_SUM)


@graded(
    function="half_precision_cross_entropy",
    category="stress",
    points=1,
    rule="The largest and smallest float16 logits and −inf are no problem, without a warning",
    feedback="65504 − (−65504) is infinite in float16. In float32 it is a number like any other.",
)
def test_the_largest_half_logits_stay_finite(lab):
    logits = np.array([[LARGEST_HALF, -LARGEST_HALF, 0.0], [1.0, -INF, 2.0]], np.float16)
    for labels in ([0, 2], [1, 0], [2, 2]):
        halves_right(lab, logits, np.array(labels))
        expect.quiet(lab)


@graded(
    function="half_precision_cross_entropy",
    category="stress",
    points=1,
    rule="Large V takes NumPy time, not a Python loop over the classes",
    feedback="One conversion, one exponential and one sum for the whole array.",
)
def test_the_half_loss_of_many_classes_takes_numpy_time(lab, rng):
    logits, labels = draw_half(rng, 2, 10_000)
    wanted = -log_softmax_of(logits.astype(float))[[0, 1], labels].mean()
    halves_right(lab, logits, labels, wanted, **THREE_DIGITS)
    call = functools.partial(lab.half_precision_cross_entropy, logits, labels)
    takes_numpy_time(lab, call, lambda: fsum_of_rows(logits.astype(float)))


@graded(
    function="half_precision_cross_entropy",
    category="bad input",
    points=2,
    rule="A label below 0, at or above V, or not an integer is a ValueError that names labels; so "
    "is another number of labels than of rows, and an empty batch",
    feedback="NumPy takes −1 for the last class and spreads a single label over all rows, both in "
    "silence. Check range, type and shape yourself.",
)
def test_the_half_loss_refuses_bad_labels(lab, rng):
    for bad in BAD_LABELS:
        labels = one_of_three(np.array([0, 1, 2]), bad)
        logits = draw(rng, (3, 3), dtype=np.float16)
        refuses(lab.half_precision_cross_entropy, logits, labels, naming=("labels", "label"))
    for rows, labels in ((3, [0, 1]), (2, [0, 1, 2]), (3, [1]), (0, [])):
        logits, labels = draw(rng, (rows, 3), dtype=np.float16), np.array(labels, int)
        naming = ("labels", "label", "logits")
        refuses(lab.half_precision_cross_entropy, logits, labels, naming=naming)


# ---------------------------------------------------------------------------- kl_divergence (17)


@fault(
    function="kl_divergence",
    category="stress",
    points=4,
    rule="An outcome with p = 0 contributes 0, whatever q is",
    feedback="log p is −∞ there, and 0·∞ is NaN. Where q is 0 as well, −∞ − (−∞) is NaN before "
    "anything is multiplied. Take both logarithms out where p is 0.",
)
def test_what_never_happens_contributes_nothing(lab, rng):
    an_outcome_that_never_happens(lab)
    for dtype in (np.float64, np.float32):
        log_p = draw_logs(rng, (3, 5), dtype=dtype, never=[(0, 1), (2, 0), (2, 4)])
        log_q = draw_logs(rng, (3, 5), dtype=dtype, never=[(2, 0)])
        diverges_right(lab, log_p, log_q, **ROUGHLY)


@graded(
    function="kl_divergence",
    category="contract",
    points=2,
    rule="It is Σ p (log p − log q), along any axis; the default is the last one",
    feedback="The weight is p, not q: the two directions give different numbers. Hand the axis to "
    "the sum. It is a sum, no mean.",
)
def test_the_divergence_is_the_weighed_difference_of_logarithms(lab, rng):
    for shape in (5, (3, 4), (2, 3, 4)):
        diverges_right(lab, draw_logs(rng, shape), draw_logs(rng, shape), **ROUGHLY)
    for axis in (0, 1, 2, -2):
        log_p, log_q = (draw_logs(rng, (3, 4, 5), axis=axis) for _ in range(2))
        diverges_right(lab, log_p, log_q, axis=axis, **ROUGHLY)


@graded(
    function="kl_divergence",
    category="contract",
    points=1,
    rule="The float type of the logarithms is kept; lists and integers are computed in float64",
    feedback="float32 in, float32 out. An array of float64 zeros or a cast on the way drags the "
    "answer along.",
)
def test_the_divergence_keeps_the_float_type(lab, rng):
    for dtype in (np.float64, np.float32):
        log_p = draw_logs(rng, (3, 4), dtype=dtype, never=[(1, 2)])
        diverges_right(lab, log_p, draw_logs(rng, (3, 4), dtype=dtype), expect.array, **ROUGHLY)
    log_p, log_q = draw_logs(rng, 4).tolist(), draw_logs(rng, 4).tolist()
    diverges_right(lab, log_p, log_q, expect.array, **ROUGHLY)
    diverges_right(lab, np.array([[0], [0]]), np.array([[0], [0]]), expect.array, **ROUGHLY)


@graded(
    function="kl_divergence",
    category="contract",
    points=1,
    rule="Neither argument is changed",
    feedback="log_p[log_p == -np.inf] = 0 writes into the caller's array. np.where makes a new "
    "one.",
)
def test_the_divergence_leaves_its_arguments_alone(lab, rng):
    log_p = draw_logs(rng, (2, 4), never=[(0, 1)])
    diverges_right(lab, log_p, draw_logs(rng, (2, 4)), **ROUGHLY)
    expect.untouched(lab)
    # What both rule out is part of the fault's own rule; here only the arrays count.
    lab.kl_divergence(log_p, draw_logs(rng, (2, 4), never=[(0, 1)]))
    expect.untouched(lab)


@graded(
    function="kl_divergence",
    category="property",
    points=1,
    rule="It is 0 between equal distributions and above 0 between others; the order of the "
    "outcomes does not matter",
    feedback="If it gets below 0, the weight and the difference do not belong together: p weighs "
    "log p − log q.",
)
def test_the_divergence_is_zero_only_between_equals(lab, rng):
    log_p, log_q = draw_logs(rng, 6), draw_logs(rng, 6)
    order = rng.permutation(6)
    value = diverges_right(lab, log_p, log_q, **ROUGHLY)
    moved = diverges_right(lab, log_p[order], log_q[order], **ROUGHLY)
    expect.close(moved, value, absolute=2e-6, relative=2e-6, what="the divergence, reordered")
    diverges_right(lab, log_p, log_p.copy())
    near = oracle.log_softmax(log_p + draw(rng, 6, 1e-2))
    if not diverges_right(lab, log_p, near) > 0:
        raise AssertionError("the divergence between different distributions is not above 0")


@graded(
    function="kl_divergence",
    category="reference",
    points=2,
    rule="It agrees with the exact value in all digits, in float64 and float32, for distributions "
    "far apart and almost equal",
    feedback="An epsilon inside a logarithm or beside a probability is an error of its own, and it "
    "is largest where p and q are close. So is a probability that is made, rounded, and turned "
    "back into a logarithm.",
)
def test_the_divergence_agrees_with_fifty_digits(lab, rng):
    for dtype in (np.float64, np.float32):
        for scale in (0.1, 1.0, 30.0):
            log_p = draw_logs(rng, (2, 6), scale, dtype)
            diverges_right(lab, log_p, draw_logs(rng, (2, 6), scale, dtype))
        near = oracle.log_softmax(log_p + draw(rng, log_p.shape, 1e-3)).astype(dtype)
        diverges_right(lab, log_p, near)


@graded(
    function="kl_divergence",
    category="stress",
    points=1,
    rule="q = 0 < p gives +inf, and only in its own slice, without a warning",
    feedback="This infinity is true: q rules out what happens. np.nan_to_num, a clipped logarithm "
    "or a mask over q turn it into a number that looks harmless.",
)
def test_what_q_rules_out_is_infinitely_far(lab):
    log_p = np.log([[0.5, 0.25, 0.25], [0.125, 0.375, 0.5]])
    log_q = np.array([[0.5, 0.0, 0.5], [0.25, 0.25, 0.5]])
    log_q = np.log(log_q, where=log_q > 0, out=np.full((2, 3), -INF))
    for dtype in (np.float64, np.float32):
        diverges_right(lab, log_p.astype(dtype), log_q.astype(dtype), **ROUGHLY)
        expect.quiet(lab)


@graded(
    function="kl_divergence",
    category="stress",
    points=1,
    rule="A p that is too small for a float is not 0: where q is 0 it gives +inf, elsewhere almost "
    "nothing; no warning",
    feedback="Its logarithm is finite, and that decides. exp(log_p) > 0 asks the rounded number, "
    "and 0·∞ is NaN once more.",
)
def test_a_tiny_p_is_not_zero(lab):
    for dtype, tiny in ((np.float64, -1000.0), (np.float32, -200.0)):
        log_p = np.array([[0.0, tiny], [tiny, 0.0]], dtype)
        diverges_right(lab, log_p, np.log([[0.75, 0.25], [0.5, 0.5]]).astype(dtype), **ROUGHLY)
        expect.quiet(lab)
        diverges_right(lab, log_p, np.array([[0.0, -INF], [-INF, 0.0]], dtype), **ROUGHLY)
        expect.quiet(lab)


@graded(
    function="kl_divergence",
    category="stress",
    points=1,
    rule="An outcome with p = 0 raises no warning either",
    feedback="np.where evaluates both of its branches, so −∞ − (−∞) inside of it has warned before "
    "it is thrown away. Replace the logarithms first, subtract then.",
)
def test_what_never_happens_raises_no_warning(lab):
    log_p = np.array([[0.0, -INF, -INF], [-INF, math.log(0.5), math.log(0.5)]])
    log_q = np.array([[math.log(0.5), math.log(0.5), -INF], [-INF, math.log(0.75), math.log(0.25)]])
    diverges_right(lab, log_p, np.log([[0.25, 0.25, 0.5]] * 2), **ROUGHLY)
    expect.quiet(lab)
    # What becomes of −∞ − (−∞) is part of the fault's own rule; here only the silence counts.
    lab.kl_divergence(log_p, log_q)
    expect.quiet(lab)


@graded(
    function="kl_divergence",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="Subtract, multiply and sum the whole arrays.",
)
def test_the_divergence_of_a_large_batch_takes_numpy_time(lab, rng):
    log_p, log_q = log_softmax_of(draw(rng, BATCH)), log_softmax_of(draw(rng, BATCH))
    value = expect.floats(lab.kl_divergence(log_p, log_q), BATCH[:1], np.float64)
    if not np.abs(value - (np.exp(log_p) * (log_p - log_q)).sum(axis=1)).max() < 1e-9:
        raise AssertionError("the divergence of the large batch is wrong")

    def one_row_at_a_time():
        for a, b in zip(log_p, log_q, strict=True):
            math.fsum(np.exp(a) * (a - b))

    call = functools.partial(lab.kl_divergence, log_p, log_q)
    takes_numpy_time(lab, call, one_row_at_a_time)


@graded(
    function="kl_divergence",
    category="bad input",
    points=1,
    rule="A value above 0 or NaN is a ValueError that names log_p or log_q",
    feedback="Probabilities and logits are the usual wrong arguments, and both have values above "
    "0. NaN compares false with everything: ask whether all values are at most 0.",
)
def test_what_is_no_log_probability_is_refused(lab, rng):
    for bad in (0.5, 3.0, NAN, INF):
        good, spoilt = draw_logs(rng, (2, 3)), draw_logs(rng, (2, 3))
        spoilt[1, 0] = bad
        refuses(lab.kl_divergence, spoilt, good, naming=("log_p",))
        refuses(lab.kl_divergence, good, spoilt, naming=("log_q",))


@graded(
    function="kl_divergence",
    category="bad input",
    points=1,
    rule="Shapes that can't be brought together are a ValueError that names log_p or log_q",
    feedback="NumPy's own message speaks of operands. Compare the shapes first, and say which "
    "argument is meant.",
)
def test_logarithms_that_do_not_fit_are_refused(lab, rng):
    for shape, other in ((3, 4), ((2, 3), (2, 4)), ((2, 3), (3, 3))):
        log_p, log_q = draw_logs(rng, shape), draw_logs(rng, other)
        refuses(lab.kl_divergence, log_p, log_q, naming=("log_p", "log_q"))


# ------------------------------------------------------------------------------ clipped_log (13)


@fault(
    function="clipped_log",
    category="bad input",
    points=4,
    rule="An eps that rounds to 0 in the type of p is a ValueError that names eps",
    feedback="eps is a number of Python, and those are float64. In the type of p it may be nothing "
    "at all: then there is no floor, and ln 0 is back. Convert eps, and look at what came out. "
    "Lifting it to some other floor in silence gives a loss that nobody asked for.",
)
def test_an_eps_that_rounds_to_zero_is_refused(lab, rng):
    a_floor_that_is_no_number(lab)
    for dtype, floors in (
        (np.float16, (1e-8, 2e-8, 1e-12, 2.0**-25)),
        (np.float32, (1e-46, 1e-100)),
    ):
        for eps in floors:
            p = rng.uniform(0.1, 1.0, size=4).astype(dtype)
            refuses(lab.clipped_log, p, eps, naming=("eps", "ε"))
            refuses(lab.clipped_log, p, np.float64(eps), naming=("eps", "ε"))


@graded(
    function="clipped_log",
    category="contract",
    points=2,
    rule="It is ln(max(p, eps)) in every element",
    feedback="A maximum, no sum: p + eps moves every value, and ln p is too high everywhere.",
)
def test_the_clipped_log_is_the_log_of_the_larger(lab, rng):
    for shape in (7, (3, 4), (2, 3, 2), ()):
        eps = float(rng.uniform(0.1, 0.4))
        clips_right(lab, rng.uniform(size=shape), eps, **ROUGHLY)
    clips_right(lab, np.array([0.0, 1.0, 0.25]), 0.25, **ROUGHLY)


@graded(
    function="clipped_log",
    category="contract",
    points=2,
    rule="The float type of p is kept, whatever type eps has; integers and lists are computed in "
    "float64",
    feedback="np.maximum of a float32 array and an np.float64 is a float64 array. Convert eps to "
    "the type of p first.",
)
def test_the_clipped_log_keeps_the_float_type(lab, rng):
    for dtype in (np.float16, np.float32, np.float64):
        p = np.append(rng.uniform(size=3), 0).astype(dtype)
        for eps in (2.0**-5, np.float64(2.0**-5), np.float32(2.0**-5)):
            clips_right(lab, p, eps, expect.array, **ROUGHLY)
    clips_right(lab, [0, 1, 1], 0.125, expect.array, **ROUGHLY)
    clips_right(lab, [[0.5, 0.0]], 0.125, expect.array, **ROUGHLY)


@graded(
    function="clipped_log",
    category="contract",
    points=1,
    rule="p is left as it was, and nothing warns",
    feedback="p[p < eps] = eps and out=p write into the caller's array. ln 0 warns even if it is "
    "replaced later.",
)
def test_the_clipped_log_is_quiet_and_leaves_p_alone(lab, rng):
    for dtype in (np.float64, np.float32):
        p = rng.permutation(np.array([0.0, 0.5, 1e-3, 1.0])).astype(dtype)
        clips_right(lab, p, 0.0625, **ROUGHLY)
        expect.untouched(lab)
        expect.quiet(lab)


@graded(
    function="clipped_log",
    category="reference",
    points=1,
    rule="It agrees with the exact value in all digits, in float64, float32 and float16",
    feedback="Above the floor it is ln p itself. An epsilon that is added costs digits exactly "
    "where p is small.",
)
def test_the_clipped_log_agrees_with_fifty_digits(lab, rng):
    for dtype, eps in ((np.float64, 1e-12), (np.float64, 1e-300), (np.float32, 1e-8)):
        p = (10.0 ** rng.uniform(-14, 0, size=6)).astype(dtype)
        clips_right(lab, p, eps)
    clips_right(lab, (10.0 ** rng.uniform(-3, 0, size=6)).astype(np.float16), 2.0**-8)


@graded(
    function="clipped_log",
    category="stress",
    points=1,
    rule="The smallest numbers of each type are floors too, the subnormal ones",
    feedback="np.finfo(dtype).tiny is the smallest normal number. Below it there are more, down to "
    "smallest_subnormal. Refuse what is 0, and nothing else.",
)
def test_a_subnormal_floor_is_a_floor(lab):
    for dtype, smallest in ((np.float16, 2.0**-24), (np.float32, 2.0**-149), (np.float64, 5e-324)):
        for eps in (smallest, 8 * smallest):
            clips_right(lab, np.array([0.0, 0.5, 1.0], dtype), eps)
            expect.quiet(lab)
    # 1e-7 becomes two steps of 2^-24; whoever takes the logarithm first says 0.2 less.
    value = lab.clipped_log(np.array([0.0, 1.0], np.float16), 1e-7)
    value = expect.floats(value, (2,), np.float16, "the logarithm").astype(np.float32)
    expect.close(value, [math.log(2.0**-23), 0.0], relative=0.02, what="the logarithm")


@graded(
    function="clipped_log",
    category="stress",
    points=1,
    rule="A NaN in p stays NaN, without a warning",
    feedback="np.fmax and np.where(p > eps, p, eps) turn NaN into the floor, and a broken model "
    "looks merely bad. np.maximum hands NaN on.",
)
def test_a_floor_does_not_hide_nan(lab):
    for dtype in (np.float64, np.float32):
        clips_right(lab, np.array([NAN, 0.5, 0.0], dtype), 0.125, **ROUGHLY)
        expect.quiet(lab)


@graded(
    function="clipped_log",
    category="bad input",
    points=1,
    rule="An eps that is 0, negative or NaN is a ValueError that names eps",
    feedback="There is no floor in any of them. NaN compares false with everything: ask whether "
    "eps is above 0, and raise if not.",
)
def test_an_eps_that_is_no_floor_is_refused(lab, rng):
    for dtype in (np.float64, np.float32):
        p = rng.uniform(0.1, 1.0, size=4).astype(dtype)
        for eps in (0.0, 0, -1e-3, NAN):
            refuses(lab.clipped_log, p, eps, naming=("eps", "ε"))
