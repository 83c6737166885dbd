"""Widget state that is the same on every run: models named after their cells, orphans out."""

import json
import re

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"

_REFERENCE = re.compile(r"IPY_MODEL_([0-9A-Za-z-]+)")
# The sixty traits of a layout fit into one line.
_WIDTH = 1200
_PLACE = "the widget models of this notebook"


def models_of(notebook) -> dict:
    """The widget models stored in a notebook (a NotebookNode or dict), by id."""
    return notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})


def normalise(notebook) -> None:
    """Rename the widget models of an executed notebook and drop those no output leads to.

    The first model that the cell ``explore-shift`` shows becomes ``explore-shift_1``; the models it
    refers to are ``explore-shift_1_1``, ``explore-shift_1_2``, in the order of its keys. A model
    shown twice keeps the name of the first cell. So a new cell changes the names of no other, and
    as no cell id has an underscore, no two are alike. Changes ``notebook`` in place.
    """
    models = models_of(notebook)
    shown = [
        (cell.id, output["data"][VIEW])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if VIEW in output.get("data", {})
    ]
    if not models or not shown:
        notebook.metadata.pop("widgets", None)
        return
    names: dict[str, str] = {}
    count: dict[str, int] = {}
    for parent, model_id in [(cell_id, view["model_id"]) for cell_id, view in shown]:
        _name(names, count, parent, model_id)
    order = list(names)
    for model_id in order:  # grows while it is read: what a model refers to comes after it
        text = json.dumps(models.get(model_id, {}), sort_keys=True)
        for reference in _REFERENCE.findall(text):
            if _name(names, count, names[model_id], reference):
                order.append(reference)
    for _, view in shown:
        view["model_id"] = names[view["model_id"]]
    stored = notebook.metadata["widgets"][STATE]
    stored["state"] = {names[m]: _renamed(models[m], names) for m in order if m in models}


def fold(text: str) -> str:
    """The text of a notebook with the widget models in few lines: a change in one is a small diff.

    Whatever fits into a line has one: a layout, a control, a panel.
    """
    notebook = json.loads(text)
    models = models_of(notebook)
    if not models:
        return text
    notebook["metadata"]["widgets"][STATE]["state"] = _PLACE
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    return text.replace(f'"{_PLACE}"', _folded(models, 4))


def _folded(value, indent: int) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if len(text) <= _WIDTH or not isinstance(value, dict | list):
        return text
    if isinstance(value, list):
        members, ends = [_folded(member, indent + 1) for member in value], "[]"
    else:
        pairs = sorted(value.items())
        members, ends = [f"{json.dumps(k)}: {_folded(v, indent + 1)}" for k, v in pairs], "{}"
    line = "\n" + " " * indent
    return ends[0] + ",".join(f"{line} {member}" for member in members) + line + ends[1]


def _name(names: dict[str, str], count: dict[str, int], parent: str, model_id: str) -> bool:
    """Name a model after what shows it. False when it has a name already."""
    if model_id in names:
        return False
    count[parent] = count.get(parent, 0) + 1
    names[model_id] = f"{parent}_{count[parent]}"
    return True


def _renamed(model: dict, names: dict[str, str]) -> dict:
    text = json.dumps(model, sort_keys=True)
    text = _REFERENCE.sub(lambda match: "IPY_MODEL_" + names[match[1]], text)
    renamed = json.loads(text)
    if "buffers" in renamed:
        renamed["buffers"].sort(key=lambda buffer: buffer["path"])
    return renamed
