"""Every sentence that a person reads, in the reader's language.

A message is whole, with named placeholders, and is looked up where it is shown::

    from lnnn.messages import _, ngettext

    _("{function}: not written yet").format(function=name)
    ngettext("{n} rule", "{n} rules", n).format(n=n)

What stands in data (rules, hints, quizzes) is looked up under its English text, too; what is made
at import is marked by ``N_`` and looked up where it is shown.

The language is the one that a notebook has chosen by ``use``, in the set-up cell that the build
gives it where its source has another ``lang`` than English; else that of the environment:
LNNN_LANGUAGE, or what gettext itself reads (LANGUAGE, LC_ALL, LC_MESSAGES, LANG). Without a
catalogue it is English.
``babel.cfg`` says where messages stand; catalogues are ``locales/<language>/LC_MESSAGES/lnnn.mo``.
"""

import functools
import gettext
import os
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "lnnn"

_chosen: gettext.NullTranslations | None = None


def use(language: str | None) -> None:
    """Speak ``language`` ("es", "pt_BR") from now on; None: that of the environment again.

    Raises LookupError when there is no catalogue for it; English always is.
    """
    global _chosen
    if language is None:
        _chosen = None
    elif language.partition("_")[0] == "en":
        _chosen = gettext.NullTranslations()
    else:
        try:
            _chosen = gettext.translation(DOMAIN, LOCALES, [language])
        except FileNotFoundError:
            there = ["en", *sorted(p.parents[1].name for p in LOCALES.glob("*/*/*.mo"))]
            raise LookupError(
                f"{language!r}: the course does not speak this language yet; it speaks "
                f"{', '.join(there)}."
            ) from None


def install(translations: gettext.NullTranslations) -> None:
    """Speak through ``translations`` from now on, whatever they say."""
    global _chosen
    _chosen = translations


def _(message: str) -> str:
    """The message in the reader's language."""
    return _translations().gettext(message)


def N_(message: str) -> str:
    """The message as it is: a mark for ``pybabel extract``; ``_`` looks it up where it is shown."""
    return message


def ngettext(one: str, many: str, n: int) -> str:
    """The message for ``n`` things in the reader's language."""
    return _translations().ngettext(one, many, n)


def language() -> str:
    """The language spoken now, as HTML names it: "en", "pt-BR"."""
    return (_translations().info().get("language") or "en").replace("_", "-")


def _translations() -> gettext.NullTranslations:
    return _chosen or _of_the_environment(os.environ.get("LNNN_LANGUAGE"))


@functools.cache
def _of_the_environment(language: str | None) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALES, [language] if language else None, fallback=True)
