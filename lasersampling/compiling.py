"""numba's `njit`, for machines where the compiled code cannot be kept, too.

numba keeps compiled code beside the module, else in the user's cache, else gives up with an error
at import. Where neither can be written, functions are compiled in each process anew.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numba

from lasersampling.errors import LaserSamplingWarning

__all__ = ["njit"]


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function to be compiled, as ``numba.njit(**options)`` does.

    With ``cache=True`` and no folder that numba can write, the code is not kept: what that costs,
    and the remedy, is said once per process by a `LaserSamplingWarning`.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(**options)(function)
        except RuntimeError as error:
            # Its class says nothing more; numba has no question for "is there a folder".
            if not options.get("cache") or "no locator available" not in str(error):
                raise
        _say_that_nothing_is_kept()
        return numba.njit(**{**options, "cache": False})(function)

    return compiled


@functools.cache
def _say_that_nothing_is_kept() -> None:
    warnings.warn(
        "compiled code cannot be kept, since neither the folder of the installation nor the user's "
        "cache can be written; each run compiles anew, which takes up to some minutes; set "
        "NUMBA_CACHE_DIR to a folder that can be written",
        LaserSamplingWarning,
        stacklevel=4,
    )
