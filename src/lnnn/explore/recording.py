"""Scenes computed ahead, so that sliders move where no kernel runs.

Each slider is swept alone from the starting values. A scene differs little from the first one, so
only the difference is kept: a *patch*. ``patch(a, b)`` and ``apply(a, patch)`` belong together; the
widget's JavaScript has the same ``apply``.
"""

from .sliders import starting_values

_SAME = object()


def record(scene_at, sliders) -> dict:
    """``{"start": scene, "sweeps": {name: {"at": grid positions, "patches": […]}}}``."""
    start_values = starting_values(sliders)
    start = {**scene_at(start_values).to_dict(), "values": start_values}
    sweeps = {}
    for slider in sliders:
        grid, positions = slider.grid(), slider.recorded()
        patches = []
        for position in positions:
            values = {**start_values, slider.name: grid[position]}
            patches.append(patch(start, {**scene_at(values).to_dict(), "values": values}))
        sweeps[slider.name] = {"at": positions, "patches": patches}
    return {"start": start, "sweeps": sweeps}


def patch(old, new):
    """What turns plain data ``old`` into ``new``; ``{}`` when they are equal.

    A dict of patches by key, or by index as text, goes into a dict of the same keys or a list of
    the same length. A plain value replaces; a dict or list that replaces stands in ``{"=": …}``.
    """
    difference = _difference(old, new)
    return {} if difference is _SAME else difference


def _difference(old, new):
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        inner = {key: _difference(old[key], new[key]) for key in old}
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        inner = {str(i): _difference(a, b) for i, (a, b) in pairs}
    elif old == new and type(old) is type(new):
        return _SAME
    else:
        return {"=": new} if isinstance(new, (dict, list)) else new
    inner = {key: value for key, value in inner.items() if value is not _SAME}
    return inner or _SAME


def apply(old, change):
    """``old`` with ``change`` applied; ``old`` itself stays as it is."""
    if not isinstance(change, dict):
        return change
    if "=" in change:
        return change["="]
    if isinstance(old, list):
        kept = {str(i): item for i, item in enumerate(old)}
        return list(apply(kept, change).values())
    return {k: apply(v, change[k]) if k in change else v for k, v in old.items()}
