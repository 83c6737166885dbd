"""Widget state that is the same on every run: model ids in order of appearance, orphans out."""

import json
import re

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"

_REFERENCE = re.compile(r"IPY_MODEL_([0-9A-Za-z-]+)")


def normalise(notebook) -> None:
    """Rename the widget models of an executed notebook and drop those no output leads to.

    The first model shown becomes ``<name>-widget-01``, and so on; models it refers to follow it in
    the order of their keys. Changes ``notebook`` in place.
    """
    stored = notebook.metadata.get("widgets", {}).get(STATE)
    views = [
        output["data"][VIEW]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if VIEW in output.get("data", {})
    ]
    if stored is None or not views:
        notebook.metadata.pop("widgets", None)
        return
    models = stored["state"]
    order = list(dict.fromkeys(view["model_id"] for view in views))
    for model_id in order:  # grows while it is read: what a model refers to comes after it
        text = json.dumps(models.get(model_id, {}), sort_keys=True)
        order += [m for m in dict.fromkeys(_REFERENCE.findall(text)) if m not in order]
    prefix = notebook.metadata["lnnn"]["name"].replace("_", "-")
    names = {m: f"{prefix}-widget-{i:02}" for i, m in enumerate(order, 1)}
    for view in views:
        view["model_id"] = names[view["model_id"]]
    stored["state"] = {names[m]: _renamed(models[m], names) for m in order if m in models}


def _renamed(model: dict, names: dict[str, str]) -> dict:
    text = json.dumps(model, sort_keys=True)
    text = _REFERENCE.sub(lambda match: "IPY_MODEL_" + names[match[1]], text)
    renamed = json.loads(text)
    if "buffers" in renamed:
        renamed["buffers"].sort(key=lambda buffer: buffer["path"])
    return renamed
