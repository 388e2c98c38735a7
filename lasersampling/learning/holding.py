"""A step of an optimiser in which some members of an ensemble stay unchanged."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Optimizer


def step(optimiser: Optimizer, held: Tensor | None = None) -> None:
    """Let an optimiser make a step, but hold some members.

    Parameters and the optimiser's memory of them (momenta, mean squares) keep their values for
    held members, if their first axis is that of the members. Counters that an optimiser keeps for
    a whole parameter advance for all, which matters for Adam's correction of its first steps only.

    Parameters
    ----------
    optimiser : Optimizer
        Any optimiser of torch.
    held : Tensor of bool, shape (member,), optional
        Members that stay unchanged; none by default.
    """
    if held is None or not bool(held.any()):
        optimiser.step()
        return
    if bool(held.all()):
        # Without gradients nothing moves, but schedulers notice that a step was made.
        optimiser.zero_grad(set_to_none=True)
        optimiser.step()
        return
    kept: list[tuple[Tensor, Tensor]] = []
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    with torch.no_grad():
        for parameter in parameters:
            memory = optimiser.state.get(parameter, {})
            for values in (parameter, *memory.values()):
                if isinstance(values, Tensor) and values.ndim and len(values) == len(held):
                    kept.append((values, values[held].clone()))
        fresh = {id(p) for p in parameters if not optimiser.state.get(p)}
        optimiser.step()
        for values, before in kept:
            values[held] = before
        # Moments that this very step created are reset, as if it had not been made.
        for parameter in parameters:
            if id(parameter) in fresh:
                for values in optimiser.state.get(parameter, {}).values():
                    if isinstance(values, Tensor) and values.shape == parameter.shape:
                        values[held] = 0.0
