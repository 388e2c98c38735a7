"""Terminals that cannot show every character: decided before a command begins, not at its end.

A results table with a "±" would otherwise end in an error on a terminal of ASCII or of Windows,
after all the computation. What such a terminal lacks is written with what it has.
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
"""What is written where a character is not there; of any other its code, as Python writes it."""


def prepare_streams() -> None:
    """Make standard output and standard error take every text.

    A stream that another program has put in place and that knows no such setting stays as it is.
    """
    codecs.register_error(_HANDLER, _substituted)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        # The locale C gives UTF-8 that writes names of files back byte for byte.
        takes_all = (stream.encoding, stream.errors) == ("utf-8", "surrogateescape")
        if reconfigure is not None and not takes_all:
            reconfigure(errors=_HANDLER)


def printable(text: str, stream: TextIO) -> str:
    """Write a text with what a stream can show, for whoever must know how long it will be."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    codecs.register_error(_HANDLER, _substituted)
    return text.encode(encoding, _HANDLER).decode(encoding)


def _substituted(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    # A byte of a file name that is no text in the user's encoding has a surrogate for a name.
    return "".join(_SUBSTITUTES.get(c, ascii(c)[1:-1]) for c in missing), error.end
