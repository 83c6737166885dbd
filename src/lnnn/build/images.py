"""PNG files that hold the picture and nothing else."""

import base64

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What describes the file and not the picture: program name and version, dates, comments.
_NOT_PICTURE = {b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"}


def without_notes(png: str) -> str:
    """A base64 PNG without its text and time chunks, on one line. Other data comes back as is."""
    data = base64.b64decode(png)
    if not data.startswith(_SIGNATURE):
        return png
    kept, position = [_SIGNATURE], len(_SIGNATURE)
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        end = position + 12 + length
        if data[position + 4 : position + 8] not in _NOT_PICTURE:
            kept.append(data[position:end])
        position = end
    return base64.b64encode(b"".join(kept)).decode("ascii")
