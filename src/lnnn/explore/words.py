"""Counts and lists in words."""


def counted(count, one, many=None) -> str:
    """``1 token``, ``2 tokens``; ``many`` where it does not end in s: ``2 classes``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def joined(words) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def of_classes(count, classes) -> str:
    """``every class`` or ``1 of 4 classes``."""
    return "every class" if count == classes else f"{count} of {classes} classes"
