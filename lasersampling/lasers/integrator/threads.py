"""Waiting for other threads within compiled code, which takes less than a microsecond."""

from __future__ import annotations

import os
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lasersampling.compiling import njit

__all__ = ["wait_for_all"]

_TRIES_BEFORE_YIELDING = 2_000


def _increment(typing_context: Any, array: Any) -> Any:
    """Add one to the first entry of an int64 array, in one piece with respect to other threads."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        builder.atomic_rmw("add", data, ir.Constant(ir.IntType(64), 1), "seq_cst")
        return context.get_dummy_value()

    return types.none(array), code


def _read(typing_context: Any, array: Any) -> Any:
    """The first entry of an int64 array, as other threads have left it."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.load_atomic(data, "seq_cst", 8)

    return types.int64(array), code


def _let_others_run(typing_context: Any) -> Any:
    """Offer the core to another thread that waits for one; without effect on Windows."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if os.name == "posix":
            kind = ir.FunctionType(ir.IntType(32), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.none(), code


_add_one: Any = intrinsic(_increment)
_value: Any = intrinsic(_read)
_yield: Any = intrinsic(_let_others_run)


@njit(nogil=True, cache=True, _nrt=False)
def wait_for_all(arrived, until):
    """Count this thread as arrived, and return when `arrived[0]` has reached `until`."""
    _add_one(arrived)
    tries = 0
    while _value(arrived) < until:
        tries += 1
        if tries > _TRIES_BEFORE_YIELDING:
            _yield()
