"""``lnnn new-lab``: the six files of a lab, as templates to fill in.

What is to be written says TODO; ``lnnn check-course`` names every place that still does.
"""

import keyword
import re
from pathlib import Path

import jinja2

from lnnn.build.errors import BuildError

# Template -> where it goes.
FILES = {
    "source.md.j2": "source/labs/{name}.md",
    "rules.py.j2": "src/lnnn/labs/{name}/rules.py",
    "hints.toml.j2": "src/lnnn/labs/{name}/hints.toml",
    "quiz.toml.j2": "src/lnnn/labs/{name}/quiz.toml",
    "suite.py.j2": "tests/hidden/test_{name}.py",
    "bank.py.j2": "tests/grading/banks/{name}.py",
}
POINTS = 100


def write_templates(root: Path, name: str, functions: list[str]) -> list[Path]:
    """Write the files of the lab ``name``, which asks for ``functions``; their paths from ``root``.

    Raises BuildError for a name that is none, for a function that another lab asks for, and where a
    file is there already; nothing is written then.
    """
    if re.fullmatch(r"lab\d\d_[a-z0-9_]+", name) is None:
        raise BuildError(f"{name}: a lab is called like lab10_topic: two digits, small letters.")
    for function in functions:
        if not function.isidentifier() or keyword.iskeyword(function):
            raise BuildError(f"{function}: not the name of a Python function.")
    if len(set(functions)) != len(functions):
        raise BuildError(f"{', '.join(functions)}: each function is asked for once.")
    paths = {template: Path(place.format(name=name)) for template, place in FILES.items()}
    if there := [str(path) for path in paths.values() if (root / path).exists()]:
        raise BuildError(f"{there[0]} is there already. Take another name, or edit that lab.")
    number, _between, topic = name.removeprefix("lab").partition("_")
    if others := [path.stem for path in (root / "source/labs").glob(f"lab{number}_*.md")]:
        raise BuildError(f"lab{number} is {others[0]} already. Take another number.")
    # Every function is worth the same, but for what does not divide.
    points = [POINTS // len(functions)] * len(functions)
    points[0] += POINTS - sum(points)
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    for template, path in paths.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        text = templates.get_template(template).render(
            name=name,
            number=number,
            title=topic.replace("_", " ").capitalize(),
            functions=list(zip(functions, points, strict=True)),
        )
        (root / path).write_text(text, encoding="utf-8")
    return list(paths.values())
