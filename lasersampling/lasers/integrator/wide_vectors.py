"""Hints for which Numba has no option, so that LLVM makes the best vector instructions of a loop.

Width: for processors with AVX-512 LLVM keeps to half of it by default, since programs of mixed
kind run faster so. A loop over lanes that is arithmetic throughout runs 1.6 times as fast on whole
registers. LLVM reads the wish from an attribute of the function.

Arrays apart: LLVM compares the bounds of arrays before it reorders what is read and written, and
cannot do so for one that is read in places which depend on data. So it is told.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

__all__ = ["arrays_are_apart", "use_wide_vectors"]

_ATTRIBUTE = '"prefer-vector-width"="512"'


def _wish(typing_context: Any) -> Any:
    """Ask for 512-bit vectors in the compiled function that calls this; does nothing at run time.

    A function that is inlined takes the wish of the one that it ends up in, so callers ask too.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite's own add() knows no attributes with values.
        set.add(builder.function.attributes, _ATTRIBUTE)
        return context.get_dummy_value()

    return types.none(), code


def _promise(typing_context: Any) -> Any:
    """Promise that arrays among the arguments, if written to, share no memory with another."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        for argument in builder.function.args:
            if argument.type.is_pointer:
                argument.add_attribute("noalias")
        return context.get_dummy_value()

    return types.none(), code


use_wide_vectors: Any = intrinsic(_wish)

arrays_are_apart: Any = intrinsic(_promise)
