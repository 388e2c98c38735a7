"""Checks of the device and of the initial parameters with which training begins."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from lasersampling.errors import Problem
from lasersampling.lif import SpikingNetwork


def substrate_problems(substrate: object) -> list[Problem]:
    """Check that an argument is a device, or None."""
    is_substrate = callable(getattr(substrate, "run", None)) and hasattr(substrate, "description")
    if substrate is None or (is_substrate and not isinstance(substrate, type)):
        return []
    expected = "a device, an object with `description` and `run` (see `Substrate`)"
    return [Problem("substrate", type(substrate).__name__, expected)]


def initial_problems(initial: object, network: SpikingNetwork) -> list[Problem]:
    """Check that these are parameters of a network of the same settings."""
    expected = "the state_dict() of a network of the same settings"
    if not isinstance(initial, Mapping):
        return [Problem("initial", type(initial).__name__, expected)]
    own = network.state_dict()
    if set(initial) != set(own):
        got = ", ".join(sorted(map(str, initial))) or "no parameters"
        return [Problem("initial", got, f"{expected}: {', '.join(sorted(own))}")]
    return [
        Problem(
            f"initial[{name!r}]",
            f"shape {tuple(given.shape)}" if isinstance(given, Tensor) else type(given).__name__,
            f"a tensor of finite numbers of shape {tuple(own[name].shape)}",
        )
        for name, given in initial.items()
        if not (
            isinstance(given, Tensor)
            and given.shape == own[name].shape
            and bool(given.isfinite().all())
        )
    ]
