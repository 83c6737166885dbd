"""Sources to notebooks.

``python -m lnnn.build`` reads ``source/course/*.md`` and ``source/labs/*.md`` and writes
``course/``, ``labs/``, ``solutions/``, ``tests/hidden/release/`` and ``notebooks.lock``.

    source     reads one MyST file into cells with roles and line numbers
    solutions  takes the solution out of an answer cell
    notebook   assembles the notebook: ids, metadata, set-up cell
    execute    runs it in a fresh kernel of this interpreter, a traced_kernel
    inputs     what it was made from, and whether that is still so
    outputs    makes the outputs the same on every run and refuses what can't be
    widgets    the same for the state of widgets
    leaks      finds solutions in what students get
    project    which file is built from which source, builds, compares
"""

from lnnn.build.errors import BuildError

__all__ = ["BuildError"]
