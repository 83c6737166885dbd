"""What the inside of the jail tells in data, in words. ``inside`` itself speaks no language."""

from lnnn.messages import _
from lnnn.observe import Raised
from lnnn.suite.lab import missing

from .inside import frames


def silence(kind: str, name: str, seconds: float, in_all: bool) -> str:
    """That no reply came within ``seconds``, of the request or ``in_all`` of the session's time.

    ``kind`` is that of the request, ``name`` that of the cell or the function it is about.
    """
    if in_all:
        texts = {
            "cell": _("{name} did not finish before the {seconds:g} s for all of it were used up."),
            "call": _("{name} did not answer before the {seconds:g} s for all of it were used up."),
        }
        other = _("There was no answer before the {seconds:g} s for all of it were used up.")
    else:
        texts = {
            "cell": _("{name} did not finish within {seconds:g} s."),
            "call": _("{name} did not answer within {seconds:g} s."),
        }
        other = _("There was no answer within {seconds:g} s.")
    return texts.get(kind, other).format(name=name, seconds=seconds)


def finding(key: str, name: str) -> str:
    """What does not hold in the jail, as a sentence: see ``inside.probe.findings``."""
    texts = {
        "exists": _("{name} exists inside."),
        "readable": _("{name} can be read from inside."),
        "importable": _("The module {name} can be imported."),
        "not importable": _("The module {name} of the standard library can't be imported."),
        "root": _("The session runs as root."),
        "capabilities": _("The session holds capabilities."),
        "group": _("The session shares its process group."),
        "no limit": _("{name} is not set."),
        "writes files": _("The session can write files."),
        "signals": _("The session can signal the zygote."),
        "execv": _("The session can start a program."),
        "socket": _("The session can open a socket."),
        "unshare": _("The session can enter a namespace."),
        "ptrace": _("The session can trace a process."),
        "fork": _("The session can start a process."),
        "pid namespace": _("The session is not in a pid namespace of its own."),
        "processes": _("The session sees processes."),
        "writable": _("The session can write to {name}."),
        "visible": _("The session sees {name}."),
        "network": _("The jail sees the network interfaces {name}."),
    }
    return texts[key].format(name=name)


def raised(told: Raised) -> Raised:
    """What a call raised, the inside's own reports in words."""
    if told.classes[0] == "MissingFunction":
        return Raised(told.classes, missing(told.message).message)
    if told.classes[0] == frames.REFUSED:
        return Raised(("TypeError", "Exception"), _refusal(*told.classes[1:]))
    return told


def _refusal(key: str = "", *names: str) -> str:
    """Why an answer could not be sent: see ``frames.Unsendable``. The text of a TypeError."""
    one, limit = (*names, "", "")[:2]
    if key == "too large":
        return _("returned {size} MB; the limit is {limit} MB").format(size=one, limit=limit)
    kinds = {
        "type": _("an object of type {name}"),
        "key": _("a dict with a key of type {name}"),
        "dtype": _("an array of dtype {name}"),
        "scalar dtype": _("a NumPy scalar of dtype {name}"),
        "not Unicode": _("a string that is not valid Unicode"),
        "too many values": _("too many values outside arrays"),
        "too many digits": _("an integer of too many digits"),
        "too many arrays": _("more than {name} arrays"),
        "too deep": _("data nested more than {name} deep"),
    }
    if (key, one) == ("dtype", "object"):
        kinds["dtype"] = _("an array of Python objects (dtype=object)")
    text = _(
        "returned {what} — a function of this course returns numbers, strings, arrays of them, or "
        "a tuple, list or dict of these"
    )
    # A submission may forge the report: then its key is any text, and no place for {name}.
    return text.format(what=kinds[key].format(name=one) if key in kinds else key)
