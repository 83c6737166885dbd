"""What a lab ships: the id, role and hash of every cell, for the grader to compare with."""

import hashlib

from lnnn.build.notebook import role_of


def release_record(notebook) -> dict:
    """The record of a student notebook: ``{"lab", "cells": [{"id", "role", "sha256"}]}``."""
    return {
        "lab": notebook.metadata["lnnn"]["name"],
        "cells": [
            {"id": cell.id, "role": role_of(cell), "sha256": cell_hash(cell.source)}
            for cell in notebook.cells
        ],
    }


def cell_hash(text: str) -> str:
    """SHA-256 of a cell's text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
