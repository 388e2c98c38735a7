"""Hints to LLVM for which numba has no option, for the best vector instructions of a loop.

Width: on processors with AVX-512, LLVM uses only half of it by default, since mixed programs run
faster this way. A loop over lanes that is pure arithmetic runs 1.6 times as fast on full registers.
LLVM reads the preferred width from an attribute of the function.

Separate arrays: LLVM compares the bounds of arrays before it reorders reads and writes, and cannot
do so for an array that is read at places which depend on data. So it is told that they are
separate.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

__all__ = ["arrays_are_apart", "be_merged", "use_wide_vectors"]

_ATTRIBUTE = '"prefer-vector-width"="512"'


def _wish(typing_context: Any) -> Any:
    """Ask for 512-bit vectors in the compiled function that calls this; does nothing at run time.

    A function that is inlined gets the width of the function into which it is inlined, so callers
    ask too.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite's own add() does not accept attributes with values.
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


def _merge(typing_context: Any) -> Any:
    """Copy the compiled function that calls this into its callers; does nothing at run time.

    A call hands over each array as seven words, some hundred for all lanes.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.function.attributes.add("alwaysinline")
        return context.get_dummy_value()

    return types.none(), code


be_merged: Any = intrinsic(_merge)

use_wide_vectors: Any = intrinsic(_wish)

arrays_are_apart: Any = intrinsic(_promise)
