"""Sampled and target probabilities of the joint states."""

from __future__ import annotations

import os
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from lasersampling.errors import InputError
from lasersampling.plots import distribution, style
from lasersampling.results.reading import read_results


def plot(path: str | os.PathLike[str], order: Literal["state", "target"] = "target") -> Figure:
    """Plot both distributions as bars, and again on a logarithmic axis.

    Parameters
    ----------
    path : path-like
        Results file with ``/distribution``: `target`, `sampled` and `sampled_se` (state), where
        entry `sum_k z_k 2**k` belongs to the joint state `z`; metrics `kl_sample_target`
        and `kl_floor` for the title.
    order : {"state", "target"}
        Order of the states: by number, or by decreasing target probability. Of more than 64 states,
        the 64 most probable are shown.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no distribution.
    """
    if order not in ("state", "target"):
        raise InputError.single("order", repr(order), "'state' or 'target'")
    results = read_results(path, groups=("distribution",))
    target, sampled, error = (
        results.array(f"distribution/{name}") for name in ("target", "sampled", "sampled_se")
    )
    metrics = results.metrics
    divergence, floor = (
        metrics[name].value if name in metrics else None
        for name in ("kl_sample_target", "kl_floor")
    )
    law = distribution.Law(sampled, error, target, divergence=divergence, floor=floor)
    shown = law.most_probable()
    if order == "state":
        shown = np.sort(shown)
    words = style.state_words(
        results.attributes.get("distribution", {}), "state $z$ (first unit on the left)"
    )
    many = "state, by decreasing target probability" if order == "target" else "state"
    with style.style():
        figure = style.new_figure(7.2)
        linear, logarithmic = figure.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
        distribution.draw_bars(linear, law, shown)
        distribution.draw_logarithmic(logarithmic, law, shown)
        distribution.label_states(logarithmic, shown, target.size, words, many)
    return figure
