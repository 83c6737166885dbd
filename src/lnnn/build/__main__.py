"""``python -m lnnn.build [--check] [names…]``: build the notebooks from their sources."""

from pathlib import Path
from typing import Annotated

import typer

from lnnn.cli import Command

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(cls=Command)
def main(
    names: Annotated[
        list[str] | None, typer.Argument(help="Sources to build, such as 04_log_softmax.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; say which built file is out of date.")
    ] = False,
    root: Annotated[
        Path | None,
        typer.Option(help="The folder that holds source/. Default: the checkout of this package."),
    ] = None,
) -> None:
    """Build course/, labs/, solutions/ and tests/hidden/release/ from source/."""
    # Loaded here, so that an install without the extra can say so.
    from lnnn.build import project
    from lnnn.build.errors import BuildError

    root = project.ROOT if root is None else root
    try:
        sources = project.find_sources(root, names or ())
        if not sources:
            raise BuildError(
                f"no sources in source/course or source/labs of {root}. Write one first."
            )
        built = project.build(sources, root)
        changed = project.differing(built, root) if check else project.write(built, root)
        orphans = project.orphans(root)
    except BuildError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for path in changed:
        typer.echo(f"{path}: {'differs from its source' if check else 'written'}")
    for path in orphans:
        typer.echo(f"{path}: no source. Remove it, or bring its source back.", err=True)
    if check and changed:
        typer.echo("Run `make notebooks` and commit what it writes.", err=True)
    if orphans or (check and changed):
        raise typer.Exit(1)
    if not changed:
        typer.echo(f"{len(built)} files are up to date.")


if __name__ == "__main__":
    app()
