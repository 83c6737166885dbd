"""Explorables: sliders and a picture that follows them.

Each page of the course has a module of its own here, loaded when it is first asked for. Its
explorables, such as ``side_by_side``, take the functions under study; each shows what its pure
scene function, ``side_by_side_scene``, makes of the functions and the slider values. ``Explorable``
is what they are built from: a function of the slider values that returns a ``Scene``, and sliders.
"""

import importlib

_PARTS = {
    "scene": ("Axis", "Band", "Bar", "Line", "Mark", "Panel", "Readout", "Row", "Scene"),
    "status": ("Status",),
    "sliders": ("Choice", "Slider", "logit_sliders", "logits_of", "temperature_slider"),
    "widget": ("Explorable",),
}
_PAGES = {  # in the order of the course
    "start_here": ("first_look",),
    "ln_basics": ("product_and_sum", "surprisal", "tangent"),
    "overflow_underflow": ("exp_number_line", "four_dtypes"),
    "logsumexp": ("choose_shift", "online_pass", "smooth_max"),
    "log_softmax": ("shift", "side_by_side"),
    "cross_entropy": ("confidently_wrong", "loss_surface", "p_minus_onehot"),
    "label_smoothing": ("reliability", "smoothing"),
    "pitfalls": ("bug_hunt", "entropy_and_divergence", "epsilon_cap"),
    "training_monitor": ("ranks", "score_sequence", "scrub"),
    "claims": ("cap_and_flag", "recovery", "who_underflows"),
}
_MODULE_OF = {name: module for module, names in (_PARTS | _PAGES).items() for name in names}

EXPLORABLES = tuple(name for names in _PAGES.values() for name in names)
__all__ = sorted([*_MODULE_OF, "EXPLORABLES"])


def __getattr__(name):
    if name in _MODULE_OF:
        return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
