"""Terminals that cannot show every character: decided before a command begins, not at its end.

Otherwise a results table with a "±" would end in an error on a terminal of ASCII or of Windows,
after all the computation. What such a terminal cannot show is replaced by what it can.
"""

from __future__ import annotations

import codecs
import sys
from typing import TextIO

__all__ = ["prepare_streams", "printable"]

_HANDLER = "lasersampling.cli"

_SUBSTITUTES = {
    "±": "+/-",
    "\N{MULTIPLICATION SIGN}": "x",
    "·": "*",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "…": "...",
    "→": "->",
    "‖": "||",
    "τ": "tau",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "\N{MICRO SIGN}": "u",
    "\N{GREEK SMALL LETTER MU}": "u",
    "²": "^2",
    "³": "^3",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "•": "*",
    "\N{NO-BREAK SPACE}": " ",
    **dict.fromkeys("─━═╶╴╸╺╌╍┄┅", "-"),
    **dict.fromkeys("│┃║╎┆", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛┡┩╇", "+"),
}
"""Replacements of missing characters; any other is shown by its code, as in Python."""


def prepare_streams() -> None:
    """Make standard output and standard error accept every text.

    A stream that another program has put in place and that lacks this setting stays as it is.
    """
    codecs.register_error(_HANDLER, _substituted)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        # In the locale C, Python's UTF-8 writes names of files back byte for byte.
        takes_all = (stream.encoding, stream.errors) == ("utf-8", "surrogateescape")
        if reconfigure is not None and not takes_all:
            reconfigure(errors=_HANDLER)


def printable(text: str, stream: TextIO) -> str:
    """Write a text with the characters of a stream, for callers that need its length."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    codecs.register_error(_HANDLER, _substituted)
    return text.encode(encoding, _HANDLER).decode(encoding)


def _substituted(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    # A byte of a file name that is no text in the user's encoding is a surrogate.
    return "".join(_SUBSTITUTES.get(c, ascii(c)[1:-1]) for c in missing), error.end
