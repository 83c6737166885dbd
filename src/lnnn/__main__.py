"""``python -m lnnn``: the same as the command ``lnnn``."""

from lnnn.cli import app

if __name__ == "__main__":
    app(prog_name="lnnn")
