"""How the divergence from the target falls with sampling time."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.results.figures import style
from lasersampling.results.reading import read_results


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot D_KL(sampled‖target) against sampling time on logarithmic axes.

    Parameters
    ----------
    path : path-like
        Results file with ``/divergence``: `time_ns` (time_ns) or, for samplers without a time,
        `draws` (draws); `kl_sample_target` and `ideal`, the expected divergence
        (n_states - 1) / (2 N_eff) of an ideal sampler, along the same dimension.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no divergences.
    """
    results = read_results(path, groups=("divergence",))
    timed = "time_ns" in results.group("divergence")
    extent = results.array("divergence/time_ns" if timed else "divergence/draws")
    divergence = results.array("divergence/kl_sample_target")
    ideal = results.array("divergence/ideal")
    unit = "ns" if timed else "draws"
    with style.style():
        figure = style.new_figure(5.6)
        axes = figure.subplots()
        axes.loglog(
            extent, ideal, color=style.GREY, linestyle=(0, (5, 3)),
            label=r"ideal sampler, $(n_\mathrm{states}-1)\,/\,2N_\mathrm{eff}$",
        )  # fmt: skip
        seen = np.isfinite(divergence) & (divergence > 0)
        axes.loglog(
            extent[seen], divergence[seen], "o-", color=style.VERMILLION, markersize=6,
            label="sampled",
        )  # fmt: skip
        axes.set_xlabel("sampling time, all chains (ns)" if timed else "draws, all chains")
        axes.set_ylabel(r"$D_\mathrm{KL}$(sampled‖target)")
        axes.legend(loc="lower left")
        style.quiet(axes, grid="both")
        axes.set_title(
            rf"$D_\mathrm{{KL}}$ = {divergence[-1]:.2g} after {extent[-1]:,.0f} {unit} "
            f"· ideal sampler {ideal[-1]:.2g}".replace(",", " ")
        )
    return figure
