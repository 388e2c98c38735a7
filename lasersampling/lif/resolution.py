"""Times that are so late that numbers of double precision no longer tell them apart."""

from __future__ import annotations

import torch
from torch import Tensor

from lasersampling.config.ranges import LARGEST_TIME
from lasersampling.errors import Problem


def resolution_problems(where: str, times: Tensor) -> list[Problem]:
    """Check that finite times, or delays, are small enough to be told apart.

    Parameters
    ----------
    where : str
        Name of the times, for the message.
    times : Tensor
        Of any shape; inf stands for an absent spike [tau_syn].
    """
    size = times.detach().abs()
    late = (size > LARGEST_TIME) & (size < torch.inf)
    if not bool(late.any()):
        return []
    reason = (
        "where double precision tells times that are 1e-10 apart; times are in units of tau_syn"
    )
    expected = f"at most {LARGEST_TIME:g}, {reason}"
    return [Problem(where, f"{float(size[late].max()):g}", expected)]
