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
    everything: Annotated[
        bool, typer.Option("--all", help="Run the notebooks whose inputs did not change, too.")
    ] = False,
    root: Annotated[
        Path | None,
        typer.Option(help="The folder that holds source/. Default: the checkout of this package."),
    ] = None,
) -> None:
    """Build course/, labs/, solutions/ and tests/hidden/release/ from source/.

    Runs the notebooks that are out of date. With --check it runs none; with --check and --all it
    runs every one and compares each byte.
    """
    # Loaded here, so that an install without the extra can say so.
    from lnnn.build import project
    from lnnn.build.errors import BuildError

    root = root or project.ROOT
    try:
        if not project.source_files(root):
            raise BuildError(
                f"no sources in source/course or source/labs of {root}. Write one first."
            )
        changes = project.out_of_date(root, names or ())
        written = []
        if everything or not check:
            sources = project.find_sources(root, names or ())
            built = project.build(sources, root, only=None if everything else changes)
            written = project.differing(built, root) if check else project.write(built, root)
        orphans = project.orphans(root)
    except BuildError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if check:
        said = dict.fromkeys(written, "another run gives other bytes") | changes
        lines = [f"{path} is out of date: {change}." for path, change in said.items()]
    else:
        lines = [f"{path}: written" for path in written]
    for line in lines:
        typer.echo(line)
    for path in orphans:
        typer.echo(f"{path}: no source. Remove it, or bring its source back.", err=True)
    if check and lines:
        typer.echo("Run `make notebooks` and commit what it writes.", err=True)
    if orphans or (check and lines):
        raise typer.Exit(1)
    if not lines:
        typer.echo("All that is built is up to date.")


if __name__ == "__main__":
    app()
