"""The help of each command: what it does, and examples."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

EXAMPLES: dict[str, tuple[str, ...]] = {
    "simulate": ("lasersampling simulate D6 --pump 0.8:0.95:4 --out spikes.h5",),
    "calibrate": ("lasersampling calibrate D6 --out calibration.h5",),
    "sample": (
        "lasersampling sample random_five --duration-ns 5000 --out five.h5",
        "lasersampling sample random_five --sampler gibbs --clamp 0=1,3=0 --all",
        "lasersampling sample --resume five.h5",
    ),
    "fit": (
        "lasersampling fit distribution --out fit.h5",
        "lasersampling fit weather.csv --hidden 8 --imperfections laboratory",
    ),
    "infer": ("lasersampling infer explaining_away --clamp alarm=1 --soft burglary=0.3",),
    "generate": (
        "lasersampling generate digits --out digits.h5",
        "lasersampling generate --from digits --label 3 --out threes.h5",
        "lasersampling generate --from digits --complete mine.png --occlude lower",
    ),
    "classify": ("lasersampling classify yin_yang_small --members 4 --out yin_yang.h5",),
    "compare": ("lasersampling compare yin_yang_methods --only main --out methods.h5",),
    "sweep": (
        "lasersampling sweep sample random_five --over chains=2,4 --seeds 5 --out s.h5",
        "lasersampling sweep fit distribution --over hidden=1:4:4 --out hidden.h5",
        "lasersampling sweep calibrate D6 --seeds 9 --scheduler tcp://h:8786 --out s.h5",
        "lasersampling sweep yin_yang_small --over network.hidden=[5],[20] --out s.h5",
    ),
    "report": ("lasersampling report fit.h5 other.h5 --out comparison.html",),
    "plot": ("lasersampling plot fit.h5 distribution --out fit.pdf",),
    "export": ("lasersampling export five.h5 --to csv --group spikes",),
    "convert": ("lasersampling convert yin_yang network.nir --tau-syn-s 1e-5 --member 2",),
    "info": ("lasersampling info fit.h5 --all",),
    "serve lasers": ("lasersampling serve lasers --units 6 --imperfections laboratory",),
    "serve chip": ("lasersampling serve chip brainscales2 --sizes 5,30,3",),
    "serve populations": ("lasersampling serve populations brainscales2 --sizes 20,30,3",),
}
"""Examples of each command; files that they read are the user's, all other names are shipped."""


def help_of(command: Callable[..., Any]) -> str:
    """Take what a command does from its docstring, with paragraphs that fit into any width."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def epilog_of(command: str) -> str:
    """Write the examples of a command as the end of its help."""
    known = EXAMPLES[command]
    return "\n\n".join([f"Example{'s' * (len(known) > 1)}:", *known])
