"""The widget from Python: traits, recordings, what it leaves in a notebook without a kernel."""

import base64
import io
import json

import ipywidgets
import numpy as np
import pytest
import traitlets
from examples import log_softmax
from matplotlib.image import imread

from lnnn import explore
from lnnn.explore import figure, recording


def scene(values):
    p = values["p"]
    axis = explore.Axis("log-probability (nats)", -5, 0)
    return explore.Scene(
        f"ln {p:.2g} = {np.log(p):.3f}",
        [explore.Panel.bars("p", axis, [explore.Bar("p", np.log(p))])],
    )


def slider(name):
    return explore.Slider(name, 0, 0, 1)


def example(function=scene, **options):
    sliders = [
        explore.Slider("p", 0.5, 0.01, 1, scale="log"),
        explore.Slider("count", 3, 1, 9, step=1, integer=True),
        explore.Choice("base", ("e", "2")),
    ]
    return explore.Explorable(function, sliders, **options)


def test_every_control_is_a_synced_trait_that_starts_where_it_should():
    w = example()
    assert w.values == {"p": 0.5, "count": 3, "base": "e"}
    for name in w.values:
        assert w.has_trait(name)
        assert name in w.keys


def test_setting_a_value_in_python_draws_a_new_scene():
    w = example()
    w.p = 0.25
    assert w.scene.finding == "ln 0.25 = -1.386"
    assert w._scene["finding"] == w.scene.finding
    assert w._scene["values"]["p"] == 0.25


def test_values_out_of_range_or_unknown_are_refused_by_name():
    w = example()
    with pytest.raises(traitlets.TraitError, match="p"):
        w.p = 2
    with pytest.raises(traitlets.TraitError, match="base"):
        w.base = "10"
    assert w.values == {"p": 0.5, "count": 3, "base": "e"}


def test_observe_and_link_work_as_with_any_widget():
    w, other = example(), ipywidgets.FloatSlider(value=0.5, min=0, max=1)
    heard = []
    w.observe(lambda change: heard.append(change["new"]), "p")
    ipywidgets.link((w, "p"), (other, "value"))
    other.value = 0.125
    assert heard == [0.125]
    assert w.scene.finding.startswith("ln 0.12")


def test_interactive_output_gets_all_values():
    w, calls = example(), []
    ipywidgets.interactive_output(lambda values: calls.append(values["p"]), {"values": w})
    w.p = 0.25
    assert calls == [0.5, 0.25]


def test_a_message_with_many_values_computes_one_scene():
    calls = []

    def counted(values):
        calls.append(dict(values))
        return scene(values)

    w = example(counted)
    calls.clear()
    w.set_state({"p": 0.1, "count": 7, "base": "2"})
    assert calls == [{"p": 0.1, "count": 7, "base": "2"}]
    w.reset()
    assert calls[1:] == [{"p": 0.5, "count": 3, "base": "e"}]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda values: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda values: None, "returned NoneType, not a Scene"),
        (lambda values: explore.Scene("f", [3]), "AttributeError"),
    ],
)
def test_a_scene_function_that_fails_is_a_message_and_the_sliders_go_on(function, says):
    w = example(function)
    w.p = 0.1
    (panel,) = w.scene.panels
    assert says in panel.error
    assert w._scene["values"]["p"] == 0.1


@pytest.mark.parametrize(
    ("build", "error", "says"),
    [
        (lambda: explore.Explorable(scene, []), ValueError, "at least one"),
        (lambda: explore.Explorable(3, [slider("p")]), TypeError, "not 3"),
        (lambda: explore.Explorable(scene, ["p"]), TypeError, "'p'"),
        (lambda: explore.Explorable(scene, [slider("layout")]), ValueError, "layout"),
        (lambda: explore.Explorable(scene, [slider("p")] * 2), ValueError, "same name"),
    ],
)
def test_bad_input_is_named_with_its_rule(build, error, says):
    with pytest.raises(error, match=r".") as caught:
        build()
    assert says in str(caught.value)


