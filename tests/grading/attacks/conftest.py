"""The jail an attack is tried in."""

import pytest

from .walls import REPOSITORY, WALLS, make_jail


@pytest.fixture(params=WALLS, scope="module")
def jail(request):
    """A jail behind each wall that keeps attackers out, with small limits."""
    with make_jail(request.param, hidden=[REPOSITORY / "tests"]) as made:
        made.warm()
        yield made


@pytest.fixture
def session(jail):
    """A fresh session in that jail."""
    with jail.open() as opened:
        yield opened
