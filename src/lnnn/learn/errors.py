"""What a learner is told when something is called the wrong way."""


class LearnError(ValueError):
    """A call the course can't answer. The text names the thing, the rule and the next step.

    A notebook shows the text alone: the frames of this package would only hide it.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for this before it prints a traceback.
        return [str(self)]