def test_a_recording_holds_the_scenes_of_each_control_swept_alone():
    w = explore.side_by_side(log_softmax)
    assert w._recording == ""
    recorded = json.loads(w.record()._recording)
    assert set(recorded["sweeps"]) == set(w.values)
    start = recorded["start"]
    for control in w._controls:
        sweep = recorded["sweeps"][control["name"]]
        for position, change in zip(sweep["at"], sweep["patches"], strict=True):
            w.reset()
            setattr(w, control["name"], control["grid"][position])
            assert recording.apply(start, change) == json.loads(json.dumps(w._scene))


def test_a_recording_is_small_and_the_same_every_time():
    texts = [explore.side_by_side(log_softmax, log_softmax).record()._recording for _ in range(2)]
    assert texts[0] == texts[1]
    assert len(texts[0]) < 150_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]}),
        ({"a": 1}, {"a": None}),
        ({"a": [1]}, {"a": [1, 2]}),
        ({"a": {"b": 1}}, {"a": {"c": 1}}),
        ({"a": 1.0}, {"a": True}),
        ({"a": None}, {"a": {"=": 1}}),
        ([1, [2, 3]], [1, [2, 4]]),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_a_patch_turns_the_old_into_the_new(old, new):
    before = json.dumps(old)
    change = json.loads(json.dumps(recording.patch(old, new)))
    assert recording.apply(old, change) == new
    assert json.dumps(old) == before


def test_a_display_carries_the_widget_a_picture_and_words():
    w = explore.side_by_side(log_softmax, offset=100.0)
    data, metadata = w._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == w.model_id
    assert data["text/plain"].startswith(w.scene.finding)
    assert "temperature T = 1" in data["text/plain"]
    assert metadata["image/png"]["alt"] == data["text/plain"]
    assert imread(io.BytesIO(base64.b64decode(data["image/png"]))).shape[1] > 1000
    assert len(data["image/png"]) < 100_000


def test_displaying_records_only_when_asked_by_the_environment(monkeypatch):
    w = explore.shift(log_softmax)
    monkeypatch.delenv("LNNN_RECORD", raising=False)
    w._repr_mimebundle_()
    assert w._recording == ""
    monkeypatch.setenv("LNNN_RECORD", "1")
    w._repr_mimebundle_()
    assert w._recording != ""


def picture(scene_shown):
    text, _ = figure.png(scene_shown)
    pixels = imread(io.BytesIO(base64.b64decode(text)))[..., :3]  # from 0 to 1
    return (255 * pixels).round().astype(int)


def test_the_same_scene_gives_the_same_bytes():
    first = figure.png(explore.side_by_side(log_softmax).scene)
    assert figure.png(explore.side_by_side(log_softmax).scene) == first


def blue(image):
    """How many pixels are of the colour of bars."""
    return int((np.abs(image - [0x00, 0x72, 0xB2]).sum(axis=-1) < 12).sum())


def test_the_picture_shows_the_values():
    def bars(*values):
        axis = explore.Axis("v", -4, 0)
        shown = [explore.Bar(str(k), v) for k, v in enumerate(values)]
        return explore.Scene("f", [explore.Panel.bars("p", axis, shown)])

    one, two, none = (blue(picture(bars(*v))) for v in ([-1, -1], [-2, -2], [np.nan, np.nan]))
    key = none  # the key has one ordinary mark; no value, no bar
    assert (two - key) == pytest.approx(2 * (one - key), rel=0.05)
    assert one > 20 * key


def test_every_kind_of_panel_has_a_picture():
    scene_shown = explore.Scene(
        "All kinds",
        [
            explore.Panel.lines(
                "Lines",
                explore.Axis("x", 0.1, 10, "log"),
                explore.Axis("y (nats)", 0, 1),
                [
                    explore.Line("a", [0.1, 1, 10], [0, np.nan, 1]),
                    explore.Line("b", [0.1, 10], [1, 0]),
                ],
                marks=[explore.Mark(1, "m", y=0.5)],
                bands=[explore.Band(0.1, 1, "band", explore.Status.UNDERFLOW)],
            ),
            explore.Panel.number_line(
                "Marks",
                explore.Axis("x", 0, 1, apart="NaN"),
                [explore.Row("r", "words")],
                [explore.Mark(0.5, "half", row="r"), explore.Mark(np.nan, row="r")],
                bands=[explore.Band(0, 0.2, "low")],
            ),
            explore.Panel.message("Broken", "it raised " * 20),
        ],
    )
    image = picture(scene_shown)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 20
