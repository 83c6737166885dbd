"""The widget: Python computes a scene, the browser draws it."""

import json
import os
import weakref
from pathlib import Path

import anywidget
import traitlets

from lnnn.messages import _

from . import recording
from .scene import Panel, Scene
from .sliders import Choice, Slider, starting_values
from .words import listed, of_the_page

_STATIC = Path(__file__).parent / "static"


class Explorable(anywidget.AnyWidget):
    """Sliders and a picture that follows them, drawn from what a pure function returns.

    scene: called with ``{name: value, …}`` for all controls, returns a ``Scene``. What it raises is
    shown as a message in place of the picture.
    sliders: ``Slider`` and ``Choice`` objects, in reading order. Each becomes a trait of its name,
    so ``widget.temperature = 0.5``, ``observe`` and ``link`` work; ``widget.value`` holds them all,
    as ``interactive_output(show, {"values": widget})`` wants it.

    With no kernel a notebook shows the picture at its starting values; after ``record()`` its
    sliders move too, one at a time. The environment variable ``LNNN_RECORD=1`` makes every
    explorable record itself when it is displayed.
    """

    value = traitlets.Dict(read_only=True, help="The values of all controls, by name.")
    _esm = _STATIC / "explorable.js"
    _words = traitlets.Dict().tag(sync=True)
    _controls = traitlets.List().tag(sync=True)
    _scene = traitlets.Dict().tag(sync=True)
    _recording = traitlets.Unicode().tag(sync=True)

    def __init__(self, scene, sliders):
        sliders = tuple(sliders)
        if not callable(scene):
            text = _("scene is a function of a dict of values, not {scene!r}")
            raise TypeError(text.format(scene=scene))
        if not sliders:
            raise ValueError(_("sliders: give at least one Slider or Choice"))
        for slider in sliders:
            if not isinstance(slider, (Slider, Choice)):
                text = _("sliders: {slider!r} is neither a Slider nor a Choice")
                raise TypeError(text.format(slider=slider))
            if hasattr(type(self), slider.name):
                text = _(
                    "sliders: every widget already has something named {name!r}; "
                    "choose another name"
                )
                raise ValueError(text.format(name=slider.name))
        names = [slider.name for slider in sliders]
        if len(set(names)) != len(names):
            text = _("sliders: two have the same name: {names}")
            raise ValueError(text.format(names=names))
        self._function = scene
        self._sliders = sliders
        self._drawn = None
        self._current = None
        self.add_traits(**{slider.name: _trait(slider) for slider in sliders})
        super().__init__(
            _words=of_the_page(),
            _controls=[slider.to_dict() for slider in sliders],
            _scene=self._draw(self.values),
        )
        self.set_trait("value", self.values)
        # A weak reference: else the widget and its own observer keep each other alive.
        this = weakref.ref(self)
        self.observe(lambda change: this() is not None and this()._follow(), names=names)

    @property
    def values(self) -> dict:
        """The value of every control now, in order."""
        return {slider.name: getattr(self, slider.name) for slider in self._sliders}

    @property
    def scene(self) -> Scene:
        """The scene on display."""
        return self._current

    def reset(self):
        """Put every control back to its start."""
        with self.hold_trait_notifications():
            for name, value in starting_values(self._sliders).items():
                self.set_trait(name, value)

    def record(self):
        """Compute the scenes a reader without a kernel can reach; returns the widget itself."""
        recorded = recording.record(self._scene_at, self._sliders)
        # One line of text: as nested data it would fill a notebook file with thousands of lines.
        self._recording = json.dumps(recorded, ensure_ascii=False, separators=(",", ":"))
        return self

    def _follow(self):
        # After one message that set many values this runs once a value; the first has drawn it all.
        values = self.values
        if values != self._drawn:
            self._scene = self._draw(values)
            self.set_trait("value", values)

    def _draw(self, values) -> dict:
        self._drawn = values
        self._current = self._scene_at(values)
        return {**self._current.to_dict(), "values": values}

    def _scene_at(self, values) -> Scene:
        try:
            scene = self._function(dict(values))
            if not isinstance(scene, Scene):
                text = _("the scene function returned {type}, not a Scene")
                raise TypeError(text.format(type=type(scene).__name__))
            scene.to_dict()
        except Exception as error:  # noqa: BLE001 - a reader's own scene: its error is the picture
            kind = type(error).__name__
            return Scene(
                finding=_("No picture: the scene function failed"),
                panels=[Panel.message(kind, f"{kind}: {error}", wide=True)],
            )
        return scene

    def _repr_mimebundle_(self, **kwargs):
        # matplotlib takes half a second to import; moving a slider never needs it.
        from . import figure

        if os.environ.get("LNNN_RECORD") == "1" and not self._recording:
            self.record()
        data, metadata = super()._repr_mimebundle_(**kwargs)
        settings = listed(
            _("{control} = {value}").format(control=s.title, value=s.text(self.values[s.name]))
            for s in self._sliders
        )
        settings = _("At {settings}.").format(settings=settings)
        words = f"{self._current.in_words()}\n{settings}"
        data["text/plain"] = words
        data["image/png"], metadata["image/png"] = figure.png(self._current, settings)
        metadata["image/png"]["alt"] = words
        return data, metadata


def _trait(slider):
    if isinstance(slider, Choice):
        return traitlets.Enum(slider.options, default_value=slider.first).tag(sync=True)
    number = traitlets.CInt if slider.integer else traitlets.CFloat
    low, high = slider.grid()[0], slider.grid()[-1]
    return number(slider.start, min=low, max=high).tag(sync=True)
