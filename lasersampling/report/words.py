"""Words for the page: figures told to those who do not see them, text that cannot disturb."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

_COMMANDS = {
    r"\parallel": "‖", r"\tau": "τ", r"\mu": "µ", r"\times": "\u00d7", r"\pm": "±",
    r"\Delta": "Δ", r"\alpha": "\u03b1", r"\sigma": "\u03c3", r"\lambda": "λ", r"\log": "log",
    r"\cdot": "·", r"\,": " ",
}  # fmt: skip
"""Commands of mathematical text in Matplotlib, and what one says for them."""

_FONT = re.compile(r"\\(?:math(?:rm|it|bf|cal|sf|tt|regular)|text)\s*")
_FORMULA = re.compile(r"(?<!\\)\$(.*?)(?<!\\)\$")
_UNSEEN = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
"""Categories of Unicode: control, format, surrogate and no characters, separators of lines."""
_MOST_NAMES = 8
_DIGIT_WIDE = "\u2007"
"""A space as wide as a digit."""


def visible(text: object) -> str:
    r"""Show control characters and marks of direction, which nobody sees, by their codes.

    Examples
    --------
    >>> visible("one\u202etwo\x00"), visible("é = 3 µm")
    ('one\\u202etwo\\x00', 'é = 3 µm')
    """
    return "".join(ascii(sign)[1:-1] if _is_unseen(sign) else sign for sign in str(text))


def _is_unseen(sign: str) -> bool:
    return sign not in "\n\t" and unicodedata.category(sign) in _UNSEEN


def spoken(text: str) -> str:
    r"""Turn the mathematical text of a label into plain text.

    Examples
    --------
    >>> spoken(r"$D_\mathrm{KL}$(sampled‖target)"), spoken(r"time ($\tau_\mathrm{syn}$)")
    ('D_KL(sampled‖target)', 'time (τ_syn)')
    >>> spoken(r"costs \$5")
    'costs $5'
    """
    plain = _FORMULA.sub(lambda found: _formula(found[1]), text).replace(r"\$", "$")
    return " ".join(plain.split())


def told(figure: Figure) -> str:
    """Say what a figure shows: headline, and for each panel its title, axes and curves.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any figure.
    """
    panels = [
        words
        for axes in figure.axes
        if not hasattr(axes, "_colorbar") and (words := _panel(axes))
    ]  # fmt: skip
    headline = spoken(figure.get_suptitle())
    parts = [f"{headline}."] if headline else []
    if len(panels) == 1:
        parts.append(f"{panels[0]}.")
    else:
        parts += [f"Panel {number}: {words}." for number, words in enumerate(panels, start=1)]
    legends = [_names(legend.get_texts()) for legend in figure.legends]
    parts += [f"Shown are {names}." for names in legends if names]
    return visible(" ".join(parts))


def aligned(texts: Iterable[str]) -> list[str]:
    """Pad numbers on the left, so that their decimal points stand below one another.

    Examples
    --------
    >>> aligned(["12.5 ± 0.3", "3", "unknown"])
    ['12.5 ± 0.3', '\u20073', 'unknown']
    """
    held = list(texts)
    whole = [_whole_part(text) for text in held]
    widest = max(whole, default=0)
    return [
        _DIGIT_WIDE * (widest - width) + text if width else text
        for text, width in zip(held, whole, strict=True)
    ]


def _whole_part(text: str) -> int:
    """Count the characters before the decimal point of a number; 0 for words."""
    sign = text[:1] in ("-", "(")
    digits = text[sign:]
    width = len(digits) - len(digits.lstrip("0123456789"))
    return width + sign if width else 0


def _panel(axes: Axes) -> str:
    title = " ".join(spoken(axes.get_title(loc)) for loc in ("left", "center", "right")).strip()
    parts = [title] if title else []
    across, up = spoken(axes.get_xlabel()), spoken(axes.get_ylabel())
    if across and up:
        parts.append(f"{up} against {across}")
    elif across or up:
        parts.append(across or up)
    legend = axes.get_legend()
    names = _names(legend.get_texts()) if legend else ""
    if names:
        parts.append(f"shown are {names}")
    return "; ".join(parts)


def _names(texts: Iterable[Text]) -> str:
    names = [spoken(text.get_text()) for text in texts]
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _formula(text: str) -> str:
    text = _FONT.sub("", text)
    for command, word in _COMMANDS.items():
        text = text.replace(command, word)
    return re.sub(r"[{}\\]", "", text)
